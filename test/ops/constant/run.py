# RUN: %python %s
"""Tensors that the model file holds or that follow from shapes: constants of every type, Shape, Size, Range."""

import numpy as np

from rows import Constant, Row, check, integers, normal

I64 = np.int64
types = (np.float32, np.float64, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.bool_)
rows = [Row("Identity", Constant(integers(0, 2, 3, 4).astype(dtype)), note=dtype.__name__) for dtype in types]
rows += [
    Row("Identity", Constant(normal(100, 7)), note="too large for the text form"),
    Row("Add", normal(3, 4), Constant(normal(3, 4)), free=(0,)),
    Row("Shape", normal(3, 4, 5), free=(0,)),
    Row("Shape", normal(3, 4, 5), start=1, end=-1),
    Row("Size", normal(3, 4, 5), free=(0,)),
    Row("ConstantOfShape", Constant([2, 3], I64)),
    Row("Range", Constant(2, I64), Constant(11, I64), Constant(3, I64)),
    Row("Range", Constant(5, np.float32), Constant(1, np.float32), Constant(-1.5, np.float32)),
]

check(rows)
