# RUN: %python %s
"""Softmax and its logarithm along any axis, with large inputs and masked rows, and the flattening form below opset 13."""

import numpy as np

from rows import Row, check, normal

masked = normal(3, 20)
masked[:, 7:] = -np.inf
rows = []
for kind in ("Softmax", "LogSoftmax"):
    rows += [Row(kind, normal(*shape) * 5, axis=axis, free=(0,) if axis else ()) for shape, axis in
             (((4, 10), -1), ((3, 17), 1), ((2, 3, 130), 2), ((2, 30, 3), 1), ((5, 4), 0), ((7,), 0), ((2, 1), 1),
              ((6, 8), 1), ((3, 7, 4), 2), ((19, 2), 1), ((4, 16, 8), 2))]  # fmt: skip
    rows += [Row(kind, normal(3, 9) * 80, axis=1, note="large"), Row(kind, np.zeros((1, 5), np.float32) - 1e30)]
rows += [Row("Softmax", masked, axis=1, note="masked"), Row("Hardmax", normal(4, 9), axis=1)]

check(rows)
check([Row("Softmax", normal(2, 3, 4), axis=1), Row("LogSoftmax", normal(2, 3, 4), axis=2)], opset=11)
