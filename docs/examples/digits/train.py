"""Trains the digits network and writes digits.onnx and test_images.bin, both kept beside this file.

A small convolutional network on scikit-learn's 8x8 digits, trained with plain numpy; seeded, ten seconds or so:
    build/venv/bin/python docs/examples/digits/train.py
test_images.bin holds, for each of the 450 held-out images, 64 bytes (pixels 0..16, row by row) and one byte (the digit).
"""

import pathlib

import numpy as np
import onnx
from onnx import helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

FOLDER = pathlib.Path(__file__).parent
EPOCHS, BATCH, RATE = 40, 32, 2e-3


def windows(x):
    """Every 3x3 neighbourhood of an NCHW batch, zeros outside: (N, H, W, C*9)."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    view = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    return view.transpose(0, 2, 3, 1, 4, 5).reshape(*x.shape[:1], *x.shape[2:], -1)


def convolve(x, weight, bias):
    columns = windows(x)
    return (columns @ weight.reshape(len(weight), -1).T + bias).transpose(0, 3, 1, 2), columns


def convolve_back(gradient, columns, weight):
    """Gradients of the weight, the bias and (a convolution with the mirrored kernel) the input."""
    flat = gradient.transpose(0, 2, 3, 1).reshape(-1, len(weight))
    toward_weight = (flat.T @ columns.reshape(len(flat), -1)).reshape(weight.shape)
    mirrored = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    return toward_weight, flat.sum(0), convolve(gradient, mirrored, 0)[0]


def forward(p, x):
    """The logits and what the way back needs."""
    first, columns1 = convolve(x / 16, p["conv1.weight"], p["conv1.bias"])
    hidden1 = np.maximum(first, 0)
    second, columns2 = convolve(hidden1, p["conv2.weight"], p["conv2.bias"])
    hidden2 = np.maximum(second, 0)
    blocks = hidden2.reshape(*hidden2.shape[:2], 4, 2, 4, 2)
    pooled = blocks.max((3, 5))
    flat = pooled.reshape(len(x), -1)
    return flat @ p["linear.weight"].T + p["linear.bias"], (columns1, hidden1, columns2, blocks, pooled, flat)


def gradients(p, x, y):
    """Of the mean cross entropy, by parameter."""
    logits, (columns1, hidden1, columns2, blocks, pooled, flat) = forward(p, x)
    probabilities = np.exp(logits - logits.max(1, keepdims=True))
    probabilities /= probabilities.sum(1, keepdims=True)
    probabilities[np.arange(len(y)), y] -= 1
    toward = probabilities / len(y)
    result = {"linear.weight": toward.T @ flat, "linear.bias": toward.sum(0)}
    toward = (toward @ p["linear.weight"]).reshape(pooled.shape)[:, :, :, None, :, None]
    winners = (blocks == pooled[:, :, :, None, :, None]) & (blocks > 0)
    toward = (toward * winners).reshape(len(x), -1, 8, 8)
    weight, bias, toward = convolve_back(toward, columns2, p["conv2.weight"])
    result.update({"conv2.weight": weight, "conv2.bias": bias})
    weight, bias, _ = convolve_back(toward * (hidden1 > 0), columns1, p["conv1.weight"])
    return {**result, "conv1.weight": weight, "conv1.bias": bias}


def shifted(images, random):
    """Each image moved by up to one pixel: five times as much handwriting for free."""
    moves = random.integers(-1, 2, (len(images), 2)) * (random.random((len(images), 1)) < 0.5)
    return np.stack([np.roll(image, tuple(move), (1, 2)) for image, move in zip(images, moves)])


def train(x, y):
    random = np.random.default_rng(1)
    shapes = {"conv1": (16, 1, 3, 3), "conv2": (32, 16, 3, 3), "linear": (10, 512)}
    p = {f"{k}.weight": random.normal(0, (2 / np.prod(s[1:])) ** 0.5, s).astype(np.float32) for k, s in shapes.items()}
    p.update({f"{k}.bias": np.zeros(s[0], np.float32) for k, s in shapes.items()})
    first, second, step = {k: 0 * v for k, v in p.items()}, {k: 0 * v for k, v in p.items()}, 0
    for epoch in range(EPOCHS):
        rate = RATE * (1 - epoch / EPOCHS)
        for chosen in np.array_split(random.permutation(len(x)), len(x) // BATCH):
            step += 1
            for k, g in gradients(p, shifted(x[chosen], random), y[chosen]).items():
                first[k] += 0.1 * (g - first[k])
                second[k] += 0.01 * (g * g - second[k])
                p[k] -= rate * (first[k] / (1 - 0.9**step)) / (np.sqrt(second[k] / (1 - 0.99**step)) + 1e-8)
    return {k: v.astype(np.float32) for k, v in p.items()}


def to_onnx(p):
    window = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    nodes = [
        helper.make_node("Mul", ["image", "scale"], ["scaled"], "scale"),
        helper.make_node("Conv", ["scaled", "conv1.weight", "conv1.bias"], ["conv1"], "conv1", **window),
        helper.make_node("Relu", ["conv1"], ["relu1"], "relu1"),
        helper.make_node("Conv", ["relu1", "conv2.weight", "conv2.bias"], ["conv2"], "conv2", **window),
        helper.make_node("Relu", ["conv2"], ["relu2"], "relu2"),
        helper.make_node("MaxPool", ["relu2"], ["pooled"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["pooled"], ["flat"], "flatten"),
        helper.make_node("Gemm", ["flat", "linear.weight", "linear.bias"], ["logits"], "linear", transB=1),
    ]
    constants = [numpy_helper.from_array(value, name) for name, value in p.items()]
    constants.append(numpy_helper.from_array(np.float32(1 / 16), "scale"))
    image = helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, ["N", 1, 8, 8])
    logits = helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, ["N", 10])
    graph = helper.make_graph(nodes, "digits", [image], [logits], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="ingot")
    onnx.checker.check_model(model, full_check=True)
    return model


def main():
    digits = load_digits()
    images = digits.images.astype(np.float32)[:, None]
    x, x_test, y, y_test = train_test_split(images, digits.target, test_size=450, random_state=0, stratify=digits.target)
    parameters = train(x, y)
    right = int((forward(parameters, x_test)[0].argmax(1) == y_test).sum())
    onnx.save(to_onnx(parameters), FOLDER / "digits.onnx")
    rows = np.concatenate([x_test.reshape(-1, 64), y_test[:, None]], 1)
    (FOLDER / "test_images.bin").write_bytes(rows.astype(np.uint8).tobytes())
    print(f"{right} of {len(y_test)} held-out images right ({right / len(y_test):.2%})")


if __name__ == "__main__":
    main()
