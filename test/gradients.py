"""Numeric tests of gradient rules: the gradients that a compiled library returns, compared with central differences of its
own results in float64.

    check_gradients([Row("MatMul", normal(3, 4), normal(4, 5)), Row("Softmax", normal(2, 7), axis=1)])

`check_second_order(rows)` checks what `--jvp` adds in the same way: directional derivatives of results and of gradients.

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


def weighted_sum(model, bend=None):
    """The model with one more output in front: the sum of all real outputs, or of the function `bend` of them, times random
    weights."""
    graph, terms = model.graph, []
    for output in list(graph.output):
        if output.type.tensor_type.elem_type in (onnx.TensorProto.INT64, onnx.TensorProto.BOOL):
            continue
        name = output.name
        shape = [d.dim_value or 1 for d in output.type.tensor_type.shape.dim]
        graph.initializer.append(numpy_helper.from_array(_random.normal(0, 1, shape), name + ".weights"))
        if bend:
            graph.node.append(helper.make_node(bend, [name], [name + ".bent"], name=name + ".bend"))
            name += ".bent"
        graph.node.append(helper.make_node("Mul", [name, output.name + ".weights"], [name + ".weighted"], name=name + ".mul"))
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


def compile_second_order(rows, name, opset):
    """The gradients' derivatives too. Results are bent, so that those of linear operators are not zero."""
    model, feed = build([widen(row) for row in rows], opset, False)
    library = harness.compile_model(weighted_sum(model, "Sin"), name, ["--cpu", "native", "-O1", "--grad-inputs", "--jvp"])
    return library, feed


def worst_second_order_errors(library, feed):
    """For each real operand that moves along a random direction, the greatest difference between what all gradients and the
    loss do and what the directional derivatives say, relative to their size."""
    import ingot
    model = ingot.load(library.path)
    real = [name for name, value in feed.items() if np.asarray(value).dtype == np.float64]
    still = {name + ".tangent": np.zeros_like(feed[name]) for name in real}
    watched = ["loss"] + [name + ".gradient" for name in real]
    errors = {}
    for name in real:
        v = _random.normal(0, 1, feed[name].shape)
        results = model.run({**feed, **still, name + ".tangent": v})
        actual = {watch: np.array(results[watch + ".tangent"]) for watch in watched}
        moved = []
        for sign in (1, -1):
            results = model.run({**feed, **still, name: feed[name] + sign * STEP * v})
            moved.append({watch: np.array(results[watch]) for watch in watched})
        expected = {watch: (moved[0][watch] - moved[1][watch]) / (2 * STEP) for watch in watched}
        size = max([1e-2, *(float(np.abs(value).max(initial=0)) for value in expected.values())])
        worst = [float(np.abs(actual[watch] - expected[watch]).max(initial=0)) / size for watch in watched]
        errors[name] = max(error if error == error else float("inf") for error in worst)
    return errors


def second_order_errors_of(rows, name, opset):
    library, feed = compile_second_order(rows, name, opset)
    return harness.in_child(lambda: worst_second_order_errors(library, feed))


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


def check_second_order(rows, opset=17, tolerance=2e-6):
    """The gradients of gradients, and directional derivatives; exits with an error that names the rows that are wrong."""
    name = "gradients/" + os.path.basename(os.path.dirname(os.path.abspath(sys.argv[0]))) + f"_second_o{opset}"
    try:
        errors = second_order_errors_of(rows, name, opset)
    except (harness.Failure, harness.Unsupported) as error:
        print("\n".join(one_by_one_second_order(rows, name, opset)) or f"only together: {error}")
        sys.exit(1)
    failures = [f"{rows[int(operand[1:].split('.')[0])].describe()}: moving {operand}, off by {error:.2g}"
                for operand, error in errors.items() if error > tolerance]
    print("\n".join(failures) or f"{name}: {len(rows)} rows, worst error {max(errors.values()):.1g}")
    if failures:
        sys.exit(1)


def check_derivatives(rows, opset=17):
    """Gradients and second order."""
    check_gradients(rows, opset)
    check_second_order(rows, opset)


def one_by_one_second_order(rows, name, opset):
    failures = []
    for row in rows:
        try:
            second_order_errors_of([row], name + "_single", opset)
        except (harness.Failure, harness.Unsupported) as error:
            failures.append(f"{row.describe()}: {error}")
    return failures


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
