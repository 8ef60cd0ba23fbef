"""Writes two half moons as points.npz, and diffusion.onnx: a perceptron that tells, from a noisy point and the time, which noise it was."""

import pathlib
import sys

import numpy as np
from sklearn.datasets import make_moons

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network import Network

WIDTH, WAVES = 128, 8


def moons(count, seed):
    points, _ = make_moons(count, noise=0.05, random_state=seed)
    return ((points - [0.5, 0.25]) / [0.87, 0.5]).astype(np.float32)


def main():
    np.savez("points.npz", point=moons(40960, 0))
    net = Network(seed=1)
    point, time = net.input("point", 2), net.input("time", 1)  # time in [0, 1)
    angles = net.node("Mul", time, net.constant((np.pi * 2.0 ** np.arange(-1, WAVES - 1)).astype(np.float32)))
    x = net.node("Concat", point, net.node("Sin", angles), net.node("Cos", angles), axis=1)
    net.save("diffusion.onnx", noise=net.mlp(x, [2 + 2 * WAVES, WIDTH, WIDTH, WIDTH, 2], "Softplus"))


if __name__ == "__main__":
    main()
