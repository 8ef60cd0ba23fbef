# RUN: %python %s
"""Gradients of attention, by all its operands: masks of both kinds, causal attention, heads that share keys."""

from gradients import check_derivatives
from rows import Constant, Row, normal


def heads(heads, length, size):
    return normal(2, heads, length, size)


check_derivatives([
    Row("Attention", heads(3, 5, 4), heads(3, 7, 4), heads(3, 7, 6), free=(0, 1, 2)),
    Row("Attention", heads(3, 5, 4), heads(3, 7, 4), heads(3, 7, 6), normal(5, 7)),
    Row("Attention", heads(3, 5, 4), heads(3, 7, 4), heads(3, 7, 6), Constant(normal(2, 1, 5, 7) > -1)),
    Row("Attention", heads(6, 5, 4), heads(2, 5, 4), heads(2, 5, 4), is_causal=1),
], opset=23)  # fmt: skip
