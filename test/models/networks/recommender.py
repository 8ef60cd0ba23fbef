"""Recommenders: neural collaborative filtering, and DLRM with multi-hot embeddings and pairwise dot products."""

import numpy as np

from graph import Graph
from networks import Network, integers, normal

USERS, ITEMS, TABLES, HOT, WIDTH = 50, 70, 3, 4, 16


def ncf(name, batch):
    """The product of two embeddings beside an MLP over two others."""
    g = Graph(name, 13)
    user, item = (g.input(key, [batch], np.int64) for key in ("user", "item"))
    factors = g.mul(g.gather(g.weight(USERS, 8, fan_in=4), user), g.gather(g.weight(ITEMS, 8, fan_in=4), item))
    x = g.concat(g.gather(g.weight(USERS, 16, fan_in=4), user), g.gather(g.weight(ITEMS, 16, fan_in=4), item), axis=1)
    for before, after in ((32, 24), (24, 8)):
        x = g.relu(g.linear(x, before, after))
    score = g.sigmoid(g.linear(g.concat(factors, x, axis=1), 16, 1))
    g.output(g.squeeze(score, 1), "score")
    return g.model()


def dlrm(name, batch):
    g = Graph(name, 17)
    features = g.input("dense", [batch, 13])
    sparse = g.input("sparse", [TABLES, batch, HOT], np.int64)
    bottom = g.relu(g.linear(g.relu(g.linear(features, 13, 24)), 24, WIDTH))
    vectors = [g.unsqueeze(bottom, 1)]
    for table in range(TABLES):
        indices = g.gather(sparse, g.constant(table, np.int64), axis=0)
        bag = g.sum(g.gather(g.weight(40, WIDTH, fan_in=4), indices), 1, keepdims=0)
        vectors.append(g.unsqueeze(bag, 1))
    stacked = g.concat(*vectors, axis=1)
    products = g.matmul(stacked, g.transpose(stacked, 0, 2, 1))
    pairs = [(i, j) for i in range(TABLES + 1) for j in range(i)]
    flat = g.reshape(products, -1, (TABLES + 1) ** 2)
    chosen = g.gather(flat, g.constant([i * (TABLES + 1) + j for i, j in pairs], np.int64), axis=1)
    x = g.concat(bottom, chosen, axis=1)
    x = g.relu(g.linear(x, WIDTH + len(pairs), 20))
    g.output(g.sigmoid(g.linear(x, 20, 1)), "probability")
    return g.model()


def pair(batch):
    return {"user": integers(batch, USERS, batch), "item": integers(batch + 1, ITEMS, batch)}


def click(batch):
    return {"dense": normal(batch, batch, 13), "sparse": integers(batch, 40, TABLES, batch, HOT)}


def networks():
    yield Network("ncf", ncf("ncf", 4), [pair(4)])
    yield Network("ncf_batch", ncf("ncf_batch", "N"), [pair(1), pair(33)])
    yield Network("dlrm", dlrm("dlrm", 2), [click(2)])
    yield Network("dlrm_batch", dlrm("dlrm_batch", "N"), [click(1), click(8)])
