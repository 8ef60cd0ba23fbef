"""Writes the digits with pixels from 0 to 1, a quarter of them set aside, and an untrained convolutional network."""

import pathlib
import sys

import numpy as np
from sklearn import datasets

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network import Network


def main():
    data = datasets.load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    for name, rows in (("train", order[450:]), ("val", order[:450])):
        np.savez(f"{name}.npz", image=data.images[rows, None].astype(np.float32) / 16, target=data.target[rows])
    net = Network(seed=1)
    x = net.convolve(net.input("image", 1, 8, 8), "conv1", 1, 16)
    x = net.node("MaxPool", net.convolve(x, "conv2", 16, 32), kernel_shape=[2, 2], strides=[2, 2])
    net.save("digits.onnx", logits=net.linear(net.node("Flatten", x), "head", 32 * 16, 10))


if __name__ == "__main__":
    main()
