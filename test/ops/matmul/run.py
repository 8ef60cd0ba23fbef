# RUN: %python %s
"""Matrix products: ranks, broadcasting batches, transposes folded into Gemm, sizes that leave tails, one row, one column."""

import numpy as np

from rows import Constant, Row, check, normal

rows = [Row("MatMul", normal(m, k), Constant(normal(k, n)), free=(0,)) for m, k, n in
        ((1, 1, 1), (1, 17, 33), (5, 64, 16), (13, 31, 47), (6, 128, 100), (64, 3, 5), (2, 300, 1))]  # fmt: skip
rows += [
    Row("MatMul", normal(13, 31), normal(31, 47), note="both at run time"),
    Row("MatMul", normal(1, 64), Constant(normal(64, 100)), note="one row"),
    Row("MatMul", normal(40, 64), Constant(normal(64, 1)), note="one column"),
    Row("MatMul", normal(2, 3, 5, 7), normal(2, 3, 7, 4), free=(0, 1)),
    Row("MatMul", normal(2, 1, 5, 7), normal(3, 7, 4), note="batches broadcast"),
    Row("MatMul", normal(2, 5, 7), Constant(normal(7, 20)), free=(0,)),
    Row("MatMul", normal(7), normal(7, 4), note="vector times matrix"),
    Row("MatMul", normal(3, 7), normal(7), note="matrix times vector"),
    Row("MatMul", normal(7), normal(7), note="dot product"),
    Row("MatMul", normal(2, 3, 7), normal(7)),
    Row("MatMul", normal(4, 6).astype(np.float64), normal(6, 5).astype(np.float64)),
    Row("Gemm", normal(4, 6), Constant(normal(6, 18)), Constant(normal(18)), free=(0,)),
    Row("Gemm", normal(4, 6), Constant(normal(18, 6)), Constant(normal(18)), transB=1, free=(0,)),
    Row("Gemm", normal(6, 4), normal(18, 6), normal(4, 1), transA=1, transB=1, alpha=0.5, beta=2.0),
    Row("Gemm", normal(4, 6), normal(6, 5), transA=0),
    Row("Gemm", normal(19, 70), normal(45, 70), normal(45), transB=1, free=(0,), note="packed at run time"),
    Row("Gemm", normal(9, 5000), normal(7, 5000), transB=1, note="packed at run time"),
    Row("MatMul", normal(260, 11), normal(11, 1024), note="packed at run time"),
    Row("Gemm", normal(4, 6), normal(6, 5), Constant(np.float32(3))),
]
# Reductions over a whole batch, as gradients of weights are: several chunks, bands and groups of panels, and tails of each.
rows += [
    Row("Gemm", normal(k, m), normal(k, n), transA=1, free=(0, 1), note="both along their rows") for k, m, n in
    ((320, 16, 16), (337, 17, 19), (700, 40, 37), (400, 270, 160), (500, 530, 48), (330, 17, 200), (325, 525, 132))]
rows += [Row("Gemm", normal(400, 33), normal(400, 170), Constant(normal(170)), transA=1, alpha=0.1)]

# Sums of products are compared relative to the largest one.
check(rows, atol=5e-6)
