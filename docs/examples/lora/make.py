"""Writes the digits turned by a quarter, for a Transformer that has seen them upright: 200 to learn from, the rest to validate."""

import numpy as np
from sklearn import datasets


def main():
    data = datasets.load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    turned = np.rot90(data.images, axes=(1, 2)).astype(np.float32)
    for name, rows in (("train", order[:400]), ("val", order[400:])):
        np.savez(f"turned_{name}.npz", image=turned[rows], target=data.target[rows])


if __name__ == "__main__":
    main()
