"""Builds untrained networks as ONNX files; what the examples beside this file have in common.

    net = Network(seed=1)
    x = net.input("x", 64)                                  # float32[N, 64]
    hidden = net.node("Relu", net.linear(x, "first", 64, 32))
    net.save("network.onnx", y=net.linear(hidden, "second", 32, 10))

Weights have names and are initializers, so training finds them; other numbers are Constant nodes and stay as they are.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Network:
    def __init__(self, seed=0):
        self.random = np.random.default_rng(seed)
        self.nodes, self.inputs, self.weights = [], [], []

    def input(self, name, *shape, dtype=TensorProto.FLOAT):
        """A row for each example: the first axis is N, and open."""
        self.inputs.append(helper.make_tensor_value_info(name, dtype, ["N", *shape]))
        return name

    def parameter(self, name, values):
        self.weights.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
        return name

    def constant(self, values):
        return self.node("Constant", value=numpy_helper.from_array(np.asarray(values)))

    def node(self, operator, *inputs, results=1, **attributes):
        """The name of the only result, or of each one."""
        number = len(self.nodes)
        names = [f"{operator.lower()}{number}" + f".{i}" * (results > 1) for i in range(results)]
        self.nodes.append(helper.make_node(operator, inputs, names, name=f"{operator}{number}", **attributes))
        return names[0] if results == 1 else names

    def uniform(self, name, shape, inputs):
        """Drawn as PyTorch does for a layer of so many inputs."""
        return self.parameter(name, self.random.uniform(-(inputs**-0.5), inputs**-0.5, shape))

    def linear(self, x, name, inputs, outputs):
        """x W + b over the last axis."""
        product = self.node("MatMul", x, self.uniform(f"{name}.weight", (inputs, outputs), inputs))
        return self.node("Add", product, self.uniform(f"{name}.bias", outputs, inputs))

    def convolve(self, x, name, inputs, outputs):
        """3x3, with zeros around, and a rectifier behind it."""
        weight = self.uniform(f"{name}.weight", (outputs, inputs, 3, 3), 9 * inputs)
        x = self.node("Conv", x, weight, self.uniform(f"{name}.bias", outputs, 9 * inputs), pads=[1, 1, 1, 1])
        return self.node("Relu", x)

    def mlp(self, x, sizes, activation="Relu"):
        """Layers layer0, layer1, ... with the activation in between."""
        for i, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
            x = self.linear(x if i == 0 else self.node(activation, x), f"layer{i}", inputs, outputs)
        return x

    def embedding(self, index, name, count, width, scale=1.0):
        """Row `index` of a table."""
        return self.node("Gather", self.parameter(name, self.random.normal(0, scale, (count, width))), index)

    def normalize(self, x, name, width):
        scale = self.parameter(f"{name}.scale", np.ones(width))
        return self.node("LayerNormalization", x, scale, self.parameter(f"{name}.bias", np.zeros(width)), axis=-1)

    def reshape(self, x, *shape):
        """0 keeps an extent, -1 is what is left."""
        return self.node("Reshape", x, self.constant(np.array(shape)))

    def attention(self, x, name, tokens, width, heads, is_causal):
        """Each token [N, tokens, width] looks at all, or only at those before it."""

        def split(part):
            linear = self.linear(x, f"{name}.{part}", width, width)
            return self.reshape(linear, 0, tokens, heads, width // heads)

        query, value = (self.node("Transpose", split(part), perm=[0, 2, 1, 3]) for part in ("query", "value"))
        key = self.node("Transpose", split("key"), perm=[0, 2, 3, 1])
        scores = self.node("Mul", self.node("MatMul", query, key), self.constant(np.float32((width // heads) ** -0.5)))
        if is_causal:
            later = np.triu(np.full((tokens, tokens), -1e9, np.float32), 1)
            scores = self.node("Add", scores, self.constant(later))
        mixed = self.node("MatMul", self.node("Softmax", scores, axis=-1), value)
        mixed = self.reshape(self.node("Transpose", mixed, perm=[0, 2, 1, 3]), 0, tokens, width)
        return self.linear(mixed, f"{name}.output", width, width)

    def transformer(self, x, tokens, width, heads, layers, is_causal=False):
        """Blocks of attention and a perceptron, normalised before each, and once at the end."""
        for i in range(layers):
            normal = self.normalize(x, f"block{i}.norm1", width)
            x = self.node("Add", x, self.attention(normal, f"block{i}.attention", tokens, width, heads, is_causal))
            normal = self.normalize(x, f"block{i}.norm2", width)
            inner = self.node("Relu", self.linear(normal, f"block{i}.up", width, 2 * width))
            x = self.node("Add", x, self.linear(inner, f"block{i}.down", 2 * width, width))
        return self.normalize(x, "norm", width)

    def save(self, path, **outputs):
        """Writes the file; outputs by name, the first one being what a loss by name takes."""
        for name, value in outputs.items():
            self.nodes.append(helper.make_node("Identity", [value], [name], name=name))
        ports = [onnx.ValueInfoProto(name=name) for name in outputs]
        graph = helper.make_graph(self.nodes, "network", self.inputs, ports, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
        onnx.checker.check_model(model)
        onnx.save(model, path)
