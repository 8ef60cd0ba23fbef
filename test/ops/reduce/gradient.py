# RUN: %python %s
"""Gradients of reductions and running sums."""

import numpy as np

from gradients import check_gradients
from rows import Constant, Row, normal, uniform

rows = []
for name in "ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSumExp ReduceSumSquare".split():
    axes = dict() if name == "ReduceSum" else dict(axes=[1])
    operands = [Constant([1], np.int64)] if name == "ReduceSum" else []
    rows.append(Row(name, normal(3, 4, 5), *operands, free=(0,), **axes))
    axes = dict() if name == "ReduceSum" else dict(axes=[0, 2])
    operands = [Constant([0, 2], np.int64)] if name == "ReduceSum" else []
    rows.append(Row(name, normal(3, 4, 5), *operands, keepdims=0, **axes))
rows += [
    Row("ReduceLogSum", uniform(0.5, 2, 3, 4), axes=[1]),
    Row("ReduceMean", normal(3, 4)),
    Row("ReduceSum", normal(2, 0, 4), Constant([1], np.int64), note="of nothing, across rows"),
    Row("ReduceSum", normal(2, 4, 0), Constant([2], np.int64), note="of nothing, along rows"),
    Row("ReduceProd", normal(3, 4)),
    Row("CumSum", normal(3, 5), Constant(1, np.int64), free=(0,)),
    Row("CumSum", normal(3, 5), Constant(0, np.int64), exclusive=1, reverse=1),
]

check_gradients(rows)
