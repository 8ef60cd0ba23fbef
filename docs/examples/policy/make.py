"""Writes policy.onnx: a policy for the cart, and the loss of the policy gradient."""

import pathlib
import sys

import numpy as np
from onnx import TensorProto

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network import Network


def main():
    net = Network(seed=1)
    observation = net.input("observation", 4)
    action, advantage = net.input("action", 1, dtype=TensorProto.INT64), net.input("advantage", 1)
    logits = net.mlp(observation, [4, 64, 2], "Tanh")
    logs = net.node("LogSoftmax", logits, axis=1)
    chosen = net.node("GatherElements", logs, action, axis=1)
    gain = net.node("ReduceMean", net.node("Mul", chosen, advantage), keepdims=0)
    # Of all policies that do as well, the one that stays open: a small reward for entropy.
    entropy = net.node("ReduceMean", net.node("Mul", net.node("Exp", logs), logs), keepdims=0)
    loss = net.node("Sub", net.node("Mul", entropy, net.constant(np.float32(0.02))), gain)
    net.save("policy.onnx", logits=logits, loss=loss)


if __name__ == "__main__":
    main()
