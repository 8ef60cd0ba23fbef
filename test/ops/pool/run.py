# RUN: %python %s
"""Pooling windows and Resize."""

import numpy as np
from onnx import helper, parser

import harness
from rows import Constant, Row, check, check_sizes, integers, normal

F32 = np.float32
rows = []
for kind in ("MaxPool", "AveragePool"):
    rows += [
        Row(kind, normal(2, 5, 8, 8), kernel_shape=[2, 2], strides=[2, 2], free=(0,)),
        Row(kind, normal(1, 16, 9, 7), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], free=(0,)),
        Row(kind, normal(2, 36, 37, 43), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], free=(0,)),
        Row(kind, normal(1, 3, 9, 9), kernel_shape=[3, 2], pads=[0, 1, 2, 0]),
        Row(kind, normal(1, 3, 10, 10), kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
        Row(kind, normal(1, 3, 9, 10), kernel_shape=[2, 3], auto_pad="SAME_UPPER", strides=[2, 2]),
        Row(kind, normal(1, 3, 9, 10), kernel_shape=[2, 3], auto_pad="SAME_LOWER"),
        Row(kind, normal(2, 4, 17), kernel_shape=[3], strides=[2]),
        Row(kind, normal(1, 2, 6, 6, 6), kernel_shape=[2, 2, 2], strides=[2, 2, 2]),
    ]
rows += [
    Row("MaxPool", normal(1, 3, 12, 12), kernel_shape=[3, 3], dilations=[2, 2]),
    Row("AveragePool", normal(1, 3, 9, 9), kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
    Row("GlobalAveragePool", normal(2, 20, 7, 5), free=(0,)),
    Row("GlobalMaxPool", normal(2, 20, 7, 5), free=(0,)),
    Row("GlobalAveragePool", normal(2, 3, 11)),
]


def resize(shape, scales, **options):
    return Row("Resize", normal(*shape), None, Constant(scales, F32), **options)


def resize_to(shape, sizes, **options):
    return Row("Resize", normal(*shape), None, None, Constant(sizes, np.int64), **options)


for coordinates in ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"):
    for mode in ("nearest", "linear", "cubic"):
        rows.append(resize((1, 2, 5, 6), [1, 1, 2, 1.5], mode=mode, coordinate_transformation_mode=coordinates))
        rows.append(resize_to((1, 2, 7, 6), [1, 2, 4, 3], mode=mode, coordinate_transformation_mode=coordinates))
for rounding in ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"):
    rows.append(resize((1, 1, 4, 4), [1, 1, 2.6, 0.7], mode="nearest", nearest_mode=rounding))
rows.append(resize((1, 1, 6, 6), [1, 1, 2, 2], mode="cubic", cubic_coeff_a=-0.5, exclude_outside=1))

# Rows of many vectors: shuffles that repeat (whole factors, 3 / 2), that do not, vectors that sample far apart; a last axis that is copied.
factors = {33: (2, 3, 4, 1.5, 2.6, 0.5, 0.7, 0.3), 7: (2, 5, 16), 150: (2, 1.5, 1.1, 0.5), 1: (20,)}
for coordinates in ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"):
    for mode in ("nearest", "linear", "cubic"):
        for width, factor in ((width, factor) for width, of_width in factors.items() for factor in of_width):
            if factor not in (2, 1.5, 0.5) and coordinates in ("asymmetric", "pytorch_half_pixel"):
                continue
            is_open = (0, (0, 3)) if factor in (2, 1.5, 0.5) else ()
            rows.append(resize((2, 2, 3, width), [1, 1, 2, factor], mode=mode, coordinate_transformation_mode=coordinates, free=is_open))
        rows.append(resize_to((1, 2, 4, 41), [1, 2, 7, 100], mode=mode, coordinate_transformation_mode=coordinates))
        rows.append(resize_to((1, 1, 4, 300), [1, 1, 3, 1001], mode=mode, coordinate_transformation_mode=coordinates))
        if mode != "cubic":  # of which onnxruntime knows planes alone
            for channels in (3, 20, 48):
                rows.append(resize((1, 6, 5, channels), [1, 2, 1.5, 1], mode=mode, coordinate_transformation_mode=coordinates, free=((0, 1), (0, 2))))
for rounding in ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"):
    for factor in (2, 3, 0.75):
        rows.append(resize((1, 2, 4, 40), [1, 1, 2, factor], mode="nearest", nearest_mode=rounding, free=((0, 3),)))
rows.append(resize((1, 1, 6, 40), [1, 1, 2, 2], mode="cubic", cubic_coeff_a=-0.5, exclude_outside=1, free=((0, 3),)))

bytes_ = np.arange(200, 230, dtype=np.uint8).reshape(1, 1, 5, 6)
for many in (np.arange(240, dtype=np.uint8), np.arange(240, dtype=np.int32), (np.arange(240) * 7 % 50).astype(np.float16)):
    rows.append(Row("Resize", many.reshape(1, 2, 3, 40), None, Constant([1, 1, 2, 2], F32), mode="nearest", free=((0, 3),)))
rows.append(Row("Resize", bytes_, None, Constant([1, 1, 2, 2], F32), mode="linear", coordinate_transformation_mode="asymmetric"))
check(rows, rtol=1e-4, atol=5e-6)

# A window that would begin behind the input (which ONNX's own shape rule knows since operator set 22), and one that ends there.
rows = [Row(kind, normal(1, 3, 6, 7), kernel_shape=[2, 2], strides=[3, 3], ceil_mode=1, free=((0, 2), (0, 3)))
        for kind in ("MaxPool", "AveragePool", "LpPool")]  # fmt: skip
rows += [Row("LpPool", normal(1, 3, 8, 10), kernel_shape=[3, 3], strides=[2, 3], pads=[1, 0, 1, 0], ceil_mode=1, free=((0, 3),))]
check(rows, opset=22)


def same(height, width):
    """auto_pad whose amounts depend on open sizes."""
    free = ((0, 0), (0, 2), (0, 3))
    return [
        Row(kind, normal(2, 5, height, width), kernel_shape=[high, wide], strides=strides, auto_pad=f"SAME_{side}", free=free, **options)
        for side in ("UPPER", "LOWER")
        for kind, options in [("MaxPool", {}), ("AveragePool", {}), ("AveragePool", {"count_include_pad": 1}), ("LpPool", {})]
        for high, wide, strides in [(3, 2, [2, 2]), (5, 4, [3, 2]), (3, 3, [1, 2])]
    ] + [Row("MaxPool", integers(-9, 0, 1, 3, height, width, dtype=np.int8), kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER", free=free),
         Row("MaxPool", integers(0, 9, 1, 3, height, 6, dtype=np.uint8), kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_LOWER", free=((0, 2),)),
         Row("LpPool", normal(1, 3, height), kernel_shape=[2], strides=[3], auto_pad="SAME_UPPER", free=((0, 2),))]  # fmt: skip


check_sizes(same, [(9, 10), (1, 1), (12, 7), (2, 3), (23, 32)])


def resized(height, width):
    """Open sizes resized to known ones, and by scales that are no dyadic numbers."""
    free = ((0, 0), (0, 2), (0, 3))
    rows = [resize((2, 3, height, width), [1, 1, *scales], mode=mode, free=free, **options)
            for scales in ([0.7, 2 / 3], [2.2, 0.6], [1 / 3, 1.7]) for mode in ("nearest", "linear", "cubic")
            for options in [{}, {"coordinate_transformation_mode": "align_corners"}]]  # fmt: skip
    for mode in ("nearest", "linear", "cubic"):
        for coordinates in ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"):
            rows.append(resize_to((1, 3, height, width), [7, 9], axes=[2, 3], mode=mode, coordinate_transformation_mode=coordinates, free=free))
    return rows + [resize_to((1, 2, height), [5], axes=[2], free=((0, 2),), mode="linear"), resize_to((3, height), [1], axes=[1], free=((0, 1),))]


check_sizes(resized, [(10, 12), (1, 1), (7, 9), (30, 4), (3, 33)], opset=18, rtol=1e-4, atol=5e-6)


def joined(image, other):
    """Windows over a doubled size beside another: the number of windows is a quotient of which a part alone is negative."""
    graph = parser.parse_graph("""joined (float[B, 16, M] image, float[B, 16, N] other) => (float[B, 16, K] most, float[B, 16, K] mean)
        <float[3] scales = {1, 1, 2}> {
          twice = Resize (image, , scales)
          both = Concat <axis = 2> (twice, other)
          most = MaxPool <kernel_shape = [5], strides = [2]> (both)
          mean = AveragePool <kernel_shape = [3], strides = [2]> (both)
        }""")
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), {"image": normal(2, 16, image), "other": normal(2, 16, other)}


models, feeds = zip(*(joined(*sizes) for sizes in [(3, 1), (2, 2), (4, 9), (7, 1)]))
harness.check_model("ops/pool_joined", models[0], feeds, ["--cpu", "native"])
