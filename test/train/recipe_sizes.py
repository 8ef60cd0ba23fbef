"""Sizes for which a recipe's program is not right are refused as the networks alone refuse them: when it is compiled, or by each run."""

import subprocess
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

import training
from recipe_models import compile_recipe
from training import expect, harness

import ingot

# (a) is as long as (b) or longer; (b) has at most five rows, as a table of positions has.
SLICED = """
[networks]
f = "f.onnx"

[steps.train]
loss = "mse(f(a, b), 0.5)"
updates = ["f"]
lr = 0.1

[entries.look]
outputs = { y = "f(a, b)" }

[entries.piece]
outputs = { y = "f(a, b)[1:3]" }
"""
# Sizes with names of their own that a network, an operator and a loss take to be one.
EQUAL = """
[networks]
f = "f.onnx"

[inputs]
p = "float32[one, 2]"
q = "float32[other, 2]"
labels = "int64[labelled]"

[steps.network]
loss = "mean(f(p, q))"
updates = ["f"]

[steps.operator]
loss = "mean(f(p + q, p))"
updates = ["f"]

[steps.loss]
loss = "mse(f(p, p), q)"
updates = ["f"]

[steps.classes]
loss = "cross_entropy(f(p, p), labels)"
updates = ["f"]
"""


def network(names, needs_positions=True):
    """y = (a[:rows of b] + b (+ positions)) * weight, for a [names[0], 2] and b [names[1], 2]."""
    weights = {"weight": np.ones(2, np.float32), "positions": np.ones((5, 2), np.float32), "zero": np.zeros(1, np.int64), "axis": np.zeros(1, np.int64)}
    nodes = [helper.make_node("Shape", ["b"], ["rows"], start=0, end=1)]
    for tensor in ("a", "positions"):
        nodes.append(helper.make_node("Slice", [tensor, "zero", "rows", "axis"], [f"{tensor}.part"]))
    last = "sum"
    nodes.append(helper.make_node("Add", ["a.part" if needs_positions else "a", "b"], [last]))
    if needs_positions:
        nodes.append(helper.make_node("Add", ["sum", "positions.part"], ["placed"]))
        last = "placed"
    nodes.append(helper.make_node("Mul", [last, "weight"], ["y"]))
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [dim, 2]) for name, dim in zip("aby", [*names, None])]
    tensors = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "sliced", ports[:2], ports[2:], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def refusal(model, **rows):
    """What a run says of inputs with so many rows; empty when it does it."""
    try:
        model.run({name: np.zeros(count if name == "labels" else (count, 2), np.int64 if name == "labels" else np.float32) for name, count in rows.items()})
    except ingot.Error as error:
        return str(error)
    return ""


def check_networks():
    """What a network assumes of its sizes holds for the programs that call it."""
    alone = harness.compile_model(network(("m", "n")), "recipes/sliced_alone", ["--cpu", "native"])
    recipe = compile_recipe("sliced", SLICED, {"f.onnx": network(("m", "n"))})

    def run():
        net, programs = ingot.load(str(alone.path)), ingot.load(str(recipe.path))
        step, look = programs.steps["train"], programs.entries["look"]
        for a, b in ((4, 4), (5, 3), (2, 3), (9, 6)):
            told = refusal(net, a=a, b=b)
            expect(refusal(step, a=a, b=b) == told, f"{a}, {b}: the step says {refusal(step, a=a, b=b)!r}, the network {told!r}")
            expect(refusal(look, a=a, b=b) == told, f"{a}, {b}: the entry says {refusal(look, a=a, b=b)!r}, the network {told!r}")
            expect((told == "") == (b <= a and b <= 5), f"{a}, {b}: {told!r}")
        piece = programs.entries["piece"]
        expect(refusal(piece, a=3, b=3) == "" and "expected 3 to 5" in refusal(piece, a=2, b=2), f"a piece of two rows: {refusal(piece, a=2, b=2)!r}")

    harness.in_child(run)


def check_fixed():
    """Fixed sizes are refused by the compiler, at the call."""
    path = harness.WORK / "recipes" / "sliced" / "recipe.toml"
    command = [str(harness.BUILD / "bin" / "ingotc"), "--recipe", str(path), "--dim", "m=2", "--dim", "n=3", "-o", str(path.parent / "fixed.so")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    expect(done.returncode == 1 and f"{path}:6:" in done.stderr, done.stderr)
    expect("the network f needs m >= n, which does not hold for what it is given" in done.stderr, done.stderr)


def check_equal():
    """Sizes that are taken to be equal are."""
    recipe = compile_recipe("equal", EQUAL, {"f.onnx": network(("rows", "rows"), needs_positions=False)})

    def run():
        steps = ingot.load(str(recipe.path)).steps
        for name in ("network", "operator", "loss"):
            expect(refusal(steps[name], p=4, q=4) == "", refusal(steps[name], p=4, q=4))
            for q in (3, 5):
                expect("the dimensions do not fit together" in refusal(steps[name], p=4, q=q), f"{name}, {q}: {refusal(steps[name], p=4, q=q)!r}")
        expect(refusal(steps["classes"], p=4, labels=4) == "", refusal(steps["classes"], p=4, labels=4))
        expect("the dimensions do not fit together" in refusal(steps["classes"], p=4, labels=5), "five labels of four rows")

    harness.in_child(run)


if __name__ == "__main__":
    sys.exit(training.run_cases(globals(), sys.argv[1:]))
