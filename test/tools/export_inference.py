"""Takes a model out of training mode while its weights are replaced, and compares with the formula: export_inference.py FOLDER"""

import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from ingot import _safetensors
from onnx import TensorProto, helper, numpy_helper

folder, random, value = sys.argv[1], np.random.default_rng(5), helper.make_tensor_value_info
NAMES = ("scale", "shift", "mean", "var")


def network(*more):
    """y = dropout(batch normalisation of x), both in training mode, then `more` nodes."""
    nodes = [
        helper.make_node("BatchNormalization", ["x", *NAMES], ["n", "mean.next", "var.next"], training_mode=1, epsilon=1e-3),
        helper.make_node("Dropout", ["n", "ratio", "training"], ["y"]),
        *more,
    ]
    weights = [numpy_helper.from_array(np.ones(3, np.float32), name) for name in NAMES]
    weights += [numpy_helper.from_array(np.array(0.5, np.float32), "ratio"), numpy_helper.from_array(np.array(True), "training")]
    outputs = [value("y", TensorProto.FLOAT, [4, 3])] + [value(n, TensorProto.FLOAT, [3]) for n in ("mean.next", "var.next")]
    graph = helper.make_graph(nodes, "network", [value("x", TensorProto.FLOAT, [4, 3])], outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def export(model):
    onnx.save(model, f"{folder}/training.onnx")
    command = ["ingotc", f"{folder}/training.onnx", "--weights", f"{folder}/weights", "--inference", "-o", f"{folder}/inference.onnx"]
    return subprocess.run(command, capture_output=True, text=True)


trained = {name: random.uniform(0.5, 2, 3).astype(np.float32) for name in NAMES}
_safetensors.write(f"{folder}/weights", {}, [(name, "float32", (3,), array.tobytes()) for name, array in trained.items()])
assert export(network()).returncode == 0
exported = onnx.load(f"{folder}/inference.onnx")
onnx.checker.check_model(exported)
print("outputs", [output.name for output in exported.graph.output])
x = random.normal(0, 1, (4, 3)).astype(np.float32)
(y,) = onnxruntime.InferenceSession(exported.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})
expected = (x - trained["mean"]) / np.sqrt(trained["var"] + 1e-3) * trained["scale"] + trained["shift"]
print("right" if np.abs(y - expected).max() < 1e-5 else "wrong")
print(export(network(helper.make_node("Neg", ["mean.next"], ["z"], name="negate"))).stderr.strip())
