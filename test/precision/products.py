"""Products, convolutions and tables with reduced weights, on odd shapes, against float64 with the same rounded weights.

    products.py PRECISION [CPU]

A sum of K products in float32 is off by at most (K + 2) 2^-24 of the sum of magnitudes; rounding what is multiplied
adds what the format costs: 2^-11 of each float16, 2^-8 of each bfloat16, half a step of each int8. Both bounds are checked element by element.
"""

import sys

import numpy as np
from onnx.reference import ReferenceEvaluator

import harness
from convolutions import channels_last
from rows import Constant, Row, build, integers, normal

MATRICES = [(1, 768, 70), (7, 129, 77), (13, 255, 131), (64, 97, 100), (3, 4097, 1), (40, 66, 200), (129, 64, 64), (5, 4200, 3)]
ROWS = [Row("MatMul", normal(m, k), Constant(normal(k, n)), free=(0,)) for m, k, n in MATRICES]
ROWS += [
    Row("MatMul", normal(2, 5, 70), Constant(normal(2, 70, 64)), note="a matrix for each batch"),
    Row("Gemm", normal(4, 66), Constant(normal(180, 66)), Constant(normal(180)), transB=1, alpha=0.5, free=(0,)),
    Row("Conv", normal(2, 70, 6, 7), Constant(normal(75, 70, 1, 1)), free=(0,), note="a product"),
    Row("Conv", normal(1, 33, 9, 8), Constant(normal(31, 33, 3, 3)), pads=[1, 1, 1, 1], note="not Winograd's"),
    Row("Conv", normal(1, 64, 9, 9), Constant(normal(64, 64, 3, 3)), pads=[1, 1, 1, 1], strides=[2, 2]),
    Row("Conv", normal(2, 34, 19), Constant(normal(48, 17, 5)), group=2, dilations=[2], note="rest of a word at each tap"),
    Row("Conv", normal(1, 64, 11, 5), Constant(normal(32, 32, 2, 3)), group=2, pads=[1, 0, 1, 2], note="groups of panels"),
    Row("ConvTranspose", normal(1, 37, 5, 6), Constant(normal(37, 29, 3, 2)), strides=[2, 1], pads=[1, 0, 1, 0]),
    Row("Gather", Constant(normal(300, 33)), integers(-300, 300, 4, 5), note="rows of a table"),
    Row("Gather", Constant(normal(70, 4, 31)), integers(0, 70, 3), note="matrices of a table"),
    Row("MatMul", normal(3, 20), Constant(normal(20, 30)), note="small: stays float32"),
]  # fmt: skip


def to_bfloat(values):
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16 << 16).astype(np.uint32).view(np.float32).astype(np.float64)


def column_axis(row, weights):
    """The axis that has scales: that of the columns of the product."""
    if row.operator in ("Conv", "Gather") or row.attributes.get("transB"):
        return 0
    return 1 if row.operator == "ConvTranspose" else weights.ndim - 1


def rounded(row, weights, precision):
    """The weights as they are stored, and the greatest distance from what they were."""
    if weights.size < 4096 or (precision.startswith("int8") and row.operator == "MatMul" and weights.ndim > 2):
        return weights.astype(np.float64), np.zeros(weights.shape)
    if precision.startswith("f16"):
        steps = np.maximum(np.abs(weights.astype(np.float64)) * 2.0**-11, 2.0**-25)
        return weights.astype(np.float16).astype(np.float64), steps
    if precision.startswith("bf16"):
        return to_bfloat(weights), np.abs(weights.astype(np.float64)) * 2.0**-8
    others = tuple(axis for axis in range(weights.ndim) if axis != column_axis(row, weights))
    scale = (np.abs(weights).max(others, keepdims=True) / np.float32(127)).astype(np.float32)
    steps = np.rint(weights * (np.float32(1) / scale))
    return steps.astype(np.float64) * scale, np.broadcast_to(scale * 0.5001, weights.shape).astype(np.float64)


def rounded_rows(row, weights, precision):
    """The operand that meets the weights as products of bytes have it, and the greatest distance from what it was."""
    values = next(np.asarray(operand) for operand in row.operands if not isinstance(operand, Constant))
    axis = 1 if row.operator == "Conv" else values.ndim - 1
    is_product = row.operator == "MatMul" and weights.ndim == 2 or row.operator == "Gemm"
    is_product |= row.operator == "Conv" and weights.shape[2:] == (1, 1)
    if precision != "int8" or not is_product or weights.size < 4096 or values.shape[axis] % 4:
        return values, np.zeros(values.shape)
    scale = np.abs(values).max(axis, keepdims=True) * np.float32(1 / 127)
    inverse = np.float32(1) / np.maximum(scale, np.float32(1e-30))
    numbers = np.trunc(values * inverse + np.float32(128.5)) - 128
    return numbers.astype(np.float64) * scale, np.broadcast_to(scale * 0.5001, values.shape)


def evaluate(row, weights, absolute=False, rows=None):
    """The row in float64 with these weights; of the magnitudes of all operands if `absolute`."""
    values = [getattr(operand, "value", operand) for operand in row.operands]
    if rows is not None:
        values[next(i for i, operand in enumerate(row.operands) if not isinstance(operand, Constant))] = rows
    at = next(i for i, operand in enumerate(row.operands) if isinstance(operand, Constant))
    values[at] = weights
    values = [v.astype(np.float64) if np.asarray(v).dtype == np.float32 else v for v in values]
    if absolute:
        values = [np.abs(v) if v.dtype == np.float64 else v for v in values]
    wide = [Constant(v) if isinstance(o, Constant) else v for o, v in zip(row.operands, values)]
    model, feed = build([Row(row.operator, *wide, **row.attributes)], 17, False)
    return ReferenceEvaluator(model).run(None, feed)[0]


def check(row, result, precision):
    weights = next(operand for operand in row.operands if isinstance(operand, Constant)).value
    stored, error = rounded(row, weights, precision)
    rows, row_error = rounded_rows(row, weights, precision)
    # Products of bytes are summed with an offset of 128, which the sum loses again in float32.
    offset = row_error.any()
    magnitude = evaluate(row, np.abs(stored), absolute=True)
    largest = evaluate(row, np.abs(stored), rows=np.broadcast_to(row_error * 255, rows.shape)) if offset else 0
    sums = (weights.size + 4) * 2.0**-24 * magnitude + 2.0**-22 * largest
    exact, distance = evaluate(row, weights), evaluate(row, error, absolute=True)
    if offset:
        distance = distance + evaluate(row, np.abs(stored), rows=row_error)
    same = np.abs(result - evaluate(row, stored, rows=rows)) <= sums + 1e-30
    close = np.abs(result - exact) <= distance + sums + 1e-30
    if not (same.all() and close.all()):
        sys.exit(f"{row.describe()}: {np.sum(~same)} of {same.size} differ from the rounded weights' result, "
                 f"{np.sum(~close)} are beyond the format's bound")  # fmt: skip


def main(precision, cpu="native"):
    for symbolic in (False, True):
        chosen = [row for row in ROWS if row.free] if symbolic else ROWS
        model, feed = build(chosen, 17, symbolic)
        channels_last(model, feed)
        options = ["--cpu", cpu, "--precision", precision, "--precision-check", "off"]
        library = harness.compile_model(model, f"precision/{precision}_{cpu}{'_free' * symbolic}", options)
        results = harness.run_library(library, [feed])[0]
        for number, row in enumerate(chosen):
            check(row, results[f"y{number}.0"].astype(np.float64), precision)
    print(f"{precision} for {cpu}: {len(ROWS)} rows within the format's bounds")


main(*sys.argv[1:])
