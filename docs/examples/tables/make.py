"""Writes scikit-learn's wine and breast-cancer data as CSV files, a third of the rows set aside, and a network for each."""

import csv
import pathlib
import sys

import numpy as np
from sklearn import datasets

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network import Network


def write(path, data, rows, labels):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*data.feature_names, "target"])
        writer.writerows([*data.data[row].tolist(), labels[row]] for row in rows)


def main():
    wine, cancer = datasets.load_wine(), datasets.load_breast_cancer()
    names = [str(wine.target_names[label]) for label in wine.target]
    for name, data, labels in (("wine", wine, names), ("cancer", cancer, cancer.target)):
        order = np.random.default_rng(0).permutation(len(labels))
        write(f"{name}_train.csv", data, order[len(order) // 3 :], labels)
        write(f"{name}_val.csv", data, order[: len(order) // 3], labels)
    for name, sizes in (("wine", [13, 24, 3]), ("cancer", [30, 16, 1])):
        net = Network(seed=1)
        net.save(f"{name}.onnx", y=net.mlp(net.input("x", sizes[0]), sizes))


if __name__ == "__main__":
    main()
