"""Writes an untrained recommender, and made-up ratings with a taste behind them.

Users and films have six hidden traits each; a user watches the films that fit best, with some chance in it. One film of each
user is held out. A pair that was not watched, drawn at random, is the opposite of each pair that was (negative sampling).
"""

import pathlib
import sys

import numpy as np
from onnx import TensorProto

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network import Network

USERS, FILMS, TRAITS, WATCHED, NEGATIVES, WIDTH = 400, 200, 6, 30, 4, 16


def history(random):
    """The films that each user watched, in random order: [USERS, WATCHED]."""
    users, films = (random.normal(0, 1, (count, TRAITS)) for count in (USERS, FILMS))
    fit = users @ films.T + random.gumbel(0, 1, (USERS, FILMS))
    return random.permuted(np.argsort(-fit, axis=1)[:, :WATCHED], axis=1)


def sampled(random, watched, pairs, negatives):
    """Arrays for training: each (user, film) of `pairs` as 1, and some that the user has never watched as 0."""
    user, film, target = [], [], []
    for who, liked in pairs:
        others = random.choice(np.setdiff1d(np.arange(FILMS), watched[who]), negatives, replace=False)
        user += [who] * (1 + negatives)
        film += [liked, *others]
        target += [1] + [0] * negatives
    return {"user": np.array(user), "film": np.array(film), "target": np.array(target, np.float32)[:, None]}


def network():
    net = Network(seed=1)
    user = net.embedding(net.input("user", dtype=TensorProto.INT64), "users", USERS, WIDTH, 0.1)
    film = net.embedding(net.input("film", dtype=TensorProto.INT64), "films", FILMS, WIDTH, 0.1)
    both = net.node("Concat", user, film, net.node("Mul", user, film), axis=1)
    net.save("recommender.onnx", score=net.mlp(both, [3 * WIDTH, 32, 1]))


def main():
    random = np.random.default_rng(0)
    watched = history(random)
    known = [(user, film) for user in range(USERS) for film in watched[user, 1:]]
    held_out = list(enumerate(watched[:, 0]))
    np.savez("train.npz", **sampled(random, watched, known, NEGATIVES))
    np.savez("val.npz", **sampled(random, watched, held_out, 1))
    np.savez("ranking.npz", **sampled(random, watched, held_out, 99))
    network()


if __name__ == "__main__":
    main()
