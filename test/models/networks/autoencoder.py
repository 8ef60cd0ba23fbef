"""Autoencoders: dense, convolutional, denoising, and the variational one with its noise as an input."""

import numpy as np

from graph import Graph
from networks import Network, normal


def dense(name, batch):
    g = Graph(name, 13)
    x = g.input("x", [batch, 96])
    for before, after in ((96, 40), (40, 12), (12, 40)):
        x = g.relu(g.linear(x, before, after))
    g.output(g.sigmoid(g.linear(x, 40, 96)), "reconstruction")
    return g.model()


def convolutional(name, batch):
    g = Graph(name, 15)
    x = g.input("image", [batch, 1, 28, 28])
    x = g.relu(g.conv(x, 1, 12, 3, 2))
    x = g.relu(g.conv(x, 12, 20, 3, 2))
    x = g.relu(g.conv_transpose(x, 20, 12))
    g.output(g.sigmoid(g.conv_transpose(x, 12, 1)), "reconstruction")
    return g.model()


def variational(name, batch):
    """Two heads, the reparametrised sample, and all three as outputs."""
    g = Graph(name)
    x, noise = g.input("x", [batch, 64]), g.input("noise", [batch, 8])
    hidden = g.relu(g.linear(x, 64, 32))
    mean, logarithm = g.linear(hidden, 32, 8), g.linear(hidden, 32, 8, gain=0.1)
    spread = g.op("Exp", g.mul(logarithm, g.constant(0.5, np.float32)))
    sample = g.add(mean, g.mul(spread, noise))
    g.output(g.sigmoid(g.linear(g.relu(g.linear(sample, 8, 32)), 32, 64)), "reconstruction")
    g.output(mean, "mean")
    g.output(logarithm, "log_variance")
    return g.model()


def feed(batch):
    return {"x": normal(batch, batch, 64), "noise": normal(batch + 1, batch, 8)}


def networks():
    yield Network("autoencoder_dense", dense("autoencoder_dense", 1), [{"x": normal(1, 1, 96)}])
    batches = [{"x": normal(n, n, 96)} for n in (1, 17)]
    yield Network("autoencoder_dense_batch", dense("autoencoder_dense_batch", "N"), batches)
    images = [{"image": normal(n, n, 1, 28, 28)} for n in (1, 3)]
    yield Network("autoencoder_conv", convolutional("autoencoder_conv", "N"), images)
    yield Network("vae", variational("vae", 1), [feed(1)])
    yield Network("vae_batch", variational("vae_batch", "N"), [feed(1), feed(9)])
