"""Writes rows.onnx, an untrained LSTM that reads an 8x8 image row by row and then names the digit."""

import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network import Network

ROWS, PIXELS, HIDDEN = 8, 8, 48


def main():
    net = Network(seed=1)
    image = net.node("Mul", net.input("image", ROWS, PIXELS), net.constant(np.float32(1 / 16)))
    steps = net.node("Transpose", image, perm=[1, 0, 2])  # a row is a step
    weights = [net.uniform(f"lstm.{name}", (1, 4 * HIDDEN, width), HIDDEN) for name, width in (("W", PIXELS), ("R", HIDDEN))]
    bias = net.uniform("lstm.B", (1, 8 * HIDDEN), HIDDEN)
    _, last, _ = net.node("LSTM", steps, *weights, bias, results=3, hidden_size=HIDDEN)
    last = net.node("Squeeze", last, net.constant(np.array([0])))
    net.save("rows.onnx", logits=net.linear(last, "head", HIDDEN, 10))


if __name__ == "__main__":
    main()
