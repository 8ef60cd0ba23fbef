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


def runs(library, feeds):
    """For each feed the result, and whether runs forwards and backwards, with each number of threads, give the same bytes."""
    import ingot

    model, answers = ingot.load(library.path), []
    for feed in feeds:
        results = []
        for threads in (1, 1, 2, 2, 3, 3):
            model.threads = threads
            results += [value.copy() for value in model.run(feed).values()]
        answers.append((results[0], all(np.array_equal(results[0], other) for other in results)))
    return answers


def check(layers, batch, rows, options=()):
    name = "ops/matmul_order_" + "_".join(f"{depth}x{columns}" for depth, columns in layers) + f"_{batch}{''.join(options)}"
    model = dense(layers, batch)
    library = harness.compile_model(model, name, ["--cpu", "native", *options])
    feeds = [{"x": random.normal(0, 1, (count, layers[0][0])).astype(np.float32)} for count in rows]
    for feed, (result, agree) in zip(feeds, harness.in_child(lambda: runs(library, feeds))):
        wanted = expected(model, feed["x"])
        error = np.abs(result - wanted).max() / np.abs(wanted).max()
        if not error <= (0.02 if "--precision" in options else 2e-6):
            sys.exit(f"{name} of {len(wanted)} rows: error {error}")
        if not agree:
            sys.exit(f"{name} of {len(wanted)} rows: runs differ")


def check_report(layers, alternates):
    name = "ops/matmul_order_report"
    page = harness.WORK / name / "report.html"
    harness.compile_model(dense(layers, 1), name, ["--cpu", "native", "--report", str(page)])
    if ("order of weights" in page.read_text()) != alternates:
        sys.exit(f"{layers}: the report says otherwise of the order of the weights")


check([(2050, 130)], 1, [1])  # a narrow last group, a short last piece
check([(9001, 40)], 1, [1])  # one group
check([(1023, 257)], 3, [3])
check([(700, 400)], 6, [6])
check([(1024, 255)], 1, [1])  # fits into a cache
check([(1300, 260), (260, 37)], "rows", [1, 2, 3, 4, 5, 60])
check([(2050, 300)], 1, [1], ["--precision", "bf16-weights"])
check([(4100, 303)], "rows", [1, 2, 7], ["--precision", "int8-weights"])
check_report([(1024, 256)], True)
check_report([(1024, 255)], False)
check_report([(1000, 600), (600, 900), (900, 3)], False)  # what lies between two readings fills the cache
