"""Vision Transformers: patch convolution, class token, pre-normalised encoder."""

import numpy as np

from graph import Graph
from networks import Network, normal
from networks.transformer import attention, feed_forward

WIDTH, HEADS, PATCHES = 48, 4, 16


def class_token(g, x, batch):
    """The learned token before the patches, broadcast to a batch that may be free."""
    token = g.constant(g.random.normal(0, 0.2, (1, 1, WIDTH)).astype(np.float32))
    if batch != 1:
        token = g.op("Expand", token, g.concat(g.dimension(x, 0), g.ints(1), g.ints(WIDTH), axis=0))
    return g.concat(token, x, axis=1)


def vit(name, batch, opset):
    g = Graph(name, opset)
    image = g.input("image", [batch, 3, 32, 32])
    x = g.conv(image, 3, WIDTH, 8, 8, pad=0)
    extent = 1 if batch == 1 else g.dimension(image, 0)
    x = g.transpose(g.reshape_to(x, extent, WIDTH, PATCHES), 0, 2, 1)
    x = class_token(g, x, batch)
    x = g.add(x, g.constant(g.random.normal(0, 0.2, (1, PATCHES + 1, WIDTH)).astype(np.float32)))
    for _ in range(2):
        x = g.add(x, attention(g, g.layer_norm(x, WIDTH), WIDTH, HEADS, extent, PATCHES + 1))
        x = g.add(x, feed_forward(g, g.layer_norm(x, WIDTH), WIDTH, 96, g.gelu))
    x = g.gather(g.layer_norm(x, WIDTH), g.constant(0, np.int64), axis=1)
    g.output(g.linear(x, WIDTH, 10), "logits", shape=[batch, 10])
    return g.model()


def networks():
    images = [{"image": normal(n, n, 3, 32, 32)} for n in (1, 3)]
    yield Network("vit", vit("vit", 1, 17), images[:1])
    yield Network("vit_o13", vit("vit_o13", 1, 13), images[:1])
    yield Network("vit_batch", vit("vit_batch", "N", 20), images)
