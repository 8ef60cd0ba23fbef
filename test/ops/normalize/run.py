# RUN: %python %s
"""Batch, layer, group, instance and local response normalisation."""

import numpy as np

from rows import Constant, Row, check, normal, uniform


def batch_norm(*shape, **options):
    channels = shape[1]
    statistics = [Constant(normal(channels)) for _ in range(3)] + [Constant(uniform(0.5, 2, channels))]
    return Row("BatchNormalization", normal(*shape), *statistics, free=(0,), **options)


def layer_norm(*shape, axis=-1, bias=True, **options):
    inner = shape[axis:] if axis < 0 else shape[axis:]
    operands = [Constant(normal(*inner))] + ([Constant(normal(*inner))] if bias else [])
    return Row("LayerNormalization", normal(*shape) * 3 + 1, *operands, axis=axis, free=(0,) if axis else (), **options)


rows = [
    batch_norm(2, 5, 4, 3),
    batch_norm(3, 7),
    batch_norm(1, 16, 6, 6, epsilon=1e-3),
    layer_norm(4, 30),
    layer_norm(2, 3, 64, epsilon=1e-3),
    layer_norm(2, 3, 17, bias=False),
    layer_norm(3, 4, 5, axis=1),
    Row("InstanceNormalization", normal(2, 4, 5, 6), Constant(normal(4)), Constant(normal(4)), free=(0,)),
    Row("LRN", normal(1, 9, 4, 4), size=5, alpha=1e-2, beta=0.75, bias=1.0),
    Row("LRN", normal(1, 4, 3, 3), size=3),
    Row("LpNormalization", normal(3, 8), axis=1, p=2),
    Row("LpNormalization", normal(3, 8), axis=0, p=1),
    Row("MeanVarianceNormalization", normal(2, 3, 5, 4)),
]

check(rows, rtol=1e-4, atol=5e-6)
