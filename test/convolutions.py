"""Convolutions as the cases of a test: what they have in common, and what it defaults to."""

import dataclasses
import itertools

import numpy as np
import onnx
from onnx import helper, numpy_helper

import harness

_random = np.random.default_rng(7)


@dataclasses.dataclass
class Convolution:
    """x [batch, channels, size...] with `filters` filters of `window`; `free` names the axes of x that are symbolic."""

    batch: int
    channels: int
    size: tuple
    filters: int
    window: tuple
    strides: tuple = ()
    dilations: tuple = ()
    pads: tuple = ()  # as ONNX has them: all before, then all behind
    free: tuple = ()
    transposed: bool = False
    groups: int = 1

    def __post_init__(self):
        axes = len(self.size)
        self.strides, self.dilations = self.strides or (1,) * axes, self.dilations or (1,) * axes
        self.pads = self.pads or (0,) * (2 * axes)


@dataclasses.dataclass
class Case(Convolution):
    """x [N, size..., C], channels last in memory, as the layers between others see it."""
    activation: str = "Tanh"

    def __post_init__(self):
        super().__post_init__()
        self.x = _random.normal(0, 1, (self.batch, *self.size, self.channels)).astype(np.float32)
        channels, filters = self.channels // self.groups, self.filters // self.groups
        sides = (self.channels, filters) if self.transposed else (self.filters, channels)
        scale = 1 / np.sqrt(channels * np.prod(self.window))
        self.w = _random.normal(0, scale, (*sides, *self.window)).astype(np.float32)
        self.b = _random.normal(0, 1, self.filters).astype(np.float32)

    def reference(self):
        """In float64, [N, F, size...]."""
        x, w = np.moveaxis(self.x, -1, 1).astype(np.float64), self.w.astype(np.float64)
        parts = zip(np.split(x, self.groups, axis=1), np.split(w, self.groups))
        result = np.concatenate([self.group(*part) for part in parts], axis=1)
        result += self.b.reshape(-1, *(1,) * len(self.size))
        return np.tanh(result) if self.activation == "Tanh" else np.maximum(result, 0)

    def group(self, x, w):
        """The sums of one group's channels and filters."""
        axes, filters = len(self.size), self.filters // self.groups
        low, high = self.pads[:axes], self.pads[axes:]
        reach = [(k - 1) * d for k, d in zip(self.window, self.dilations)]
        if self.transposed:
            whole = [(n - 1) * s + r + 1 for n, s, r in zip(self.size, self.strides, reach)]
            result = np.zeros((self.batch, filters, *whole))
        else:
            x = np.pad(x, [(0, 0), (0, 0), *zip(low, high)])
            whole = [(n - r - 1) // s + 1 for n, s, r in zip(x.shape[2:], self.strides, reach)]
            result = np.zeros((self.batch, filters, *whole))
        count = self.size if self.transposed else whole
        for tap in itertools.product(*map(range, self.window)):
            places = (slice(None), slice(None), *(slice(t * d, t * d + (n - 1) * s + 1, s)
                                                 for t, d, s, n in zip(tap, self.dilations, self.strides, count)))
            if self.transposed:
                result[places] += np.einsum("nc...,cf->nf...", x, w[(slice(None), slice(None), *tap)])
            else:
                result += np.einsum("nc...,fc->nf...", x[places], w[(slice(None), slice(None), *tap)])
        if self.transposed:
            result = result[(slice(None), slice(None), *(slice(l, n - h) for l, h, n in zip(low, high, whole)))]
        return result


def build(cases, name):
    """All cases side by side in one model, and its inputs."""
    inputs, nodes, outputs, constants, feed = [], [], [], [], {}
    for number, case in enumerate(cases):
        x, y, axes = f"x{number}", f"y{number}", len(case.size)
        feed[x] = case.x
        shape = [f"{x}.{axis}" if axis in case.free else extent for axis, extent in enumerate(case.x.shape)]
        inputs.append(helper.make_tensor_value_info(x, onnx.TensorProto.FLOAT, shape))
        constants += [numpy_helper.from_array(case.w, f"w{number}"), numpy_helper.from_array(case.b, f"b{number}")]
        nodes.append(helper.make_node("Transpose", [x], [x + "t"], perm=[0, axes + 1, *range(1, axes + 1)]))
        nodes.append(helper.make_node("ConvTranspose" if case.transposed else "Conv", [x + "t", f"w{number}", f"b{number}"],
                                      [y + "c"], name=y, strides=case.strides, dilations=case.dilations, pads=case.pads,
                                      group=case.groups))
        nodes.append(helper.make_node(case.activation, [y + "c"], [y]))
        outputs.append(helper.make_tensor_value_info(y, onnx.TensorProto.FLOAT, None))
    graph = helper.make_graph(nodes, name, inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), feed


def compare(lists, processors=("native", "x86-64-v3")):
    """Compiles each list of cases as one model for each processor, and compares with float64; ends the program."""
    errors = harness.Errors()
    for (name, cases), cpu in itertools.product(lists.items(), processors):
        model, feed = build(cases, name)
        library = harness.compile_model(model, f"{name}_{cpu}", ["--cpu", cpu])
        results = harness.run_library(library, [feed])[0]
        for number, case in enumerate(cases):
            errors.add(f"{case} for {cpu}", np.abs(results[f"y{number}"] - case.reference()).max(), 3e-6)
    errors.finish(f"{sum(map(len, lists.values()))} convolutions")


def channels_last(model, feed):
    """The convolutions' inputs as the layer before would leave them: planes, which a first layer reads, stay float32."""
    inputs = {value.name: value for value in model.graph.input}
    for number, node in reversed(list(enumerate(model.graph.node))):
        if not node.op_type.startswith("Conv"):
            continue
        name = node.input[0]
        shape, rank = inputs[name].type.tensor_type.shape, feed[name].ndim
        dims = [type(dim).FromString(dim.SerializeToString()) for dim in shape.dim]
        for axis, source in enumerate([0, *range(2, rank), 1]):
            shape.dim[axis].CopyFrom(dims[source])
        feed[name] = np.ascontiguousarray(np.moveaxis(feed[name], 1, -1))
        node.input[0] = name + ".planes"
        order = [0, rank - 1, *range(1, rank - 1)]
        model.graph.node.insert(number, helper.make_node("Transpose", [name], [name + ".planes"], perm=order))
