# RUN: %python %s
"""Filter gradients in float32, in register blocks, compared with sums in float64: the loss sum(conv(x, w) * m) has the
gradient sum over pixels of x at the tap * m. gradient.py differentiates in float64, which takes plain loops."""

import dataclasses
import itertools

import numpy as np
import onnx
from onnx import helper

import convolutions
import harness

_random = np.random.default_rng(5)


@dataclasses.dataclass
class Case(convolutions.Convolution):
    group: int = 1

    @property
    def small(self):
        """The extents on the side of fewer pixels: what a plain convolution gives."""
        if self.transposed:
            return self.size
        return tuple((n + self.pads[i] + self.pads[i + len(self.size)] - (w - 1) * d - 1) // s + 1
                     for i, (n, w, s, d) in enumerate(zip(self.size, self.window, self.strides, self.dilations)))

    @property
    def large(self):
        if not self.transposed:
            return self.size
        return tuple((n - 1) * s + (w - 1) * d + 1 - self.pads[i] - self.pads[i + len(self.size)]
                     for i, (n, w, s, d) in enumerate(zip(self.size, self.window, self.strides, self.dilations)))

    @property
    def result(self):
        return self.large if self.transposed else self.small

    @property
    def weights(self):
        outer, inner = (self.channels, self.filters) if self.transposed else (self.filters, self.channels)
        return (outer, inner // self.group, *self.window)


def reference(case, x, m):
    """In float64: [few, many / group, window...], where the side of fewer pixels has `few` channels."""
    few, many = (x, m) if case.transposed else (m, x)
    axes, groups = len(case.size), case.group
    reach = [(w - 1) * d + (n - 1) * s + 1 for w, d, n, s in zip(case.window, case.dilations, case.small, case.strides)]
    wide = [(case.pads[i], max(case.pads[i + axes], reach[i] - case.pads[i] - n)) for i, n in enumerate(case.large)]
    many = np.pad(many.astype(np.float64), [(0, 0), (0, 0), *wide])
    few = few.astype(np.float64)
    result = np.zeros((few.shape[1], many.shape[1] // groups, *case.window))
    f, c = few.shape[1] // groups, many.shape[1] // groups
    for tap in itertools.product(*map(range, case.window)):
        places = [slice(t * d, t * d + (n - 1) * s + 1, s)
                  for t, d, s, n in zip(tap, case.dilations, case.strides, case.small)]
        seen = many[(slice(None), slice(None), *places)]
        for g in range(groups):
            pixels = [0, *range(2, axes + 2)]
            result[(slice(g * f, (g + 1) * f), slice(None), *tap)] = np.tensordot(
                few[:, g * f:(g + 1) * f], seen[:, g * c:(g + 1) * c], axes=(pixels, pixels))
    return result


def build(cases):
    """One model whose first output is the sum of all results times inputs m<i>."""
    inputs, nodes, terms, outputs, feed = [], [], [], [], {}

    def add_input(name, shape, symbolic):
        feed[name] = _random.normal(0, 1, shape).astype(np.float32)
        named = [f"{name[1:]}.{axis}" if axis in symbolic else extent for axis, extent in enumerate(shape)]
        inputs.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, named))

    for number, case in enumerate(cases):
        x, w, m, y = (f"{letter}{number}" for letter in "xwmy")
        add_input(x, (case.batch, case.channels, *case.size), case.free)
        add_input(w, case.weights, ())
        # Extents that follow from symbolic ones are not written as symbols of their own.
        add_input(m, (case.batch, case.filters, *case.result), [axis for axis in case.free if axis == 0])
        if any(case.free):
            inputs[-1].type.tensor_type.shape.dim[max(case.free)].Clear()
        nodes.append(helper.make_node("ConvTranspose" if case.transposed else "Conv", [x, w], [y], name=y, strides=case.strides,
                                      dilations=case.dilations, pads=case.pads, group=case.group))
        nodes.append(helper.make_node("Mul", [y, m], [y + "m"]))
        nodes.append(helper.make_node("ReduceSum", [y + "m"], [y + "s"], keepdims=0))
        terms.append(y + "s")
    nodes.append(helper.make_node("Sum", terms, ["loss"]))
    outputs = [helper.make_tensor_value_info("loss", onnx.TensorProto.FLOAT, [])]
    graph = helper.make_graph(nodes, "filter_gradients", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), feed


def run(library, feed):
    import ingot
    return ingot.load(library.path).run(feed)


cases = [
    Case(2, 16, (9, 11), 32, (3, 3), pads=(1, 1, 1, 1)),
    Case(3, 17, (8, 7), 33, (3, 3), pads=(1, 1, 1, 1), strides=(2, 2), free=(0,)),
    Case(2, 40, (6, 5), 48, (3, 2), pads=(0, 1, 2, 0), strides=(2, 3)),
    Case(1, 13, (70, 90), 64, (3, 3), pads=(1, 1, 1, 1)),  # several chunks of one image
    Case(40, 9, (6, 6), 20, (3, 3)),  # several images in a chunk
    Case(2, 24, (13, 13), 16, (3, 3), pads=(2, 2, 2, 2), dilations=(2, 3)),
    Case(5, 3, (17, 19), 18, (7, 7), pads=(3, 3, 3, 3), strides=(2, 2)),  # taps are rows
    Case(4, 1, (28, 28), 32, (3, 3), free=(0,)),
    Case(2, 2, (5, 4), 7, (5, 6), pads=(2, 3, 2, 3)),  # no pixel that all taps reach
    Case(2, 12, (8, 8), 24, (3, 3), group=3, pads=(1, 1, 1, 1)),
    Case(2, 24, (7, 9), 24, (3, 3), group=24, pads=(1, 1, 1, 1)),  # depthwise
    Case(3, 35, (9, 9), 35, (5, 5), group=35, pads=(2, 2, 2, 2), strides=(2, 2), free=(0,)),
    Case(2, 6, (6, 6), 18, (3, 3), group=6),
    Case(2, 20, (8, 8), 36, (1, 1)),
    Case(5, 20, (4, 6), 36, (1, 1), free=(0,)),
    Case(2, 20, (9, 8), 16, (1, 1), strides=(2, 2)),
    Case(2, 5, (5, 4), 6, (1, 1), pads=(1, 0, 0, 1)),
    Case(4, 6, (301,), 10, (5,), strides=(2,), pads=(2, 2)),
    Case(2, 10, (5, 6, 4), 17, (2, 3, 2), pads=(1, 0, 1, 0, 1, 1)),
    Case(2, 18, (9, 7), 20, (3, 3), pads=(1, 1, 1, 1), free=(0, 2)),
    Case(3, 3, (9, 7), 20, (3, 3), pads=(1, 1, 1, 1), free=(0, 3)),
    Case(2, 16, (4, 5), 24, (3, 3), strides=(2, 2), pads=(1, 1, 1, 1), transposed=True),
    Case(2, 8, (4, 4), 6, (2, 3), strides=(2, 1), group=2, transposed=True, free=(0,)),
]


def main():
    errors = harness.Errors()
    for cpu in ("native", "x86-64-v3"):
        model, feed = build(cases)
        library = harness.compile_model(model, f"filter_gradient_{cpu}", ["--cpu", cpu, "--grad-inputs"])
        results = harness.in_child(lambda: run(library, feed))
        for number, case in enumerate(cases):
            expected = reference(case, feed[f"x{number}"], feed[f"m{number}"])
            error = np.abs(results[f"w{number}.gradient"] - expected).max() / np.abs(expected).max()
            errors.add(f"{case} for {cpu}", error, 1e-5)
    errors.finish(f"{len(cases)} filter gradients")


if __name__ == "__main__":
    main()
