"""Writes decoder.onnx: the trained language model, one or several characters at a time.

The network of make.py looks at a whole window in every run. This one takes the next characters alone, with the keys and
values of those before them as inputs, and returns them with the new ones behind, as exporters of large models do:

    tokens [N, steps], block0.key [N, heads, past, width], ...  ->  logits [N, letters], block0.key.next [N, heads, past + steps, width], ...
"""

import sys

import numpy as np
import onnx
from make import HEADS, LAYERS, LETTERS, WIDTH, WINDOW, Network
from onnx import TensorProto, numpy_helper


class Decoder(Network):
    """Networks whose weights are known and whose attention remembers."""

    def __init__(self, weights):
        super().__init__()
        self.known, self.caches = weights, {}

    def parameter(self, name, values):
        return super().parameter(name, self.known[name])

    def extent(self, tensor, axis):
        return self.node("Squeeze", self.node("Shape", tensor, start=axis, end=axis + 1))

    def steps(self, tokens, cache):
        """The positions of the new characters, and whether [steps, past + steps] each sees another."""
        past, zero, one = self.extent(cache, 2), self.constant(np.int64(0)), self.constant(np.int64(1))
        total = self.node("Add", past, self.extent(tokens, 1))
        positions = self.node("Range", past, total, one)
        rows = self.node("Unsqueeze", positions, self.constant(np.array([1])))
        return positions, self.node("LessOrEqual", self.node("Range", zero, total, one), rows)

    def remember(self, name, heads, width, rows):
        """Input `name` with `rows` behind it, which is an output too."""
        self.caches[name] = self.node("Concat", name, rows, axis=2)
        return self.caches[name]

    def attention(self, x, name, tokens, width, heads, is_causal):
        def split(part):
            linear = self.reshape(self.linear(x, f"{name}.{part}", width, width), 0, 0, heads, width // heads)
            return self.node("Transpose", linear, perm=[0, 2, 1, 3])

        block = name.split(".")[0]
        key = self.remember(f"{block}.key", heads, width // heads, split("key"))
        value = self.remember(f"{block}.value", heads, width // heads, split("value"))
        query = self.node("Mul", split("query"), self.constant(np.float32((width // heads) ** -0.5)))
        scores = self.node("MatMul", query, self.node("Transpose", key, perm=[0, 1, 3, 2]))
        scores = self.node("Where", self.visible, scores, self.constant(np.float32(-1e9)))
        mixed = self.node("MatMul", self.node("Softmax", scores, axis=-1), value)
        mixed = self.reshape(self.node("Transpose", mixed, perm=[0, 2, 1, 3]), 0, 0, width)
        return self.linear(mixed, f"{name}.output", width, width)


def main(trained):
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(trained).graph.initializer}
    net = Decoder(weights)
    tokens = net.input("tokens", "steps", dtype=TensorProto.INT64)
    for block in range(LAYERS):
        for part in ("key", "value"):
            net.input(f"block{block}.{part}", HEADS, "past", WIDTH // HEADS)
    positions, net.visible = net.steps(tokens, "block0.key")
    x = net.embedding(tokens, "letters", len(LETTERS), WIDTH)
    x = net.node("Add", x, net.node("Gather", net.parameter("position", np.zeros((WINDOW, WIDTH))), positions))
    logits = net.linear(net.transformer(x, 0, WIDTH, HEADS, LAYERS), "head", WIDTH, len(LETTERS))
    last = net.node("Gather", logits, net.constant(np.int64(-1)), axis=1)
    net.save("decoder.onnx", logits=last, **{f"{name}.next": value for name, value in net.caches.items()})


if __name__ == "__main__":
    main(sys.argv[1])
