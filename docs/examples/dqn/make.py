"""Writes dqn.onnx: the value of each action, and the loss of those that were taken."""

import pathlib
import sys

import numpy as np
from onnx import TensorProto

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network import Network


def main():
    net = Network(seed=1)
    observation = net.input("observation", 4)
    action, goal = net.input("action", 1, dtype=TensorProto.INT64), net.input("goal", 1)
    values = net.mlp(observation, [4, 64, 64, 2])
    error = net.node("Sub", net.node("GatherElements", values, action, axis=1), goal)
    # Huber: the square near zero, the absolute value beyond 1.
    size = net.node("Abs", error)
    square = net.node("Min", size, net.constant(np.float32(1)))
    huber = net.node("Sub", net.node("Mul", square, size), net.node("Mul", net.node("Mul", square, square), net.constant(np.float32(0.5))))
    net.save("dqn.onnx", values=values, loss=net.node("ReduceMean", huber, keepdims=0))


if __name__ == "__main__":
    main()
