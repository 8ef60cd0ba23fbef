"""Writes scikit-learn's diabetes data (442 patients, the disease's progress after a year) and two networks."""

import csv
import pathlib
import sys

import numpy as np
from sklearn import datasets

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network import Network


def main():
    data = datasets.load_diabetes()
    order = np.random.default_rng(0).permutation(len(data.target))
    for name, rows in (("train", order[110:]), ("val", order[:110])):
        with open(f"{name}.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*data.feature_names, "target"])
            writer.writerows([*data.data[row].tolist(), data.target[row] / 100] for row in rows)
    for name, sizes in (("small", [10, 16, 1]), ("large", [10, 256, 256, 1])):
        net = Network(seed=1)
        net.save(f"{name}.onnx", y=net.mlp(net.input("x", 10), sizes))


if __name__ == "__main__":
    main()
