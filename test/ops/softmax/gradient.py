# RUN: %python %s
"""Gradients of softmax and its logarithm."""

import numpy as np

from gradients import check_derivatives
from rows import Row, normal

check_derivatives([
    Row(name, operand, **options)
    for name in ("Softmax", "LogSoftmax")
    for operand, options in ((normal(4, 9), dict(free=(0,))), (normal(2, 5, 3), dict(axis=1)), (normal(2, 40), dict(axis=-1)))
])

# A row that its mask excludes altogether: softmax gives NaN there, which Attention replaces by 0, and so must the gradient.
mask = np.tril(np.ones((4, 6), bool), -1)
check_derivatives([Row("Attention", normal(1, 2, 4, 8), normal(1, 2, 6, 8), normal(1, 2, 6, 8), mask)], opset=23)
