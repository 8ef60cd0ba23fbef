"""The Transformer's pieces as exporters spell them, shared by ViT, BERT and GPT."""

import math

import numpy as np


def split_heads(g, x, batch, length, heads, size, *order):
    return g.transpose(g.reshape_to(x, batch, length, heads, size), *order)


def attention(g, x, width, heads, batch, length, mask=None):
    """Separate projections; `batch` and `length` are numbers or one-element tensors; `mask` is added to the scores."""
    size = width // heads
    query, key, value = (g.dense(x, width, width) for _ in range(3))
    query = split_heads(g, query, batch, length, heads, size, 0, 2, 1, 3)
    key = split_heads(g, key, batch, length, heads, size, 0, 2, 3, 1)
    value = split_heads(g, value, batch, length, heads, size, 0, 2, 1, 3)
    scores = g.op("Div", g.matmul(query, key), g.constant(math.sqrt(size), np.float32))
    if mask:
        scores = g.add(scores, mask)
    mixed = g.transpose(g.matmul(g.softmax(scores), value), 0, 2, 1, 3)
    return g.dense(g.reshape_to(mixed, batch, length, width), width, width)


def feed_forward(g, x, width, inner, activation):
    return g.dense(activation(g.dense(x, width, inner)), inner, width)


def additive_mask(g, mask, unsqueezed=(1, 2)):
    """1 for a token that counts and 0 for padding -> 0 and -10000, broadcast over heads and queries."""
    cast = g.op("Cast", g.unsqueeze(mask, *unsqueezed), to=1)
    return g.mul(g.op("Sub", g.constant(1, np.float32), cast), g.constant(-10000, np.float32))
