# RUN: %python %s
"""Convolutions to few channels, plain and transposed, compared with sums in float64: their lanes are the input's channels.
Also convolutions with many filters, of which transposed ones read weights ahead from phase to phase, and all compute lines
in blocks where weights are small."""

import dataclasses
import itertools

import numpy as np
import onnx
from onnx import helper, numpy_helper

import convolutions
import harness

_random = np.random.default_rng(7)


@dataclasses.dataclass
class Case(convolutions.Convolution):
    """x [N, size..., C], channels last in memory, as the layers between others see it."""
    activation: str = "Tanh"

    def __post_init__(self):
        super().__post_init__()
        self.x = _random.normal(0, 1, (self.batch, *self.size, self.channels)).astype(np.float32)
        sides = (self.channels, self.filters) if self.transposed else (self.filters, self.channels)
        scale = 1 / np.sqrt(self.channels * np.prod(self.window))
        self.w = _random.normal(0, scale, (*sides, *self.window)).astype(np.float32)
        self.b = _random.normal(0, 1, self.filters).astype(np.float32)

    def reference(self):
        """In float64, [N, F, size...]."""
        x, w, axes = np.moveaxis(self.x, -1, 1).astype(np.float64), self.w.astype(np.float64), len(self.size)
        low, high = self.pads[:axes], self.pads[axes:]
        reach = [(k - 1) * d for k, d in zip(self.window, self.dilations)]
        if self.transposed:
            whole = [(n - 1) * s + r + 1 for n, s, r in zip(self.size, self.strides, reach)]
            result = np.zeros((self.batch, self.filters, *whole))
        else:
            x = np.pad(x, [(0, 0), (0, 0), *zip(low, high)])
            whole = [(n - r - 1) // s + 1 for n, s, r in zip(x.shape[2:], self.strides, reach)]
            result = np.zeros((self.batch, self.filters, *whole))
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
        result += self.b.reshape(-1, *(1,) * axes)
        return np.tanh(result) if self.activation == "Tanh" else np.maximum(result, 0)


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
                                      [y + "c"], name=y, strides=case.strides, dilations=case.dilations, pads=case.pads))
        nodes.append(helper.make_node(case.activation, [y + "c"], [y]))
        outputs.append(helper.make_tensor_value_info(y, onnx.TensorProto.FLOAT, None))
    graph = helper.make_graph(nodes, name, inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), feed


few = [
    Case(1, 64, (9, 37), 3, (3, 3), pads=(1, 1, 1, 1)),
    Case(2, 17, (8, 11), 1, (3, 3), pads=(1, 1, 1, 1), free=(0,)),  # a channel beside the sixteen
    Case(1, 33, (6, 5), 5, (3, 2), pads=(0, 1, 2, 0), strides=(2, 1), activation="Relu"),  # two groups of filters
    Case(3, 16, (7, 7), 2, (5, 5), pads=(2, 2, 2, 2), dilations=(1, 2)),
    Case(1, 70, (4, 4), 1, (4, 4)),  # one pixel: a dot product
    Case(2, 48, (10, 13), 9, (1, 1), free=(0,)),
    Case(1, 32, (41,), 3, (7,), pads=(3, 3)),
    Case(1, 20, (5, 6, 7), 2, (3, 3, 3), pads=(1, 1, 1, 1, 1, 1)),
    Case(2, 24, (9, 14), 3, (3, 3), pads=(1, 1, 1, 1), free=(0, 1, 2)),
    Case(1, 64, (6, 32), 3, (4, 4), strides=(2, 2), pads=(1, 1, 1, 1), transposed=True),
    Case(2, 19, (5, 9), 2, (3, 3), strides=(2, 2), pads=(1, 1, 1, 1), transposed=True, free=(0,)),
    Case(1, 40, (7, 3), 7, (5, 2), strides=(3, 1), transposed=True, activation="Relu"),
    Case(2, 16, (6, 5), 4, (3, 3), dilations=(2, 1), pads=(1, 0, 0, 1), transposed=True),
    Case(1, 32, (8, 10), 3, (4, 4), strides=(2, 2), pads=(1, 1, 1, 1), transposed=True, free=(1, 2)),
]
many = [
    Case(1, 20, (4, 4), 40, (4, 4), strides=(2, 2), pads=(1, 1, 1, 1), transposed=True, activation="Relu"),
    Case(2, 33, (9, 8), 33, (4, 4), strides=(2, 2), pads=(1, 1, 1, 1), transposed=True, free=(0,), activation="Relu"),
    Case(1, 16, (3, 5), 96, (6, 2), strides=(2, 2), pads=(2, 0, 2, 0), transposed=True, activation="Relu"),
    Case(2, 16, (21, 6), 40, (3, 3), pads=(1, 1, 1, 1), free=(0, 1)),
    Case(2, 20, (11, 9), 70, (3, 3), strides=(1, 2), pads=(1, 0, 0, 1)),
    Case(1, 6, (5, 7, 4), 50, (2, 3, 3), pads=(1, 1, 1, 0, 1, 1), free=(1, 2)),
    Case(2, 18, (14, 5), 37, (3, 3), strides=(2, 2), pads=(1, 1, 0, 0), transposed=True, free=(0, 1)),
    Case(1, 18, (17,), 70, (4,), strides=(2,), pads=(1, 1), transposed=True, activation="Relu"),
]


def main():
    errors = harness.Errors()
    for which, cpu in itertools.product(("few", "many"), ("native", "x86-64-v3")):
        cases = few if which == "few" else many
        model, feed = build(cases, which)
        library = harness.compile_model(model, f"few_filters_{which}_{cpu}", ["--cpu", cpu])
        results = harness.run_library(library, [feed])[0]
        for number, case in enumerate(cases):
            errors.add(f"{case} for {cpu}", np.abs(results[f"y{number}"] - case.reference()).max(), 3e-6)
    errors.finish(f"{len(few) + len(many)} convolutions")


if __name__ == "__main__":
    main()
