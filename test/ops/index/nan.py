# RUN: %python %s
"""Where NaN ranks: top-k takes it after all numbers, and arg-reductions only where there is nothing else."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

import harness

K = 6
x = np.array([[np.nan, 1, np.nan, 5, 2, -np.inf, np.inf], [np.nan] * 7], np.float32)


def model():
    nodes, outputs = [], []
    for name, largest in (("least", 0), ("greatest", 1)):
        nodes.append(helper.make_node("TopK", ["x", "k"], [name, f"{name}_at"], largest=largest))
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, K]))
        outputs.append(helper.make_tensor_value_info(f"{name}_at", TensorProto.INT64, [2, K]))
    for operator in ("ArgMax", "ArgMin"):
        for axis in (0, 1):
            nodes.append(helper.make_node(operator, ["x"], [f"{operator}{axis}"], axis=axis, keepdims=0))
            outputs.append(helper.make_tensor_value_info(f"{operator}{axis}", TensorProto.INT64, [x.shape[1 - axis]]))
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)]
    graph = helper.make_graph(nodes, "g", inputs, outputs, [numpy_helper.from_array(np.array([K]), "k")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def main():
    expected = {"ArgMax1": [6, 0], "ArgMin1": [5, 0], "ArgMax0": [0] * 7, "ArgMin0": [0] * 7}
    order = {"least": [5, 1, 4, 3, 6, 0], "greatest": [6, 3, 4, 1, 5, 0]}
    for name, first in order.items():
        expected[f"{name}_at"] = [first, list(range(K))]
        expected[name] = np.stack([x[0, first], x[1, :K]])
    [results] = harness.run_library(harness.compile_model(model(), "ops/index/nan"), [{"x": x}])
    for name, value in expected.items():
        if not np.array_equal(results[name], value, equal_nan=True):
            raise harness.Failure(f"{name} is {results[name].tolist()}, expected {np.asarray(value).tolist()}")


harness.run(main)
