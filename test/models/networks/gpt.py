"""GPT-style decoders: fused projection, causal mask, tied output embedding; a decode step with past keys and values."""

import math

import numpy as np

from graph import Graph
from networks import Network, integers, normal
from networks.transformer import feed_forward, split_heads

WIDTH, HEADS, WORDS, LONGEST = 32, 4, 90, 32
SIZE = WIDTH // HEADS


def causal_mask(g, length):
    """The corner of a constant triangle, as GPT-2's exports slice it, made additive."""
    triangle = g.constant(np.tril(np.ones((1, 1, LONGEST, LONGEST), np.bool_)))
    if isinstance(length, int):
        return g.slice(g.slice(triangle, 2, 0, length), 3, 0, length)
    rows = g.op("Slice", triangle, g.ints(0), length, g.ints(2))
    return g.op("Slice", rows, g.ints(0), length, g.ints(3))


def causal_attention(g, x, batch, length, past=None):
    fused = g.dense(x, WIDTH, 3 * WIDTH)
    query, key, value = g.split(fused, [WIDTH] * 3, axis=2)
    query, key, value = (split_heads(g, part, batch, length, HEADS, SIZE, 0, 2, 1, 3) for part in (query, key, value))
    if past:
        key, value = g.concat(past[0], key, axis=2), g.concat(past[1], value, axis=2)
    scores = g.mul(g.matmul(query, g.transpose(key, 0, 1, 3, 2)), g.constant(1 / math.sqrt(SIZE), np.float32))
    if not past:
        scores = g.op("Where", causal_mask(g, length), scores, g.constant(-3.4028235e38, np.float32))
    mixed = g.transpose(g.matmul(g.softmax(scores), value), 0, 2, 1, 3)
    return g.dense(g.reshape_to(mixed, batch, length, WIDTH), WIDTH, WIDTH), key, value


def embed(g, ids, places, table):
    return g.add(g.gather(table, ids), g.gather(g.weight(LONGEST, WIDTH, fan_in=4), places))


def gpt(name, batch, length, opset):
    g = Graph(name, opset)
    ids = g.input("input_ids", [batch, length], np.int64)
    table = g.weight(WORDS, WIDTH, fan_in=4)
    if isinstance(length, int):
        places = g.constant(np.arange(length)[None])
    else:
        batch, length = g.dimension(ids, 0), g.dimension(ids, 1)
        zero, one = g.constant(0, np.int64), g.constant(1, np.int64)
        places = g.unsqueeze(g.op("Range", zero, g.squeeze(length, 0), one), 0)
    x = embed(g, ids, places, table)
    for _ in range(2):
        x = g.add(x, causal_attention(g, g.layer_norm(x, WIDTH), batch, length)[0])
        x = g.add(x, feed_forward(g, g.layer_norm(x, WIDTH), WIDTH, 64, g.gelu_tanh))
    g.output(g.matmul(g.layer_norm(x, WIDTH), g.transpose(table, 1, 0)), "logits")
    return g.model()


def decode(name):
    """One new token per sequence; keys and values grow by one."""
    g = Graph(name, 17)
    ids = g.input("input_ids", ["batch", 1], np.int64)
    past = [g.input(f"past_{part}", ["batch", HEADS, "past", SIZE]) for part in ("key", "value")]
    batch = g.dimension(ids, 0)
    place = g.unsqueeze(g.dimension(past[0], 2), 0)
    x = embed(g, ids, place, g.weight(WORDS, WIDTH, fan_in=4))
    y, key, value = causal_attention(g, g.layer_norm(x, WIDTH), batch, 1, past)
    g.output(g.layer_norm(g.add(x, y), WIDTH), "hidden")
    g.output(key, "present_key")
    g.output(value, "present_value")
    return g.model()


def step(batch, past):
    keys = {f"past_{part}": normal(past, batch, HEADS, past, SIZE) for part in ("key", "value")}
    return {"input_ids": integers(past, WORDS, batch, 1), **keys}


def networks():
    yield Network("gpt", gpt("gpt", 1, 16, 13), [{"input_ids": integers(1, WORDS, 1, 16)}])
    shapes = [{"input_ids": integers(n, WORDS, b, n)} for b, n in ((1, 1), (1, 9), (2, 32))]
    yield Network("gpt_dynamic", gpt("gpt_dynamic", "batch", "seq", 17), shapes)
    yield Network("gpt_decode", decode("gpt_decode"), [step(1, 1), step(2, 7), step(1, 30)])
