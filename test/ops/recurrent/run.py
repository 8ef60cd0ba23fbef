# RUN: %python %s
"""LSTM, GRU and RNN in every direction, with lengths, states, peepholes, clips and all activations."""

import sys

import numpy as np
from onnx import helper, numpy_helper
import onnx

import harness
from rows import Constant, Row, check, normal, uniform

F32 = np.float32


def weights(gates, inputs, hidden, directions=1, biases=True, constant=True):
    """W, R and B, small enough that the gates do not saturate."""
    wrap = Constant if constant else np.asarray
    scale = hidden ** -0.5
    return [wrap(uniform(-scale, scale, directions, gates * hidden, inputs)), wrap(uniform(-scale, scale, directions, gates * hidden, hidden)),
            wrap(uniform(-scale, scale, directions, 2 * gates * hidden)) if biases else None]


def layer(operator, steps, batch, inputs, hidden, *rest, directions=1, biases=True, constant=True, **options):
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[operator]
    results = options.pop("results", 3 if operator == "LSTM" else 2)
    if directions == 2:
        options["direction"] = "bidirectional"
    return Row(operator, normal(steps, batch, inputs), *weights(gates, inputs, hidden, directions, biases, constant), *rest,
               hidden_size=hidden, results=results, **options)


def lengths(*numbers):
    return np.array(numbers, np.int32)


rows = []
for operator in ("LSTM", "GRU", "RNN"):
    states = [normal(2, 3, 24)] * (2 if operator == "LSTM" else 1)
    rows += [
        layer(operator, 7, 1, 5, 32, free=(0,)),
        layer(operator, 5, 3, 4, 19, free=(0,), note="odd units"),
        layer(operator, 4, 15, 6, 16, direction="reverse", note="blocks of rows of every size"),
        layer(operator, 6, 3, 5, 24, None, *states, directions=2, free=(0,)),
        layer(operator, 6, 3, 5, 24, lengths(6, 2, 5), *states, directions=2, free=(0,)),
        layer(operator, 5, 4, 3, 8, lengths(1, 5, 3, 2), direction="reverse", biases=False),
        layer(operator, 4, 3, 5, 24, lengths(0, 2, 4), *states, directions=2, free=(0,), note="a sequence of no steps"),
        layer(operator, 5, 4, 3, 20, directions=2, constant=False, note="computed weights"),
        layer(operator, 5, 2, 3, 8, clip=0.3),
        layer(operator, 1, 1, 3, 1, note="one of everything"),
        layer(operator, 3, 2, 3, 64, results=1, note="several blocks of units"),
    ]

rows += [
    layer("LSTM", 5, 3, 4, 20, None, None, None, Constant(normal(1, 60))),
    layer("LSTM", 5, 3, 4, 20, lengths(2, 5, 4), None, None, Constant(normal(2, 60)), directions=2),
    layer("LSTM", 5, 3, 4, 20, input_forget=1),
    layer("GRU", 6, 3, 5, 24, linear_before_reset=1, free=(0,)),
    layer("GRU", 6, 5, 5, 20, lengths(6, 1, 2, 3, 4), normal(2, 5, 20), directions=2, linear_before_reset=1),
    layer("GRU", 4, 2, 3, 8, biases=False, linear_before_reset=1),
    layer("LSTM", 4, 2, 3, 8, activations=["Sigmoid", "Softsign", "Relu"]),
    layer("LSTM", 4, 2, 3, 8, directions=2, activations=["HardSigmoid", "Tanh", "ScaledTanh", "Sigmoid", "Elu", "Tanh"],
          activation_alpha=[0.3, 1.5, 0.7], activation_beta=[0.4, 0.5]),
    layer("GRU", 4, 2, 3, 8, directions=2, activations=["Sigmoid", "Softplus", "HardSigmoid", "LeakyRelu"], activation_alpha=[0.25, 0.1]),
]
rows += [
    layer("RNN", 4, 2, 3, 8, activations=[name], **numbers)
    for name, numbers in [("Relu", {}), ("Tanh", {}), ("Sigmoid", {}), ("Softsign", {}), ("Softplus", {}), ("LeakyRelu", {}),
                          ("Elu", {"activation_alpha": [0.6]}), ("ThresholdedRelu", {"activation_alpha": [0.2]}),
                          ("Affine", {"activation_alpha": [0.5], "activation_beta": [0.1]}), ("HardSigmoid", {}),
                          ("ScaledTanh", {"activation_alpha": [0.8], "activation_beta": [1.2]})]
]
check(rows, rtol=1e-4, atol=2e-6)
check([layer("LSTM", 4, 2, 3, 8), layer("GRU", 4, 2, 3, 8), layer("RNN", 4, 2, 3, 8)], opset=7)


def symbolic(operator, gates, lengths, hidden=20, directions=2, **options):
    """A layer whose steps and batch are both symbols."""
    inputs = 6
    if directions == 2:
        options["direction"] = "bidirectional"
    tensors = zip(("W", "R", "B"), weights(gates, inputs, hidden, directions))
    names = ["X", "W", "R", "B"] + ["n"] * lengths
    outputs = ["Y", "Y_h"] + ["Y_c"] * (operator == "LSTM")
    shape = {"Y": ["T", directions, "N", hidden], "Y_h": [directions, "N", hidden], "Y_c": [directions, "N", hidden]}
    values = [helper.make_tensor_value_info("X", onnx.TensorProto.FLOAT, ["T", "N", inputs])]
    values += [helper.make_tensor_value_info("n", onnx.TensorProto.INT32, ["N"])] * lengths
    node = helper.make_node(operator, names, outputs, name=operator, hidden_size=hidden, **options)
    graph = helper.make_graph([node], operator, values, [helper.make_tensor_value_info(o, onnx.TensorProto.FLOAT, shape[o]) for o in outputs],
                              [numpy_helper.from_array(tensor.value, name) for name, tensor in tensors])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


random = np.random.default_rng(3)
for operator, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
    for has_lengths in (False, True):
        feeds = []
        for steps, batch in ((7, 1), (1, 4), (5, 11), (9, 6)):
            feed = {"X": random.normal(0, 1, (steps, batch, 6)).astype(F32)}
            if has_lengths:
                feed["n"] = random.integers(1, steps + 1, batch).astype(np.int32)
                feed["n"][0] = steps
            feeds.append(feed)
        name = f"ops/recurrent_{operator}_{has_lengths}"
        library, _ = harness.check_model(name, symbolic(operator, gates, has_lengths), feeds, ["--cpu", "native"], 1e-4, 2e-6)
        if not harness.in_child(lambda: harness.threads_agree(library, feeds[2])):
            sys.exit(f"{operator}: results depend on the number of threads")

# Layers whose weights are worth a team of threads: some with fewer sequences than threads.
for operator, gates, hidden, options in (("LSTM", 4, 113, {}), ("LSTM", 4, 112, {"direction": "reverse"}), ("GRU", 3, 130, {}),
                                         ("GRU", 3, 144, {"linear_before_reset": 1}), ("RNN", 1, 230, {})):
    for directions in (1, 2):
        if directions == 2 and "direction" in options:
            continue
        feeds = [{"X": random.normal(0, 1, (steps, batch, 6)).astype(F32), "n": random.integers(1, steps + 1, batch).astype(np.int32)}
                 for steps, batch in ((6, 1), (3, 3), (4, 29), (1, 2))]
        name = f"ops/recurrent_team_{operator}_{hidden}_{directions}"
        library, _ = harness.check_model(name, symbolic(operator, gates, True, hidden, directions, **options), feeds, ["--cpu", "native"], 1e-4, 2e-6)
        for feed in feeds:
            if not harness.in_child(lambda: harness.threads_agree(library, feed)):
                sys.exit(f"{operator} of {hidden} units: results depend on the number of threads")
