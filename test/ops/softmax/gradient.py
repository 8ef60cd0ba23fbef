# RUN: %python %s
"""Gradients of softmax and its logarithm."""

from gradients import check_gradients
from rows import Row, normal

check_gradients([
    Row(name, operand, **options)
    for name in ("Softmax", "LogSoftmax")
    for operand, options in ((normal(4, 9), dict(free=(0,))), (normal(2, 5, 3), dict(axis=1)), (normal(2, 40), dict(axis=-1)))
])
