"""Writes transformer.onnx, an untrained Transformer whose tokens are the eight rows of an image."""

import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network import Network

ROWS, PIXELS, WIDTH, HEADS, LAYERS = 8, 8, 32, 4, 2


def main():
    net = Network(seed=1)
    image = net.node("Mul", net.input("image", ROWS, PIXELS), net.constant(np.float32(1 / 16)))
    tokens = net.linear(image, "embed", PIXELS, WIDTH)
    tokens = net.node("Add", tokens, net.parameter("position", net.random.normal(0, 0.1, (ROWS, WIDTH))))
    tokens = net.transformer(tokens, ROWS, WIDTH, HEADS, LAYERS)
    mean = net.node("ReduceMean", tokens, axes=[1], keepdims=0)
    net.save("transformer.onnx", logits=net.linear(mean, "head", WIDTH, 10))


if __name__ == "__main__":
    main()
