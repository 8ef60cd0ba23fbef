"""Small networks whose gradients and explanations NumPy computes by formula, as ONNX models."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

F32, I64 = TensorProto.FLOAT, TensorProto.INT64


def model(nodes, inputs, outputs, weights, opset=17):
    """`inputs` and `outputs` are (name, type, shape) triples; `weights` arrays by name."""
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info(*given) for given in inputs],
        [helper.make_tensor_value_info(*given) for given in outputs],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8 if opset < 23 else 11)
    onnx.checker.check_model(made, full_check=True)
    return made


class Dense:
    """logits = tanh(x a) b, over 7 features and 5 classes."""

    def __init__(self, batch="N"):
        random = np.random.default_rng(3)
        self.a = random.normal(size=(7, 11)).astype(np.float32)
        self.b = random.normal(size=(11, 5)).astype(np.float32)
        nodes = [
            helper.make_node("MatMul", ["x", "a"], ["h"]),
            helper.make_node("Tanh", ["h"], ["t"]),
            helper.make_node("MatMul", ["t", "b"], ["logits"]),
        ]
        self.model = model(nodes, [("x", F32, [batch, 7])], [("logits", F32, [batch, 5])], {"a": self.a, "b": self.b})

    def logits(self, x):
        return np.tanh(x.astype(float) @ self.a) @ self.b

    def gradient(self, x, weights):
        """Of sum(weights * logits) by x, row by row."""
        t = np.tanh(x.astype(float) @ self.a)
        return ((weights @ self.b.T.astype(float)) * (1 - t * t)) @ self.a.T


class Convolution:
    """A 3x3 convolution of 9x6 images with 3 channels, ReLU, the mean over places, 4 classes. An odd, oblong size."""

    height, width = 9, 6

    def __init__(self, channels_last=False):
        random = np.random.default_rng(4)
        self.kernel = random.normal(size=(5, 3, 3, 3)).astype(np.float32)
        self.bias = random.normal(size=5).astype(np.float32)
        self.head = random.normal(size=(5, 4)).astype(np.float32)
        image = [self.height, self.width, 3] if channels_last else [3, self.height, self.width]
        nodes = [helper.make_node("Transpose", ["x"], ["first"], perm=[0, 3, 1, 2])] if channels_last else []
        nodes += [
            helper.make_node("Conv", [nodes[0].output[0] if nodes else "x", "kernel", "bias"], ["c"], "conv", pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["c"], ["features"], "relu"),
            helper.make_node("ReduceMean", ["features"], ["pooled"], axes=[2, 3], keepdims=0),
            helper.make_node("MatMul", ["pooled", "head"], ["logits"]),
        ]
        weights = {"kernel": self.kernel, "bias": self.bias, "head": self.head}
        self.model = model(nodes, [("x", F32, ["N", *image])], [("logits", F32, ["N", 4])], weights)

    def convolved(self, x):
        """x [3, height, width]"""
        padded = np.pad(x.astype(float), ((0, 0), (1, 1), (1, 1)))
        result = np.zeros((5, self.height, self.width)) + self.bias[:, None, None]
        for i in range(3):
            for j in range(3):
                window = padded[:, i : i + self.height, j : j + self.width]
                result += np.einsum("fc,chw->fhw", self.kernel[:, :, i, j], window)
        return result

    def features(self, x):
        return np.maximum(0, self.convolved(x))

    def logits(self, x):
        return self.features(x).mean((1, 2)) @ self.head

    def gradient(self, x, c):
        """Of class c's score by x."""
        arriving = self.head[:, c][:, None, None] / (self.height * self.width) * (self.convolved(x) > 0)
        result = np.zeros((3, self.height + 2, self.width + 2))
        for i in range(3):
            for j in range(3):
                result[:, i : i + self.height, j : j + self.width] += np.einsum("fc,fhw->chw", self.kernel[:, :, i, j], arriving)
        return result[:, 1:-1, 1:-1]

    def cam(self, x, c):
        """Grad-CAM at the features: the gradient is the same at every place."""
        return np.maximum(0, np.einsum("f,fhw->hw", self.head[:, c] / (self.height * self.width), self.features(x)))


class Tokens:
    """The mean of embeddings, 3 classes: 6 tokens of a vocabulary of 13, embedded in 4 dimensions."""

    def __init__(self):
        random = np.random.default_rng(5)
        self.table = random.normal(size=(13, 4)).astype(np.float32)
        self.head = random.normal(size=(4, 3)).astype(np.float32)
        nodes = [
            helper.make_node("Gather", ["table", "ids"], ["embedded"]),
            helper.make_node("Tanh", ["embedded"], ["bent"]),
            helper.make_node("ReduceMean", ["bent"], ["mean"], axes=[1], keepdims=0),
            helper.make_node("MatMul", ["mean", "head"], ["logits"]),
        ]
        self.model = model(nodes, [("ids", I64, ["N", 6])], [("logits", F32, ["N", 3])], {"table": self.table, "head": self.head})

    def logits(self, ids):
        return np.tanh(self.table[ids].astype(float)).mean(-2) @ self.head

    def gradient(self, ids, c):
        """Of class c's score by the embeddings, [6, 4]."""
        return self.head[:, c] * (1 - np.tanh(self.table[ids].astype(float)) ** 2) / 6


class Attention:
    """Two layers of two heads over 5 tokens of 6 features, with residual connections; as exporters take attention apart,
    or as one operator."""

    def __init__(self, is_whole=False):
        random = np.random.default_rng(6)
        self.weights = {f"{name}{layer}": random.normal(size=(6, 6)).astype(np.float32) for layer in (0, 1) for name in "qkv"}
        constants = {} if is_whole else {"split": np.array([0, 5, 2, 3]), "merge": np.array([0, 5, 6]), "scale": np.float32(3**-0.5)}
        nodes, at = [], "x"
        for layer in (0, 1):
            nodes += [helper.make_node("MatMul", [at, f"{name}{layer}"], [f"{name}{layer}.all"]) for name in "qkv"]
            nodes += self.whole(layer) if is_whole else self.apart(layer)
            nodes.append(helper.make_node("Add", [at, f"merged{layer}"], [f"y{layer}"]))
            at = f"y{layer}"
        nodes.append(helper.make_node("MatMul", [at, "head"], ["logits"]))
        weights = {**self.weights, **constants, "head": random.normal(size=(6, 3)).astype(np.float32)}
        self.model = model(nodes, [("x", F32, ["N", 5, 6])], [("logits", F32, ["N", 5, 3])], weights, 23 if is_whole else 17)

    @staticmethod
    def whole(layer):
        return [helper.make_node("Attention", [f"{name}{layer}.all" for name in "qkv"], [f"merged{layer}"], q_num_heads=2, kv_num_heads=2)]

    @staticmethod
    def apart(layer):
        nodes = []
        for name, perm in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3])):
            mine = f"{name}{layer}"
            nodes += [
                helper.make_node("Reshape", [f"{mine}.all", "split"], [f"{mine}.split"]),
                helper.make_node("Transpose", [f"{mine}.split"], [f"{mine}.heads"], perm=perm),
            ]
        return nodes + [
            helper.make_node("MatMul", [f"q{layer}.heads", f"k{layer}.heads"], [f"scores{layer}"]),
            helper.make_node("Mul", [f"scores{layer}", "scale"], [f"scaled{layer}"]),
            helper.make_node("Softmax", [f"scaled{layer}"], [f"weights{layer}"], axis=-1),
            helper.make_node("MatMul", [f"weights{layer}", f"v{layer}.heads"], [f"mixed{layer}"]),
            helper.make_node("Transpose", [f"mixed{layer}"], [f"back{layer}"], perm=[0, 2, 1, 3]),
            helper.make_node("Reshape", [f"back{layer}", "merge"], [f"merged{layer}"]),
        ]

    def layers(self, x):
        """The attention of each layer for x [5, 6]: [heads, 5, 5]."""
        x, result = x.astype(float), []
        for layer in (0, 1):
            q, k, v = ((x @ self.weights[f"{name}{layer}"]).reshape(5, 2, 3).transpose(1, 0, 2) for name in "qkv")
            scores = np.exp(q @ k.transpose(0, 2, 1) * 3**-0.5)
            result.append(scores / scores.sum(-1, keepdims=True))
            x = x + (result[-1] @ v).transpose(1, 0, 2).reshape(5, 6)
        return result
