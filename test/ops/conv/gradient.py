# RUN: %python %s
"""Gradients of convolutions: strides, dilations, padding, groups, one to three dimensions."""

from gradients import check_gradients, check_second_order
from rows import Row, normal

rows = [
    Row("Conv", normal(2, 3, 7, 6), normal(4, 3, 3, 3), normal(4), free=(0,)),
    Row("Conv", normal(2, 3, 7, 6), normal(4, 3, 3, 3), pads=[1, 1, 1, 1]),
    Row("Conv", normal(2, 3, 8, 7), normal(4, 3, 3, 3), pads=[1, 1, 1, 1], strides=[2, 2], free=(0,)),
    Row("Conv", normal(2, 3, 9, 9), normal(4, 3, 3, 2), pads=[0, 1, 2, 0], strides=[2, 3]),
    Row("Conv", normal(2, 3, 9, 9), normal(4, 3, 3, 3), pads=[2, 2, 2, 2], dilations=[2, 2]),
    Row("Conv", normal(1, 2, 10, 10), normal(3, 2, 2, 3), dilations=[3, 2], strides=[2, 3], pads=[1, 0, 2, 1]),
    Row("Conv", normal(2, 4, 6, 6), normal(4, 1, 3, 3), group=4, pads=[1, 1, 1, 1]),
    Row("Conv", normal(2, 4, 6, 6), normal(8, 1, 3, 3), group=4, strides=[2, 2]),
    Row("Conv", normal(2, 4, 6, 6), normal(6, 2, 3, 3), group=2, pads=[1, 0, 0, 1], dilations=[1, 2]),
    Row("Conv", normal(2, 12, 5, 7), normal(12, 3, 3, 3), group=4, pads=[1, 1, 1, 1]),
    Row("Conv", normal(2, 20, 5, 6), normal(20, 1, 3, 3), group=20, strides=[2, 2], pads=[1, 1, 1, 1], free=(0,)),
    Row("Conv", normal(2, 5, 4, 4), normal(6, 5, 1, 1), normal(6)),
    Row("Conv", normal(2, 5, 5, 4), normal(6, 5, 1, 1), strides=[2, 2]),
    Row("Conv", normal(2, 5, 5, 4), normal(6, 5, 1, 1), pads=[1, 0, 0, 1]),
    Row("Conv", normal(2, 3, 11), normal(4, 3, 3), strides=[2], pads=[1, 1]),
    Row("Conv", normal(1, 2, 5, 5, 4), normal(3, 2, 2, 2, 2), pads=[1, 0, 1, 0, 1, 0]),
    Row("Conv", normal(2, 17, 6, 6), normal(18, 17, 3, 3), pads=[1, 1, 1, 1]),
    Row("ConvTranspose", normal(2, 3, 4, 5), normal(3, 4, 3, 3), normal(4), free=(0,)),
    Row("ConvTranspose", normal(2, 3, 4, 5), normal(3, 4, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1]),
    Row("ConvTranspose", normal(2, 4, 4, 4), normal(4, 3, 2, 3), group=2, strides=[2, 1], pads=[0, 1, 0, 0]),
    Row("ConvTranspose", normal(1, 2, 4, 4), normal(2, 3, 3, 3), dilations=[2, 2], pads=[1, 1, 1, 1]),
    Row("ConvTranspose", normal(1, 3, 6), normal(3, 2, 4), strides=[2], pads=[1, 1]),
]

check_gradients(rows)
check_second_order(rows[::3])
