# RUN: %python %s
"""Weights that runs read forwards and backwards in turn: the same bytes in each run, for any number of threads."""

import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

import harness

random = np.random.default_rng(11)


def dense(layers, batch):
    """Products with weights of [depth, columns] one after the other, `layers` times."""
    nodes, weights, value = [], [], "x"
    for number, (depth, columns) in enumerate(layers):
        weight = random.normal(0, depth**-0.5, (depth, columns)).astype(np.float32)
        weights.append(numpy_helper.from_array(weight, f"w{number}"))
        nodes.append(helper.make_node("MatMul", [value, f"w{number}"], [f"y{number}"], name=f"product {number}"))
        value = f"y{number}"
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, layers[0][0]])]
    outputs = [helper.make_tensor_value_info(value, TensorProto.FLOAT, [batch, layers[-1][1]])]
    graph = helper.make_graph(nodes, "g", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def expected(model, x):
    for weight in model.graph.initializer:
        x = x.astype(np.float64) @ numpy_helper.to_array(weight)
    return x


def runs_agree(library, feed):
    """Whether runs of one session, forwards and backwards with each number of threads, give the same bytes."""
    import ingot

    model = ingot.load(library.path)
    results = []
    for threads in (1, 1, 2, 2, 3, 3, 1):
        model.threads = threads
        results += [{name: value.copy() for name, value in model.run(feed).items()}]
    return all(np.array_equal(results[0][name], other[name]) for other in results[1:] for name in other)


def check(layers, batch, rows, alternates, options=()):
    name = "ops/matmul_order_" + "_".join(f"{depth}x{columns}" for depth, columns in layers) + f"_{batch}{''.join(options)}"
    model, report = dense(layers, batch), harness.WORK / name / "report.html"
    library = harness.compile_model(model, name, ["--cpu", "native", "--report", str(report), *options])
    if ("order of weights" in report.read_text()) != alternates:
        sys.exit(f"{name}: the report says otherwise of the order of the weights")
    tolerance = 0.02 if options else 2e-6
    for count in rows:
        x = random.normal(0, 1, (count, layers[0][0])).astype(np.float32)
        (result,) = harness.run_library(library, [{"x": x}])[0].values()
        wanted = expected(model, x)
        error = np.abs(result - wanted).max() / np.abs(wanted).max()
        if not error <= tolerance:
            sys.exit(f"{name} of {count} rows: error {error}")
        if not harness.in_child(lambda: runs_agree(library, {"x": x})):
            sys.exit(f"{name} of {count} rows: runs differ")


check([(2050, 130)], 1, [1], True)  # a narrow last group, a short last piece
check([(9001, 40)], 1, [1], True)  # one group
check([(1023, 257)], 3, [3], True)
check([(700, 400)], 6, [6], True)
check([(1024, 255)], 1, [1], False)  # fits into a cache
check([(1024, 256)], 1, [1], True)
check([(520, 530)], 40, [40], False)  # several blocks of rows share what they read
check([(1300, 260), (260, 37)], "rows", [1, 2, 3, 4, 5, 60], True)
check([(1000, 600), (600, 900), (900, 3)], 1, [1], False)  # what lies between two readings fills the cache
check([(2050, 300)], 1, [1], True, ["--precision", "bf16-weights"])
check([(4100, 303)], "rows", [1, 2, 7], True, ["--precision", "int8-weights"])
