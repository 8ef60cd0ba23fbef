"""BERT-like encoders: embeddings, attention mask, post-normalisation, pooler; fixed and free batch and length."""

import numpy as np

from graph import Graph
from networks import Network, integers
from networks.transformer import additive_mask, attention, feed_forward

WIDTH, HEADS, WORDS, LONGEST = 32, 4, 100, 24


def embed(g, ids, types, length):
    words, positions = g.weight(WORDS, WIDTH, fan_in=4), g.weight(LONGEST, WIDTH, fan_in=4)
    x = g.add(g.gather(words, ids), g.gather(g.weight(2, WIDTH, fan_in=4), types))
    if isinstance(length, int):
        places = g.constant(np.arange(length)[None])
    else:
        zero, one = g.constant(0, np.int64), g.constant(1, np.int64)
        places = g.unsqueeze(g.op("Range", zero, g.squeeze(length, 0), one), 0)
    return g.layer_norm(g.add(x, g.gather(positions, places)), WIDTH)


def bert(name, batch, length, opset, pooled=True):
    g = Graph(name, opset)
    ids, mask, types = (g.input(i, [batch, length], np.int64) for i in ("input_ids", "attention_mask", "token_type_ids"))
    if isinstance(batch, str):
        batch, length = g.dimension(ids, 0), g.dimension(ids, 1)
    additive = additive_mask(g, mask)
    x = embed(g, ids, types, length)
    for _ in range(2):
        x = g.layer_norm(g.add(x, attention(g, x, WIDTH, HEADS, batch, length, additive)), WIDTH)
        x = g.layer_norm(g.add(x, feed_forward(g, x, WIDTH, 64, g.gelu)), WIDTH)
    g.output(x, "last_hidden_state")
    if pooled:
        first = g.gather(x, g.constant(0, np.int64), axis=1)
        g.output(g.tanh(g.linear(first, WIDTH, WIDTH)), "pooler_output")
    return g.model()


def feed(batch, length):
    lengths = length - np.arange(batch) % length
    return {
        "input_ids": integers(batch * length, WORDS, batch, length),
        "attention_mask": (np.arange(length)[None] < lengths[:, None]).astype(np.int64),
        "token_type_ids": integers(1, 2, batch, length),
    }


def networks():
    yield Network("bert", bert("bert", 1, 16, 17), [feed(1, 16)])
    yield Network("bert_o11", bert("bert_o11", 2, 11, 11), [feed(2, 11)])
    shapes = [feed(*shape) for shape in ((1, 1), (1, 7), (3, 16), (2, 24))]
    yield Network("bert_dynamic", bert("bert_dynamic", "batch", "seq", 14), shapes)
    yield Network("bert_dynamic_o20", bert("bert_dynamic_o20", "batch", "seq", 20, False), shapes)
