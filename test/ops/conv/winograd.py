# RUN: %python %s
"""Winograd's algorithm for filters that are inputs: results, input gradients and filter gradients of y = conv(x, w), loss =
sum(y * m), against sums in float64, and their rounding errors against those of the direct kernels (--winograd=off)."""

import dataclasses
import itertools
import sys

import numpy as np
import onnx
from onnx import helper

import harness

@dataclasses.dataclass
class Case:
    """x [N, C, H, W] and w [F, C, 3, 3]; pads as ONNX has them. The batch is symbolic where `isOpen`."""
    batch: int
    channels: int
    size: tuple
    filters: int
    pads: tuple = (1, 1, 1, 1)
    isOpen: bool = False

    @property
    def result(self):
        return tuple(n + self.pads[i] + self.pads[i + 2] - 2 for i, n in enumerate(self.size))


def reference(case, x, w, m):
    """y, dx and dw in float64."""
    x, w, m = (a.astype(np.float64) for a in (x, w, m))
    low, high = case.pads[:2], case.pads[2:]
    padded = np.pad(x, [(0, 0), (0, 0), *zip(low, high)])
    y, dx, dw = np.zeros(m.shape), np.zeros(padded.shape), np.zeros(w.shape)
    for i, j in itertools.product(range(3), range(3)):
        window = (slice(None), slice(None), slice(i, i + m.shape[2]), slice(j, j + m.shape[3]))
        y += np.einsum("nchw,fc->nfhw", padded[window], w[:, :, i, j], optimize=True)
        dx[window] += np.einsum("nfhw,fc->nchw", m, w[:, :, i, j], optimize=True)
        dw[:, :, i, j] = np.einsum("nchw,nfhw->fc", padded[window], m, optimize=True)
    return y, dx[:, :, low[0]:low[0] + x.shape[2], low[1]:low[1] + x.shape[3]], dw


def build(cases):
    """One model: the sum of all results times m<i>, and the results."""
    inputs, nodes, outputs, feed = [], [], [], {}
    random = np.random.default_rng(11)
    for number, case in enumerate(cases):
        shapes = {"x": (case.batch, case.channels, *case.size), "w": (case.filters, case.channels, 3, 3),
                  "m": (case.batch, case.filters, *case.result)}
        for letter, shape in shapes.items():
            name = f"{letter}{number}"
            feed[name] = random.normal(0, 1, shape).astype(np.float32)
            if case.isOpen and letter != "w":
                shape = (f"n{number}", *shape[1:])
            inputs.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
        y = f"y{number}"
        nodes.append(helper.make_node("Conv", [f"x{number}", f"w{number}"], [y], name=y, pads=case.pads))
        nodes.append(helper.make_node("Mul", [y, f"m{number}"], [y + "m"]))
        nodes.append(helper.make_node("ReduceSum", [y + "m"], [y + "s"], keepdims=0))
        outputs.append(helper.make_tensor_value_info(y, onnx.TensorProto.FLOAT, None))
    nodes.append(helper.make_node("Sum", [f"y{number}s" for number in range(len(cases))], ["loss"]))
    loss = helper.make_tensor_value_info("loss", onnx.TensorProto.FLOAT, [])
    graph = helper.make_graph(nodes, "winograd", inputs, [loss, *outputs])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), feed


def run(library, feed):
    import ingot
    return ingot.load(library.path).run(feed)


cases = [
    Case(16, 64, (13, 9), 64),  # tiles of many images together, the last ones cut at both edges
    Case(5, 48, (21, 18), 80, pads=(0, 0, 0, 0)),  # panels in threes
    Case(7, 32, (11, 15), 112, pads=(0, 1, 2, 0), isOpen=True),
    Case(3, 160, (23, 17), 32, pads=(2, 2, 2, 2)),  # blocks of channels that are no power of two
    Case(64, 96, (4, 5), 64),  # images of few tiles
]


def errors(case, number, feed, results):
    """The rms errors of y, dx and dw, relative to the results' rms."""
    expected = reference(case, *(feed[f"{letter}{number}"] for letter in "xwm"))
    names = (f"y{number}", f"x{number}.gradient", f"w{number}.gradient")
    return [np.sqrt(np.mean((results[name] - value) ** 2) / np.mean(value ** 2))
            for name, value in zip(names, expected)]


def results_of(which, cpu, winograd):
    model, feed = build(which)
    library = harness.compile_model(model, f"winograd_{winograd}_{cpu}", ["--cpu", cpu, "--grad-inputs", "--winograd", winograd])
    results = harness.in_child(lambda: run(library, feed))
    return [errors(case, number, feed, results) for number, case in enumerate(which)]


def main():
    failures, worst = [], 0.0
    strict = results_of(cases, "native", "off")
    for cpu, which in (("native", cases), ("x86-64-v3", cases[:2])):
        fast = results_of(which, cpu, "auto")
        for case, own, direct in zip(which, fast, strict):
            for name, error, bound in zip(("y", "dx", "dw"), own, direct):
                worst = max(worst, error / bound)
                if error == bound:
                    failures.append(f"{case}, {name} for {cpu}: not computed by Winograd's algorithm")
                elif not error < 4 * bound or not bound < 1e-6:
                    failures.append(f"{case}, {name} for {cpu}: error {error:.2g}, of the direct kernel {bound:.2g}")
    print("\n".join(failures) or f"{len(cases)} convolutions, at worst {worst:.1f} times the direct kernels' error")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
