# RUN: %python %s
"""Gradients of reductions and running sums."""

import numpy as np

from gradients import check_derivatives, check_gradients, check_second_order
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

def with_zeros(*places):
    """Running products end at a zero, but their derivatives by it do not."""
    row = normal(2, 6)
    row[:, places] = 0
    return row


products = [Row("CumProd", with_zeros(*places), Constant(1, np.int64), **options)
            for places in ((), (2,), (0,), (1, 4)) for options in (dict(), dict(exclusive=1), dict(reverse=1), dict(exclusive=1, reverse=1))]
check_derivatives(rows)
check_gradients(products, opset=26)
check_second_order([row for row in products if np.sum(row.operands[0][0] == 0) < 2], opset=26)
