"""Writes an autoencoder, and handwritten 0s and 6s to train and validate it with; test.npz has all digits."""

import pathlib
import sys

import numpy as np
from sklearn import datasets

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network import Network

NORMAL = (0, 6)


def main():
    data = datasets.load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    images, labels = data.data[order].astype(np.float32) / 16, data.target[order]
    normal = np.flatnonzero(np.isin(labels, NORMAL))
    parts = {"train": normal[:200], "val": normal[200:270]}
    parts["test"] = np.setdiff1d(np.arange(len(labels)), normal[:270])
    for name, rows in parts.items():
        np.savez(f"{name}.npz", pixels=images[rows], isNormal=np.isin(labels[rows], NORMAL))
    net = Network(seed=1)
    net.save("autoencoder.onnx", image=net.mlp(net.input("x", 64), [64, 32, 6, 32, 64]))


if __name__ == "__main__":
    main()
