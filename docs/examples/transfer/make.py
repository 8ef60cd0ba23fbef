"""Writes an untrained convolutional network for the digits, and a second task with few examples: even or odd?

first_*.npz: 900 images with their digits; second_train.npz: thirty others, three of each digit; second_val.npz: the rest.
"""

import pathlib
import sys

import numpy as np
from sklearn import datasets

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network import Network


def write(name, data, rows, classes):
    np.savez(f"{name}.npz", image=data.images[rows, None].astype(np.float32) / 16, target=data.target[rows] % classes)


def main():
    data = datasets.load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    write("first_train", data, order[:700], 10)
    write("first_val", data, order[700:900], 10)
    late = order[900:]
    few = np.concatenate([late[data.target[late] == digit][:3] for digit in range(10)])
    write("second_train", data, few, 2)
    write("second_val", data, np.setdiff1d(late, few), 2)
    net = Network(seed=1)
    x = net.convolve(net.input("image", 1, 8, 8), "conv1", 1, 16)
    x = net.node("MaxPool", net.convolve(x, "conv2", 16, 32), kernel_shape=[2, 2], strides=[2, 2])
    x = net.node("Relu", net.linear(net.node("Flatten", x), "hidden", 32 * 16, 64))
    net.save("digits.onnx", logits=net.linear(x, "head", 64, 10))


if __name__ == "__main__":
    main()
