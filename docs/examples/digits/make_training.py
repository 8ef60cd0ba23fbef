"""Writes what docs/training.md trains with, all kept beside this file:

scikit-learn's 8x8 digits as MNIST's kind of files (the images that test_images.bin holds are the t10k ones), and
untrained.onnx, the network of digits.onnx with random weights:
    build/venv/bin/python docs/examples/digits/make_training.py
"""

import gzip

import numpy as np
import onnx
from onnx import helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from train import FOLDER, to_onnx


def write_idx(name, array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(int(extent).to_bytes(4, "big") for extent in array.shape)
    (FOLDER / name).write_bytes(gzip.compress(header + array.astype(np.uint8).tobytes(), mtime=0))


def untrained():
    """He's initialisation: He, Zhang, Ren, Sun, "Delving deep into rectifiers" (2015)."""
    random = np.random.default_rng(5)
    shapes = {"conv1": (16, 1, 3, 3), "conv2": (32, 16, 3, 3), "linear": (10, 512)}
    p = {f"{k}.weight": random.normal(0, (2 / np.prod(s[1:])) ** 0.5, s).astype(np.float32) for k, s in shapes.items()}
    p.update({f"{k}.bias": np.zeros(s[0], np.float32) for k, s in shapes.items()})
    model = to_onnx(p)
    # What brings pixels from 0..16 to 0..1 belongs to the network: a Constant node is no parameter.
    scale = next(tensor for tensor in model.graph.initializer if tensor.name == "scale")
    model.graph.initializer.remove(scale)
    model.graph.node.insert(0, helper.make_node("Constant", [], ["scale"], "scale.value", value=scale))
    onnx.checker.check_model(model, full_check=True)
    return model


def main():
    digits = load_digits()
    parts = train_test_split(digits.images, digits.target, test_size=450, random_state=0, stratify=digits.target)
    for name, images, labels in (("train", parts[0], parts[2]), ("t10k", parts[1], parts[3])):
        write_idx(f"{name}-images-idx3-ubyte.gz", images)
        write_idx(f"{name}-labels-idx1-ubyte.gz", labels)
    onnx.save(untrained(), FOLDER / "untrained.onnx")


if __name__ == "__main__":
    main()
