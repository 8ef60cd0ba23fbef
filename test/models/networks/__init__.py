"""Small networks of every family Ingot promises, one module a family.

A module has `networks()`, which yields Network records; `FAMILIES` lists the modules in the order of the table.
"""

import dataclasses

import numpy as np

FAMILIES = (
    "mlp", "cnn", "resnet", "mobilenet", "efficientnet", "vit", "bert", "gpt", "dcgan", "autoencoder",
    "recommender", "policy", "unet", "keras", "recurrent", "opsets",
)  # fmt: skip


@dataclasses.dataclass
class Network:
    """A model, the inputs it is run on, and how near the outputs must be: |a-b| <= atol * max|b| + rtol * |b|."""

    name: str
    model: object
    cases: list
    options: tuple = ()
    rtol: float = 1e-4
    atol: float = 2e-5


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)


def integers(seed, below, *shape, dtype=np.int64):
    return np.random.default_rng(seed).integers(0, below, shape).astype(dtype)
