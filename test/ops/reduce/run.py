# RUN: %python %s
"""Reductions over every kind of axis set, arg-reductions with ties, and running sums."""

import numpy as np

from rows import Constant, Row, check, integers, normal, uniform

rows = []
for kind in ("Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSumExp"):
    for shape, axes in (((3, 50), (1,)), ((4, 5, 6), (0, 2)), ((2, 3, 4, 5), (2, 3)), ((2, 40, 3), (1,)), ((33,), (-1,))):
        x = uniform(0.5, 1.5, *shape)
        operands = [x, Constant(axes, np.int64)] if kind == "Sum" else [x]
        attributes = {} if kind == "Sum" else {"axes": list(axes)}
        free = (0,) if 0 not in axes and axes != (-1,) else ()
        rows.append(Row(f"Reduce{kind}", *operands, keepdims=len(shape) % 2, free=free, **attributes))
rows += [
    Row("ReduceMean", normal(3, 4), note="all axes"),
    Row("ReduceSum", normal(3, 4), keepdims=0, note="all axes"),
    Row("ReduceSum", normal(3, 4), Constant([], np.int64), noop_with_empty_axes=1),
    Row("ReduceSum", normal(2, 0, 4), Constant([1], np.int64), note="of nothing, across rows"),
    Row("ReduceSum", normal(2, 4, 0), Constant([2], np.int64), note="of nothing, along rows"),
    Row("ReduceSum", normal(2, 0), keepdims=0, note="of nothing, over axes that are walked as one"),
    Row("ReduceSum", normal(2, 0, 3), Constant([0, 1], np.int64), keepdims=0, note="of nothing, over both axes before rows"),
    Row("ReduceMax", integers(0, 9, 3, 0, 2), axes=[0, 1, 2], keepdims=0, note="of nothing"),
    Row("ReduceProd", normal(2, 0, 4), axes=[1], note="of nothing"),
    Row("ReduceMean", integers(0, 9, 0, 4, dtype=np.int32), axes=[0], free=(0,), note="of no integers"),
    Row("ReduceLogSum", uniform(1, 2, 3, 9), axes=[1]),
    Row("ReduceLogSum", integers(1, 9, 3, 7, dtype=np.int32), axes=[1], note="cut to an integer"),
    Row("ReduceLogSumExp", np.array([[-np.inf, -np.inf], [1, -np.inf], [np.inf, 1]], np.float32), axes=[1]),
    Row("ReduceMax", integers(-9, 9, 3, 7, dtype=np.int32), axes=[1]),
    Row("ReduceSum", integers(-9, 9, 3, 7), Constant([0], np.int64)),
]
for kind in ("ArgMax", "ArgMin"):
    tied = integers(0, 4, 5, 9).astype(np.float32)
    rows += [Row(kind, tied, axis=axis, keepdims=axis, select_last_index=last) for axis in (0, 1) for last in (0, 1)]
rows += [Row("CumSum", normal(3, 8), Constant(1, np.int64), exclusive=e, reverse=r) for e in (0, 1) for r in (0, 1)]

check(rows, atol=5e-6)

axes = Constant([-1], np.int64)
check([Row(f"Reduce{kind}", uniform(0.5, 1.5, 3, 21), axes, free=(0,)) for kind in ("Mean", "Max", "L2", "Prod")], opset=18)
