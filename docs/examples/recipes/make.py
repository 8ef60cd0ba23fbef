"""Writes the untrained networks of the recipes in this folder, for handwritten digits of 8 x 8 pixels from 0 to 16."""

import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network import Network


def from_pixels(net, x):
    """0 .. 16 to -1 .. 1, flat."""
    return net.node("Sub", net.node("Mul", net.node("Flatten", x), net.constant(np.float32(0.125))), net.constant(np.float32(1)))


def to_pixels(net, x):
    """-1 .. 1 to 0 .. 16, as an image."""
    return net.reshape(net.node("Mul", net.node("Add", x, net.constant(np.float32(1))), net.constant(np.float32(8))), 0, 8, 8)


def generator(path, seed):
    net = Network(seed)
    net.save(path, image=to_pixels(net, net.node("Tanh", net.mlp(net.input("z", 16), [16, 96, 128, 64]))))


def critic(path, seed):
    """One number: how real an image looks."""
    net = Network(seed)
    net.save(path, score=net.mlp(from_pixels(net, net.input("image", 8, 8)), [64, 128, 64, 1], "LeakyRelu"))


def encoder(path, seed):
    """Where an image lies among codes of eight numbers, and how sure that is."""
    net = Network(seed)
    hidden = net.node("Relu", net.linear(from_pixels(net, net.input("image", 8, 8)), "first", 64, 96))
    net.save(path, mean=net.linear(hidden, "mean", 96, 8), log_variance=net.linear(hidden, "log_variance", 96, 8))


def decoder(path, seed):
    net = Network(seed)
    net.save(path, image=to_pixels(net, net.node("Tanh", net.mlp(net.input("code", 8), [8, 96, 64]))))


def classifier(path, seed, width):
    net = Network(seed)
    net.save(path, logits=net.mlp(from_pixels(net, net.input("image", 8, 8)), [64, width, 10]))


if __name__ == "__main__":
    generator("generator.onnx", 1)
    critic("critic.onnx", 2)
    encoder("encoder.onnx", 3)
    decoder("decoder.onnx", 4)
    classifier("teacher.onnx", 5, 128)
    classifier("student.onnx", 6, 6)
