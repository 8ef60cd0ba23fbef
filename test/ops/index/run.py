# RUN: %python %s
"""Gathers with negative indices, scatters with repeated ones, top-k with ties, and what is built from them."""

import numpy as np

from rows import Constant, Row, check, integers, normal

I64 = np.int64
rows = [
    Row("Gather", normal(9, 4), integers(-9, 9, 5)),
    Row("Gather", Constant(normal(30, 8)), integers(0, 30, 2, 7), free=(1,), note="embedding"),
    Row("Gather", normal(3, 9, 2), integers(0, 9, 4, dtype=np.int32), axis=1, free=(0,)),
    Row("Gather", normal(3, 4), Constant(-1, I64), axis=1, note="scalar index"),
    Row("GatherElements", normal(5, 6), integers(-5, 5, 3, 6), axis=0),
    Row("GatherElements", normal(5, 6), integers(0, 6, 5, 2), axis=1),
    Row("GatherND", normal(4, 5, 6), integers(0, 4, 3, 2)),
    Row("GatherND", normal(2, 5, 6), integers(0, 5, 2, 3, 1), batch_dims=1),
    Row("ScatterElements", normal(5, 6), np.array([[0, 2, 4]]), normal(1, 3), axis=1),
    Row("ScatterElements", normal(5, 6), integers(0, 5, 4, 6), normal(4, 6), axis=0, reduction="add"),
    Row("ScatterND", normal(6, 3), np.array([[4], [1]]), normal(2, 3)),
    Row("ScatterND", normal(4, 4), integers(0, 4, 5, 2), normal(5), reduction="add"),
    Row("ScatterND", normal(300, 130), integers(-300, 300, 70, 1), normal(70, 130), reduction="add", free=((0, 1), (2, 1)), note="in pieces"),
    Row("ScatterND", normal(9, 5, 33), integers(-5, 5, 20, 2), normal(20, 33), note="the last of equals", free=(0,)),
    Row("ScatterND", normal(4, 3, 7), integers(0, 4, 2, 3, 1), normal(2, 3, 3, 7), reduction="max", free=(1,)),
    Row("ScatterND", integers(-9, 9, 50, 20), integers(0, 50, 3, 1), integers(-9, 9, 3, 20), reduction="mul"),
    Row("ScatterND", normal(40, 20, dtype=np.float16), integers(0, 40, 3, 1), normal(3, 20, dtype=np.float16)),
    Row("ScatterND", normal(40, 20) > 0, np.array([[3], [-1]]), normal(2, 20) > 0),
    Row("ScatterElements", normal(150, 200), integers(-150, 150, 90, 180), normal(90, 180), reduction="add", free=(1,), note="in pieces"),
    Row("TopK", normal(4, 9), Constant([3], I64), results=2, free=(0,)),
    Row("TopK", integers(0, 4, 3, 8).astype(np.float32), Constant([4], I64), largest=0, results=2),
    Row("TopK", normal(7, 3), Constant([7], I64), axis=0, results=2),
    Row("TopK", normal(3, 33), Constant([33], I64), results=2, free=(0, (0, 1)), note="a row in order"),
    Row("TopK", normal(2, 17), Constant([1], I64), results=2),
    Row("TopK", normal(1, 5000), Constant([70], I64), results=2, largest=0),
    Row("TopK", integers(-4, 4, 2, 130, dtype=np.int32), Constant([20], I64), results=2, note="many are equal"),
    Row("TopK", integers(-(2**31), 2**31, 2, 48, dtype=np.int32), Constant([48], I64), results=2, largest=0),
    Row("TopK", integers(-(2**62), 2**62, 2, 48), Constant([5], I64), results=2),
    Row("TopK", normal(2, 50, 5, dtype=np.float64), Constant([6], I64), axis=1, results=2),
    Row("TopK", normal(2, 50, 5), Constant([6], I64), axis=1, results=2, free=(0,)),
    Row("TopK", np.array([[0.0, -0.0, 0.0, -1.0, np.inf, -np.inf, -0.0]], np.float32), Constant([7], I64), results=2),
    Row("OneHot", integers(-4, 4, 5), Constant(4, I64), Constant([2, 5], np.float32)),
    Row("Trilu", normal(4, 5), upper=1),
    Row("Trilu", normal(4, 5), Constant(-1, I64), upper=0),
    Row("EyeLike", normal(3, 4), k=1),
]

check(rows)
