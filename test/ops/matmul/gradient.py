# RUN: %python %s
"""Gradients of matrix products: every way in which leading axes broadcast."""

from gradients import check_derivatives
from rows import Row, normal

check_derivatives([
    Row("MatMul", normal(3, 4), normal(4, 5), free=(0,)),
    Row("MatMul", normal(2, 3, 4), normal(4, 5), free=(0,)),
    Row("MatMul", normal(3, 4), normal(2, 4, 5)),
    Row("MatMul", normal(2, 3, 4), normal(2, 4, 5), free=(0, 1)),
    Row("MatMul", normal(2, 1, 3, 4), normal(5, 4, 6)),
    Row("MatMul", normal(1, 3, 4), normal(2, 4, 5)),
    Row("MatMul", normal(4), normal(4, 5)),
    Row("MatMul", normal(3, 4), normal(4)),
    Row("MatMul", normal(17, 33), normal(33, 40)),
    Row("Gemm", normal(3, 4), normal(5, 4), normal(5), transB=1, alpha=0.5, beta=2.0),
    Row("Gemm", normal(4, 3), normal(4, 5), normal(3, 1), transA=1),
    Row("Einsum", normal(2, 3, 4), normal(2, 4, 5), equation="bij,bjk->bki"),
])
