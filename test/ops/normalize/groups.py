# RUN: %python %s
"""Normalisation of groups of channels that are last in memory, with swish, compared with sums in float64: groups of fewer
channels than a vector has lanes, of as many, and of odd numbers."""

import itertools

import numpy as np
import onnx
from onnx import helper, numpy_helper

import harness

_random = np.random.default_rng(3)
# Batch, height, width, groups, channels of a group; whether batch and height are open.
cases = [(1, 9, 7, 8, 8, False), (2, 5, 6, 4, 4, False), (3, 4, 4, 9, 2, True), (1, 6, 11, 8, 16, False),
         (2, 7, 5, 2, 24, True), (1, 13, 3, 8, 1, False), (2, 3, 3, 5, 3, False), (1, 1, 1, 16, 4, False),
         (1, 5, 5, 3, 48, False), (2, 8, 8, 32, 8, True), (1, 6, 5, 16, 33, False)]  # fmt: skip


def reference(x, groups, scale, shift):
    x = x.astype(np.float64)
    parts = x.reshape(*x.shape[:3], groups, -1)
    mean = parts.mean((1, 2, 4), keepdims=True)
    variance = ((parts - mean) ** 2).mean((1, 2, 4), keepdims=True)
    y = ((parts - mean) / np.sqrt(variance + 1e-5)).reshape(x.shape) * scale + shift
    return y / (1 + np.exp(-y))


def build():
    """One model with a chain of nodes, as exporters write it, for each case; its inputs, and what it must give."""
    inputs, nodes, outputs, constants, feed, expected = [], [], [], [], {}, {}

    def constant(name, values):
        constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    for number, (batch, height, width, groups, channels, is_open) in enumerate(cases):
        name, count = f"c{number}.", groups * channels
        x = _random.normal(0.5, 2, (batch, height, width, count)).astype(np.float32)
        scale, shift = (_random.normal(0, 1, (count, 1, 1)).astype(np.float32) for _ in range(2))
        shape = (f"n{number}", f"h{number}", width, count) if is_open else x.shape
        inputs.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
        steps = [("Transpose", [], {"perm": [0, 3, 1, 2]}),
                 ("Reshape", [constant(name + "in", [0, groups, -1])], {}),
                 ("InstanceNormalization", [constant(name + "one", np.ones(groups, np.float32)),
                                            constant(name + "zero", np.zeros(groups, np.float32))], {}),
                 ("Reshape", [name + "shape"], {}),
                 ("Mul", [constant(name + "scale", scale)], {}),
                 ("Add", [constant(name + "shift", shift)], {})]  # fmt: skip
        value = name
        for step, (operator, operands, attributes) in enumerate(steps):
            if step == 3:
                nodes.append(helper.make_node("Shape", [name + "0"], [name + "shape"]))
            nodes.append(helper.make_node(operator, [value, *operands], [f"{name}{step}"], **attributes))
            value = f"{name}{step}"
        nodes += [helper.make_node("Sigmoid", [value], [name + "s"]), helper.make_node("Mul", [value, name + "s"], [name + "m"]),
                  helper.make_node("Transpose", [name + "m"], [name + "y"], perm=[0, 2, 3, 1])]  # fmt: skip
        outputs.append(helper.make_tensor_value_info(name + "y", onnx.TensorProto.FLOAT, None))
        feed[name], expected[name + "y"] = x, reference(x, groups, scale.ravel(), shift.ravel())
    graph = helper.make_graph(nodes, "groups", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), feed, expected


def main():
    errors = harness.Errors()
    model, feed, expected = build()
    for cpu in ("native", "x86-64-v3"):
        library = harness.compile_model(model, f"groups_{cpu}", ["--cpu", cpu])
        results = harness.run_library(library, [feed])[0]
        for case, (name, values) in itertools.zip_longest(cases, expected.items()):
            errors.add(f"{case} for {cpu}", np.abs(results[name] - values).max(), 1e-5)
    errors.finish(f"{len(cases)} normalisations")


if __name__ == "__main__":
    main()
