# RUN: %python %s
"""Convolutions and transposed ones: windows, strides, dilations, pads on one side, groups, depthwise, one to three axes."""

from rows import Constant, Row, check, check_sizes, normal


def conv(x, filters, bias=None, free=(0,), **window):
    return Row("Conv", x, Constant(filters), *([] if bias is None else [Constant(bias)]), free=free, **window)


def transposed(x, filters, bias=None, **window):
    return Row("ConvTranspose", x, Constant(filters), *([] if bias is None else [Constant(bias)]), free=(0,), **window)


rows = [
    conv(normal(1, 3, 9, 11), normal(16, 3, 3, 3), normal(16), pads=[1, 1, 1, 1]),
    conv(normal(2, 16, 7, 7), normal(33, 16, 3, 3), normal(33)),
    conv(normal(1, 20, 6, 5), normal(48, 20, 1, 1), normal(48)),
    conv(normal(1, 16, 9, 9), normal(24, 16, 1, 1), strides=[2, 2]),
    conv(normal(2, 40, 15, 13), normal(70, 40, 1, 1), normal(70), strides=[2, 2]),
    conv(normal(3, 32, 9, 7), normal(17, 32, 1, 1), strides=[4, 3]),
    conv(normal(2, 12, 7, 9, 8), normal(18, 12, 1, 1, 1), strides=[1, 3, 2]),
    conv(normal(2, 40, 31, 33), normal(37, 40, 1, 1), normal(37)),
    conv(normal(1, 96, 30, 33), normal(70, 96, 1, 1), normal(70), free=()),
    conv(normal(2, 40, 37, 41), normal(40, 1, 3, 3), normal(40), group=40, pads=[1, 1, 1, 1]),
    conv(normal(1, 33, 45, 47), normal(33, 1, 5, 5), normal(33), group=33, strides=[2, 2], pads=[2, 1, 2, 3]),
    conv(normal(2, 24, 7, 7), normal(70, 24, 3, 3), normal(70), pads=[1, 1, 1, 1]),
    conv(normal(1, 24, 13, 5), normal(40, 24, 3, 5), strides=[2, 1], pads=[2, 2, 0, 1], dilations=[2, 1]),
    conv(normal(2, 3, 11, 10), normal(20, 3, 5, 3), strides=[2, 2], pads=[2, 1, 1, 0]),
    conv(normal(1, 32, 6, 4), normal(96, 16, 3, 3), group=2, pads=[1, 1, 1, 1]),
    conv(normal(1, 8, 4, 3), normal(12, 8, 3, 3), pads=[3, 3, 3, 3]),
    conv(normal(1, 3, 23, 21), normal(8, 3, 7, 7), normal(8), strides=[2, 2], pads=[3, 3, 3, 3]),
    conv(normal(1, 3, 20, 20), normal(8, 3, 4, 4), strides=[4, 4]),
    conv(normal(1, 8, 12, 12), normal(16, 8, 3, 3), dilations=[2, 3], pads=[2, 3, 2, 3]),
    conv(normal(1, 4, 10, 8), normal(6, 4, 3, 2), pads=[0, 1, 2, 0]),
    conv(normal(1, 8, 6, 6), normal(12, 2, 3, 3), normal(12), group=4, pads=[1, 1, 1, 1]),
    conv(normal(2, 20, 9, 9), normal(20, 1, 3, 3), normal(20), group=20, pads=[1, 1, 1, 1]),
    conv(normal(1, 16, 11, 11), normal(16, 1, 5, 5), group=16, strides=[2, 2], pads=[2, 2, 2, 2]),
    conv(normal(1, 6, 8, 8), normal(12, 1, 3, 3), group=6, pads=[1, 1, 1, 1]),
    conv(normal(1, 3, 9, 10), normal(5, 3, 3, 3), auto_pad="SAME_UPPER", strides=[2, 2]),
    conv(normal(1, 3, 9, 10), normal(5, 3, 4, 4), auto_pad="SAME_LOWER"),
    conv(normal(1, 3, 9, 10), normal(5, 3, 3, 3), auto_pad="VALID"),
    conv(normal(2, 5, 20), normal(7, 5, 3), normal(7), pads=[1, 1]),
    conv(normal(1, 2, 5, 6, 7), normal(4, 2, 3, 3, 3), pads=[1, 1, 1, 1, 1, 1]),
    Row("Conv", normal(1, 4, 6, 6), normal(8, 4, 3, 3), note="filter at run time"),
    Row("Conv", normal(2, 5, 9, 7), normal(37, 5, 3, 2), normal(37), free=(0,), note="filter at run time"),
    Row("Conv", normal(1, 3, 11, 12), normal(16, 3, 5, 5), strides=[2, 2], pads=[2, 2, 2, 2], note="filter at run time"),
    Row("Conv", normal(1, 8, 6, 6), normal(12, 2, 3, 3), group=4, note="filter at run time"),
    Row("ConvTranspose", normal(2, 5, 4, 6), normal(5, 19, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1], note="filter at run time"),
    transposed(normal(1, 8, 4, 4), normal(8, 16, 4, 4), normal(16), strides=[2, 2], pads=[1, 1, 1, 1]),
    transposed(normal(2, 5, 3, 4), normal(5, 6, 3, 3)),
    transposed(normal(2, 24, 5, 4), normal(24, 40, 5, 4), normal(40), strides=[2, 3], pads=[2, 0, 1, 1]),
    transposed(normal(1, 16, 1, 1), normal(16, 20, 4, 4)),
    transposed(normal(1, 6, 5, 5), normal(6, 4, 2, 2), strides=[2, 2]),
    transposed(normal(1, 6, 5, 5), normal(6, 2, 3, 3), group=3, strides=[2, 1], output_padding=[1, 0]),
    transposed(normal(1, 4, 5, 5), normal(4, 3, 3, 3), dilations=[2, 2], pads=[1, 0, 0, 1]),
    transposed(normal(1, 4, 5, 5), normal(4, 3, 3, 3), strides=[3, 3], output_shape=[15, 14]),
    transposed(normal(1, 3, 9), normal(3, 4, 5), strides=[2]),
]

check(rows, atol=5e-6)


def same(height, width):
    """auto_pad whose amounts depend on open sizes; the second axis is a number."""
    free = ((0, 0), (0, 2), (0, 3))
    return [
        conv(normal(1, channels, height, width), normal(filters, channels // groups, *window), free=free, group=groups, strides=strides, auto_pad=f"SAME_{side}")
        for side in ("UPPER", "LOWER")
        for channels, filters, groups, window, strides in [
            (3, 20, 1, (3, 3), (2, 2)), (16, 16, 16, (3, 5), (2, 2)), (8, 12, 4, (4, 7), (3, 4)), (5, 6, 1, (2, 1), (3, 2)), (4, 4, 1, (3, 3), (1, 2)),
        ]
    ] + [conv(normal(2, 3, height), normal(4, 3, 5), free=((0, 2),), strides=[3], auto_pad="SAME_UPPER"),
         conv(normal(1, 2, height, 7), normal(4, 2, 3, 3), free=((0, 2),), strides=[2, 2], auto_pad="SAME_LOWER")]  # fmt: skip


check_sizes(same, [(9, 10), (1, 1), (12, 7), (2, 3), (23, 32)], atol=5e-6)
