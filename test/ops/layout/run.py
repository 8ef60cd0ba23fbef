# RUN: %python %s
"""Views: reshape, transpose, expand, slice, concat, split, pad, tile, and the operators made of them."""

import numpy as np

from rows import Constant, Row, check, check_sizes, integers, normal

I64 = np.int64


def ints(*values):
    return Constant(values, I64)


rows = [
    Row("Reshape", normal(4, 6), ints(3, -1)),
    Row("Reshape", normal(4, 6), ints(0, 2, 3), free=(0,)),
    Row("Flatten", normal(2, 3, 4), axis=1, free=(0,)),
    Row("Flatten", normal(2, 3, 4), axis=2),
    Row("Transpose", normal(3, 4, 5), perm=[2, 0, 1], free=(0,)),
    Row("Transpose", normal(17, 33)),
    Row("Transpose", normal(2, 16, 5, 7), perm=[0, 2, 3, 1], free=(0,)),
    Row("Squeeze", normal(1, 3, 1, 5), ints(0, 2)),
    Row("Unsqueeze", normal(3, 5), ints(0, -1), free=(0,)),
    Row("Expand", normal(3, 1), ints(2, 3, 4)),
    Row("Expand", normal(3, 4), ints(1, 1)),
    Row("Slice", normal(7, 8), ints(1, 2), ints(6, 7), ints(0, 1), ints(2, 3)),
    Row("Slice", normal(7, 8), ints(-1), ints(-100), ints(0), ints(-1)),
    Row("Slice", normal(7, 8), ints(2), ints(1000), ints(1), free=(0,)),
    Row("Slice", normal(7, 8), ints(5), ints(2), ints(1), note="empty"),
    Row("Concat", normal(2, 3), normal(2, 5), normal(2, 1), axis=1),
    Row("Concat", normal(2, 3), normal(4, 3), axis=0),
    Row("Concat", normal(2, 3, 16), normal(2, 5, 16), axis=-2),
    Row("Split", normal(6, 4), ints(1, 2, 3), axis=0, results=3),
    Row("Split", normal(6, 4), axis=1, results=2, free=(0,)),
    Row("Pad", normal(3, 4), ints(1, 0, 2, 3), Constant(1.5, np.float32)),
    Row("Pad", normal(3, 4), ints(0, -1, 0, 1)),
    Row("Pad", normal(3, 4), ints(2, 1, 2, 3), mode="reflect"),
    Row("Pad", normal(3, 4), ints(2, 1, 2, 3), mode="edge"),
    Row("Tile", normal(2, 3), ints(2, 3)),
    Row("Tile", normal(2, 3), ints(1, 4), free=(0,)),
    Row("DepthToSpace", normal(1, 12, 2, 3), blocksize=2),
    Row("DepthToSpace", normal(1, 12, 2, 3), blocksize=2, mode="CRD"),
    Row("SpaceToDepth", normal(1, 3, 4, 6), blocksize=2, free=(0,)),
    Row("Identity", normal(3)),
    Row("Transpose", integers(0, 200, 5, 6, dtype=np.uint8)),
    Row("Concat", integers(0, 9, 5), integers(0, 9, 3), axis=0),
    Row("Transpose", normal(3, 4) > 0),
]

check(rows, rtol=0, atol=0)

# Slices whose number of elements is a quotient of open sizes.
check_sizes(lambda length: [Row("Slice", normal(3, length), ints(start), ints(2**62), ints(1), ints(step), free=((0, 1),))
                            for start, step in [(1, 2), (4, 3), (5, 2)]], [(5,), (6,), (9,), (16,)])  # fmt: skip

# Continued axes: of whole vectors, whose borders alone take other lanes; of pixels; cropped on one side; where a vector has no room.
pads = {(2, 3, 50): (0, 2, 3, 0, 1, 5), (3, 17): (0, 16, 0, 16), (1, 6, 7, 20): (0, 1, 3, 0, 0, 2, 1, 0),
        (2, 4, 40): (0, 0, 2, 0, 0, -6), (2, 9): (1, 4, 0, 8), (5, 6, 3): (2, 2, 0, 3, 1, 0)}  # fmt: skip
rows = [Row("Pad", normal(*shape), ints(*amounts), mode=mode, free=tuple((0, axis) for axis in range(len(shape))) if is_open else ())
        for shape, amounts in pads.items() for mode in ("reflect", "edge", "wrap") for is_open in (False, True)
        if mode != "wrap" or min(amounts) >= 0]  # fmt: skip
check(rows, rtol=0, atol=0, opset=19)
