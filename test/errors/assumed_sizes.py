"""Open sizes that an operator takes for granted are checked by each run: assumed_sizes.py FOLDER

Each case is a model of one or two operators, sizes that it is right for, whose results are compared with numpy's, and
sizes that it is not right for, with what the error must say. Without the check these runs would read outside of tensors.
"""

import os
import re
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import ingot

random = np.random.default_rng(0)


def constant(*shape):
    return random.standard_normal(shape).astype(np.float32)


def integers(*values):
    return np.array(values, np.int64)


def window_sums(x, size):
    return np.lib.stride_tricks.sliding_window_view(x, size, axis=2).sum(axis=(1, 3))[:, None]


BIAS, MATRIX = constant(5), constant(5, 3)
# name: nodes, inputs, constants, what numpy makes of the inputs, right shapes, [wrong shapes, error]
CASES = {
    "add": (
        [("Add", "a b", "y", {})],
        {"a": ["N", 3], "b": ["M", 3]},
        {},
        lambda a, b: a + b,
        [(4, 3), (4, 3)],
        [([(400, 3), (2, 3)], "the model needs M = N"), ([(2, 3), (400, 3)], "the model needs N = M")],
    ),
    "where": (
        [("Greater", "a b", "g", {}), ("Where", "g a b", "y", {})],
        {"a": ["N"], "b": ["M"]},
        {},
        np.maximum,
        [(7,), (7,)],
        [([(7,), (6,)], "the model needs M = N")],
    ),
    "add_constant": (
        [("Add", "a bias", "y", {})],
        {"a": [2, "N"]},
        {"bias": BIAS},
        lambda a: a + BIAS,
        [(2, 5)],
        [([(2, 3)], 'dimension "N" is 3, expected 5')],
    ),
    "matmul": (
        [("MatMul", "a b", "y", {})],
        {"a": ["B", "N", "K"], "b": ["C", "M", "J"]},
        {},
        np.matmul,
        [(2, 3, 5), (2, 5, 4)],
        [([(2, 3, 500), (2, 5, 4)], "the model needs M = K"), ([(200, 3, 5), (2, 5, 4)], "the model needs C = B")],
    ),
    "gemm": (
        [("Gemm", "a matrix c", "y", {})],
        {"a": ["N", "K"], "c": ["M"]},
        {"matrix": MATRIX},
        lambda a, c: a @ MATRIX + c,
        [(2, 5), (3,)],
        [([(2, 4), (3,)], 'dimension "K" is 4, expected 5'), ([(2, 5), (2,)], 'dimension "M" is 2, expected 3')],
    ),
    "einsum": (
        [("Einsum", "a b", "y", {"equation": "ij,kj->ik"})],
        {"a": ["N", "K"], "b": ["M", "J"]},
        {},
        lambda a, b: a @ b.T,
        [(2, 5), (3, 5)],
        [([(2, 50), (3, 5)], "the model needs J = K")],
    ),
    "concat": (
        [("Concat", "a b", "y", {"axis": 0})],
        {"a": ["N", "K"], "b": ["M", "J"]},
        {},
        lambda a, b: np.concatenate([a, b]),
        [(2, 5), (4, 5)],
        [([(2, 50), (4, 5)], "the model needs J = K")],
    ),
    "convolution": (
        [("Conv", "a filter", "y", {})],
        {"a": ["N", "C", "W"]},
        {"filter": np.ones((1, 3, 5), np.float32)},
        lambda a: window_sums(a, 5),
        [(2, 3, 9)],
        [([(2, 2, 9)], 'dimension "C" is 2, expected 3'), ([(2, 3, 4)], 'dimension "W" is 4, expected at least 5')],
    ),
    "pool": (
        [("AveragePool", "a", "m", {"kernel_shape": [5]}), ("Mul", "m five", "y", {})],
        {"a": ["N", 1, "W"]},
        {"five": np.array(5, np.float32)},
        lambda a: window_sums(a, 5),
        [(2, 1, 9)],
        [([(2, 1, 4)], 'dimension "W" is 4, expected at least 5')],
    ),
    "pool_beyond_the_end": (
        [("MaxPool", "a", "y", {"kernel_shape": [5], "strides": [2], "ceil_mode": 1})],
        {"a": [1, 1, "W"]},
        {},
        lambda a: np.stack([a[..., start : start + 5].max(-1) for start in (0, 2)], -1),
        [(1, 1, 6)],
        [([(1, 1, 1)], 'dimension "W" is 1, expected at least 2')],
    ),
    "normalization": (
        [("BatchNormalization", "a zeros ones zeros ones", "y", {"epsilon": 0.0})],
        {"a": ["N", "C"]},
        {"zeros": np.zeros(5, np.float32), "ones": np.ones(5, np.float32)},
        lambda a: a * 0 + 1,
        [(2, 5)],
        [([(2, 6)], 'dimension "C" is 6, expected 5')],
    ),
    "gather_elements": (
        [("GatherElements", "a indices", "y", {"axis": 0})],
        {"a": ["N", "K"]},
        {"indices": np.zeros((1, 4), np.int64)},
        lambda a: a[:1, :4],
        [(2, 5)],
        [([(2, 3)], 'dimension "K" is 3, expected at least 4')],
    ),
    "gather_nd": (
        [("GatherND", "a indices", "y", {"batch_dims": 1})],
        {"a": ["N", "K"]},
        {"indices": np.ones((3, 1), np.int64)},
        lambda a: a[:, 1],
        [(3, 5)],
        [([(2, 5)], 'dimension "N" is 2, expected 3')],
    ),
    "scatter_elements": (
        [("ScatterElements", "a indices b", "y", {"axis": 0})],
        {"a": ["N", "K"], "b": ["M", "J"]},
        {"indices": np.zeros((1, 5), np.int64)},
        lambda a, b: np.concatenate([b, a[1:]]),
        [(3, 5), (1, 5)],
        [
            ([(3, 5), (1, 4)], 'dimension "J" is 4, expected 5'),
            ([(3, 4), (1, 5)], 'dimension "K" is 4, expected at least 5'),
        ],
    ),
    "scatter_nd": (
        [("ScatterND", "a indices b", "y", {})],
        {"a": ["N", "K"], "b": ["M", "J"]},
        {"indices": np.zeros((1, 1), np.int64)},
        lambda a, b: np.concatenate([b, a[1:]]),
        [(3, 5), (1, 5)],
        [([(3, 5), (1, 4)], "the model needs J = K"), ([(3, 5), (2, 5)], 'dimension "M" is 2, expected 1')],
    ),
    "reshape": (
        [("Reshape", "a shape", "y", {})],
        {"a": ["N", "M"]},
        {"shape": integers(12)},
        lambda a: a.reshape(12),
        [(3, 4)],
        [([(2, 3)], "the model needs N*M = 12"), ([(5, 3)], "the model needs 12 = N*M")],
    ),
    "reshape_rest": (
        [("Reshape", "a shape", "y", {})],
        {"a": ["N", 3]},
        {"shape": integers(-1, 2)},
        lambda a: a.reshape(-1, 2),
        [(4, 3)],
        [([(3, 3)], "the model needs N*3 to be a multiple of 2")],
    ),
    "space_to_depth": (
        [("SpaceToDepth", "a", "y", {"blocksize": 2})],
        {"a": [1, 1, "H", 2]},
        {},
        lambda a: a.reshape(1, -1, 2, 2).transpose(0, 2, 3, 1).reshape(1, 4, -1, 1),
        [(1, 1, 6, 2)],
        [([(1, 1, 5, 2)], "the model needs H to be a multiple of 2")],
    ),
    "squeeze": (
        [("Squeeze", "a axes", "y", {})],
        {"a": ["N", 3]},
        {"axes": integers(0)},
        lambda a: a[0],
        [(1, 3)],
        [([(2, 3)], 'dimension "N" is 2, expected 1')],
    ),
    "split": (
        [("Split", "a sizes", "y rest", {"axis": 0})],
        {"a": ["N"]},
        {"sizes": integers(2, 4)},
        lambda a: a[:2],
        [(6,)],
        [([(5,)], 'dimension "N" is 5, expected 6'), ([(7,)], 'dimension "N" is 7, expected 6')],
    ),
    "expand": (
        [("Expand", "a shape", "y", {})],
        {"a": ["N"]},
        {"shape": integers(2, 5)},
        lambda a: np.stack([a, a]),
        [(5,)],
        [([(3,)], 'dimension "N" is 3, expected 5')],
    ),
    "recurrent": (
        [("RNN", "a w r", "y", {"hidden_size": 2})],
        {"a": ["T", "B", "I"]},
        {"w": np.zeros((1, 2, 5), np.float32), "r": np.zeros((1, 2, 2), np.float32)},
        lambda a: np.zeros((a.shape[0], 1, a.shape[1], 2), np.float32),
        [(3, 2, 5)],
        [([(3, 2, 4)], 'dimension "I" is 4, expected 5')],
    ),
}


def save(path, nodes, inputs, constants):
    graph = helper.make_graph(
        [helper.make_node(kind, takes.split(), gives.split(), **options) for kind, takes, gives, options in nodes],
        "sizes",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)


def check(folder, case):
    nodes, inputs, constants, reference, right, wrong = CASES[case]
    path = os.path.join(folder, case)
    save(path + ".onnx", nodes, inputs, constants)
    subprocess.run(["ingotc", path + ".onnx", "-o", path + ".so"], check=True)
    model = ingot.load(path + ".so")
    given = {name: constant(*shape) for name, shape in zip(inputs, right)}
    np.testing.assert_allclose(model.run(given)["y"], reference(*given.values()), rtol=1e-5, atol=1e-5, err_msg=case)
    for shapes, message in wrong:
        try:
            model.run({name: constant(*shape) for name, shape in zip(inputs, shapes)})
            sys.exit(f"{case}: ran with {shapes}")
        except ingot.Error as error:
            if not re.search(re.escape(message) + "$", str(error)):
                sys.exit(f"{case} with {shapes}: {error}\nexpected: {message}")


def check_contradiction(folder):
    """The same dimension cannot be of two sizes: that is known when the model is compiled."""
    path = os.path.join(folder, "contradiction.onnx")
    nodes = [("Add", "a five", "b", {}), ("Add", "a six", "c", {}), ("Concat", "b c", "y", {"axis": 0})]
    save(path, nodes, {"a": ["N"]}, {"five": constant(5), "six": constant(6)})
    result = subprocess.run(["ingotc", path, "-o", path + ".so"], capture_output=True, text=True)
    assert result.returncode == 1 and 'no size of the dimension "N" is right' in result.stderr, result
    assert not os.path.exists(path + ".so")


if __name__ == "__main__":
    os.makedirs(sys.argv[1], exist_ok=True)
    for case in CASES:
        check(sys.argv[1], case)
    check_contradiction(sys.argv[1])
    print(len(CASES), "cases")
