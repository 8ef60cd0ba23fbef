"""Numeric tests of gradient rules: the gradients that a compiled library returns, compared with central differences of its
own results in float64.

    check_gradients([Row("MatMul", normal(3, 4), normal(4, 5)), Row("Softmax", normal(2, 7), axis=1)])

All rows stand side by side in one model whose first output is the sum of their results, each weighted by fixed random
numbers; `ingotc --grad-inputs` differentiates it. Every real operand is moved along random directions, alone.
"""

import os
import sys

import numpy as np
from onnx import helper, numpy_helper
import onnx

import harness
from rows import Constant, Row, Table, build  # noqa: F401  (rows are written in terms of them)

_random = np.random.default_rng(7)
STEP = 1e-5


def widen(row):
    """The row with float64 in the place of float32."""
    def wide(operand):
        if isinstance(operand, Constant):
            return Constant(wide(operand.value))
        if operand is None:
            return None
        array = np.asarray(operand)
        return array.astype(np.float64) if array.dtype == np.float32 else array
    # Scales and sizes of Resize have a type of their own.
    keep = row.operator in ("Resize", "Upsample")
    operands = [o if keep and position and isinstance(o, Constant) else wide(o) for position, o in enumerate(row.operands)]
    attributes = {key: onnx.TensorProto.DOUBLE if key == "to" else value for key, value in row.attributes.items()}
    return Row(row.operator, *operands, results=row.results, free=row.free, note=row.note, **attributes)


def weighted_sum(model):
    """The model with one more output in front: the sum of all real outputs times random weights."""
    graph, terms = model.graph, []
    for output in list(graph.output):
        if output.type.tensor_type.elem_type in (onnx.TensorProto.INT64, onnx.TensorProto.BOOL):
            continue
        name = output.name
        shape = [d.dim_value or 1 for d in output.type.tensor_type.shape.dim]
        graph.initializer.append(numpy_helper.from_array(_random.normal(0, 1, shape), name + ".weights"))
        graph.node.append(helper.make_node("Mul", [name, name + ".weights"], [name + ".weighted"], name=name + ".mul"))
        graph.node.append(helper.make_node("ReduceSum", [name + ".weighted"], [name + ".sum"], name=name + ".reduce", keepdims=0))
        terms.append(name + ".sum")
    graph.node.append(helper.make_node("Sum", terms, ["loss"], name="loss"))
    outputs = [helper.make_tensor_value_info("loss", onnx.TensorProto.DOUBLE, [])] + list(graph.output)
    del graph.output[:]
    graph.output.extend(outputs)
    return model


def compile_gradients(rows, name, opset, symbolic):
    model, feed = build([widen(row) for row in rows], opset, symbolic)
    library = harness.compile_model(weighted_sum(model), name, ["--cpu", "native", "--grad-inputs"])
    return library, feed


def worst_errors(library, feed, directions):
    """For each real operand, the greatest difference between <gradient, v> and the slope along v, relative to their size."""
    import ingot
    model = ingot.load(library.path)
    results = model.run(feed)
    errors = {}
    for name, value in feed.items():
        if np.asarray(value).dtype != np.float64:
            continue
        gradient = results[name + ".gradient"]
        errors[name] = 0.0
        for _ in range(directions):
            v = _random.normal(0, 1, value.shape)
            ahead, behind = (model.run({**feed, name: value + sign * STEP * v})["loss"] for sign in (1, -1))
            slope, expected = float(np.sum(gradient * v)), (float(ahead) - float(behind)) / (2 * STEP)
            size = max(abs(expected), float(np.linalg.norm(gradient)), 1e-3)
            error = abs(slope - expected) / size
            errors[name] = max(errors[name], error) if error == error else float("inf")
    return errors


def errors_of(rows, name, opset, symbolic, directions=3):
    library, feed = compile_gradients(rows, name, opset, symbolic)
    return harness.in_child(lambda: worst_errors(library, feed, directions))


def check_gradients(rows, opset=17, tolerance=2e-6):
    """Exits with an error that names the rows whose gradients are wrong."""
    name = "gradients/" + os.path.basename(os.path.dirname(os.path.abspath(sys.argv[0]))) + f"_o{opset}"
    failures, worst = [], 0.0
    for symbolic in (False, True):
        chosen = [row for row in rows if row.free] if symbolic else list(rows)
        if not chosen:
            continue
        try:
            errors = errors_of(chosen, f"{name}{'_free' * symbolic}", opset, symbolic)
        except (harness.Failure, harness.Unsupported) as error:
            failures += one_by_one(chosen, name, opset, symbolic, tolerance) or [f"only together: {error}"]
            continue
        worst = max([worst, *errors.values()])
        for operand, error in errors.items():
            if error > tolerance:
                row, position = operand[1:].split(".")[:2]
                failures.append(f"{chosen[int(row)].describe()}{' (symbolic)' * symbolic}: operand {position} is off by {error:.2g}")
    print("\n".join(failures) or f"{name}: {len(rows)} rows, worst error {worst:.1g}")
    if failures:
        sys.exit(1)


def one_by_one(rows, name, opset, symbolic, tolerance):
    failures = []
    for row in rows:
        try:
            errors = errors_of([row], name + "_single", opset, symbolic)
            failures += [f"{row.describe()}: {operand} is off by {error:.2g}" for operand, error in errors.items() if error > tolerance]
        except (harness.Failure, harness.Unsupported) as error:
            failures.append(f"{row.describe()}{' (symbolic)' * symbolic}: {error}")
    return failures
