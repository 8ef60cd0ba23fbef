"""Writes dqn.onnx, an untrained network that tells the value of a push to the left and to the right."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network import Network

if __name__ == "__main__":
    net = Network(seed=1)
    net.save("dqn.onnx", values=net.mlp(net.input("observation", 4), [4, 64, 64, 2]))
