"""The small networks that training.py trains, and their results computed with numpy."""

import json

import numpy as np
import onnx
from onnx import helper, numpy_helper


def linear(random, name, inputs, outputs):
    """Weight and bias of a layer, drawn as PyTorch does."""
    bound = inputs**-0.5
    return [numpy_helper.from_array(random.uniform(-bound, bound, shape).astype(np.float32), f"{name}.{part}")
            for part, shape in (("weight", (outputs, inputs)), ("bias", (outputs,)))]


def gemm(x, name, y):
    return helper.make_node("Gemm", [x, f"{name}.weight", f"{name}.bias"], [y], name, transB=1)


def model(nodes, weights, inputs, outputs, more_outputs=()):
    x = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["N", inputs])
    y = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["N", outputs])
    graph = helper.make_graph(nodes, "network", [x], [y, *more_outputs], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def mlp(sizes):
    """Layers layer0, layer1, ... with rectifiers in between, from x to y."""
    random, nodes, weights, value = np.random.default_rng(7), [], [], "x"
    for i, (before, after) in enumerate(zip(sizes, sizes[1:])):
        isLast = i == len(sizes) - 2
        weights += linear(random, f"layer{i}", before, after)
        nodes.append(gemm(value, f"layer{i}", "y" if isLast else f"sum{i}"))
        if not isLast:
            nodes.append(helper.make_node("Relu", [f"sum{i}"], [f"hidden{i}"], f"relu{i}"))
        value = f"hidden{i}"
    return model(nodes, weights, sizes[0], sizes[-1])


def normalized_mlp(inputs, hidden, outputs, isExposed):
    """Two layers with batch normalisation in training mode in between; its statistics go on in norm.mean.next and norm.var.next, which
    may be outputs of the model or of the node alone."""
    random = np.random.default_rng(8)
    weights = linear(random, "first", inputs, hidden) + linear(random, "second", hidden, outputs)
    start = {"norm.scale": 1, "norm.bias": 0, "norm.mean": 0, "norm.var": 1}
    weights += [numpy_helper.from_array(np.full(hidden, value, np.float32), name) for name, value in start.items()]
    nexts = ("norm.mean.next", "norm.var.next") if isExposed else ("mean", "variance")
    nodes = [
        gemm("x", "first", "sum"),
        helper.make_node("BatchNormalization", ["sum", *start], ["normal", *nexts], "norm", training_mode=1),
        helper.make_node("Relu", ["normal"], ["hidden"], "relu"),
        gemm("hidden", "second", "y"),
    ]
    more = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [hidden]) for name in nexts]
    return model(nodes, weights, inputs, outputs, more if isExposed else ())


def safetensors(path):
    """The tensors of a file."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    types = {"F32": "<f4", "F64": "<f8", "I64": "<i8"}
    return {
        name: np.frombuffer(data[slice(*about["data_offsets"])], types[about["dtype"]]).reshape(about["shape"])
        for name, about in header.items() if name != "__metadata__"
    }


def weights(result):
    """Those of the best epoch, of a document of `ingot train --json`."""
    return safetensors(result["checkpoints"]["best"])


def mlp_forward(kept, x):
    count = sum(name.endswith(".weight") for name in kept)
    for i in range(count):
        x = x @ kept[f"layer{i}.weight"].T.astype(np.float64) + kept[f"layer{i}.bias"]
        x = x if i == count - 1 else np.maximum(x, 0)
    return x


def softmax(scores):
    shares = np.exp(scores - scores.max(1, keepdims=True))
    return shares / shares.sum(1, keepdims=True)
