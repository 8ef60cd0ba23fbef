# RUN: %python %s
"""Gradients of pooling and of resampling."""

import numpy as np

from gradients import check_gradients, check_second_order
from rows import Constant, Row, normal

rows = []
for kind in ("MaxPool", "AveragePool"):
    rows += [
        Row(kind, normal(2, 3, 8, 6), kernel_shape=[2, 2], strides=[2, 2], free=(0,)),
        Row(kind, normal(1, 4, 9, 7), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], free=(0,)),
        Row(kind, normal(1, 3, 7, 7), kernel_shape=[3, 2], pads=[0, 1, 2, 0]),
        Row(kind, normal(1, 3, 8, 8), kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
        Row(kind, normal(1, 3, 9, 10), kernel_shape=[2, 3], auto_pad="SAME_UPPER", strides=[2, 2]),
        Row(kind, normal(2, 4, 11), kernel_shape=[3], strides=[2]),
        Row(kind, normal(1, 2, 4, 4, 4), kernel_shape=[2, 2, 2], strides=[2, 2, 2]),
    ]
rows += [
    Row("MaxPool", normal(1, 3, 9, 9), kernel_shape=[3, 3], dilations=[2, 2]),
    Row("AveragePool", normal(1, 3, 7, 7), kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
    Row("GlobalAveragePool", normal(2, 5, 4, 3), free=(0,)),
    Row("GlobalMaxPool", normal(2, 5, 4, 3), free=(0,)),
    Row("GlobalLpPool", normal(2, 5, 4, 3)),
    Row("GlobalLpPool", normal(2, 5, 4, 3), p=3),
]
for coordinates in ("half_pixel", "asymmetric", "align_corners"):
    for mode in ("nearest", "linear", "cubic"):
        rows.append(Row("Resize", normal(1, 2, 4, 5), None, Constant([1, 1, 2, 1.5], np.float32), mode=mode,
                        coordinate_transformation_mode=coordinates))
        rows.append(Row("Resize", normal(1, 2, 6, 5), None, None, Constant([1, 2, 4, 3], np.int64), mode=mode,
                        coordinate_transformation_mode=coordinates))

check_gradients(rows)
check_second_order(rows[::3])
