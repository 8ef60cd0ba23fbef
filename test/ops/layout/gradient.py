# RUN: %python %s
"""Gradients of what moves elements: the same elements at other places."""

import numpy as np

from gradients import check_derivatives
from rows import Constant, Row, normal

I64 = np.int64


def integers(*numbers):
    return Constant(list(numbers), I64)


rows = [
    Row("Reshape", normal(2, 3, 4), integers(4, 6)),
    Row("Transpose", normal(2, 3, 4), perm=[2, 0, 1], free=(0,)),
    Row("Expand", normal(3, 1), integers(2, 3, 4)),
    Row("Concat", normal(2, 3), normal(2, 5), normal(2, 1), axis=1, free=(0, 1, 2)),
    Row("Concat", normal(2, 3), normal(1, 3), axis=0),
    Row("Split", normal(6, 4), axis=0, results=3),
    Row("Slice", normal(7, 6), integers(1), integers(5), integers(0)),
    Row("Slice", normal(7, 6), integers(1, 0), integers(7, 6), integers(0, 1), integers(2, 4)),
    Row("Slice", normal(7, 6), integers(-1, 4), integers(-8, 0), integers(0, 1), integers(-1, -2)),
    Row("Slice", normal(7, 6), integers(1), integers(3), integers(1), free=(0,)),
    Row("Slice", normal(7, 6), integers(2), integers(2**31), integers(0), free=(0,)),
    Row("Slice", normal(7, 6), integers(-3), integers(2**31), integers(0), free=(0,)),
    Row("Slice", normal(7, 6), integers(0), integers(2**31), integers(0), integers(2)),
    Row("Pad", normal(3, 4), integers(1, 0, 2, 3), normal()),
    Row("Pad", normal(3, 4), integers(-1, 1, 0, -2)),
    Row("Pad", normal(4, 5), integers(2, 0, 1, 3), mode="reflect"),
    Row("Pad", normal(4, 5), integers(2, 0, 1, 3), mode="edge"),
    Row("Tile", normal(2, 3), integers(2, 3)),
    Row("DepthToSpace", normal(1, 8, 2, 3), blocksize=2),
    Row("SpaceToDepth", normal(1, 2, 4, 6), blocksize=2),
    Row("Unsqueeze", normal(2, 3), integers(1)),
    Row("Flatten", normal(2, 3, 4), axis=2, free=(0,)),
    Row("Trilu", normal(4, 5), upper=0),
]

check_derivatives(rows)
