# RUN: %python %s
"""Gradients of gathers and scatters: what was read several times receives the sum."""

import numpy as np

from gradients import check_derivatives, check_gradients
from rows import Constant, Row, integers, normal

I64 = np.int64
distinct = np.array([[0, 3, 1], [2, 0, 4]], I64)
rows = [
    Row("Gather", normal(6, 3), integers(0, 6, 2, 5)),
    Row("Gather", normal(6, 3), integers(-6, 6, 9), free=(1,)),
    Row("Gather", normal(2, 5, 3), integers(0, 5, 4), axis=1, free=(0,)),
    Row("Gather", normal(2, 5, 3), np.array(2, I64), axis=2),
    Row("GatherElements", normal(4, 5), integers(0, 5, 4, 7), axis=1),
    Row("GatherElements", normal(4, 5), integers(-4, 4, 6, 5), axis=0),
    Row("GatherND", normal(3, 4, 5), integers(0, 3, 6, 2)),
    Row("GatherND", normal(3, 4, 5), integers(0, 4, 3, 2, 1), batch_dims=1),
    Row("ScatterElements", normal(2, 5), distinct, normal(2, 3), axis=1),
    Row("ScatterElements", normal(2, 5), integers(0, 5, 2, 3), normal(2, 3), axis=1, reduction="add"),
    Row("ScatterElements", normal(2, 5), distinct, normal(2, 3), axis=1, reduction="mul"),
    Row("ScatterElements", normal(2, 5), integers(0, 2, 2, 4), normal(2, 4) * [0, 1, 1, 1], axis=1, reduction="mul", note="by zeros"),
    Row("ScatterND", normal(6, 3), Constant([[4], [1]], I64), normal(2, 3)),
    Row("ScatterND", normal(6, 3), integers(0, 6, 4, 1), normal(4, 3), reduction="add"),
    Row("TopK", normal(3, 7), Constant([3], I64), results=2, axis=1),
]

check_derivatives(rows)
check_gradients([Row("ScatterElements", normal(2, 5), np.array([[1, 1, 1], [2, 2, 0]], I64), normal(2, 3) * [0, 0, 1], axis=1, reduction="mul")])
check_derivatives([
    Row("ScatterElements", normal(2, 5), integers(0, 5, 2, 3), normal(2, 3), axis=1, reduction="max"),
    Row("ScatterND", normal(6, 3), integers(0, 6, 4, 1), normal(4, 3), reduction="min"),
], opset=18)
