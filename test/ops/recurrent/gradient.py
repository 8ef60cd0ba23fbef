# RUN: %python %s
"""Gradients of recurrent layers by inputs, weights, biases, initial states and peepholes."""

import sys

import numpy as np

import harness
from gradients import check_gradients, check_second_order, compile_gradients
from rows import Row, normal, uniform


def layer(operator, steps, batch, inputs, hidden, *rest, directions=1, **options):
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[operator]
    if directions == 2:
        options["direction"] = "bidirectional"
    results = 3 if operator == "LSTM" else 2
    x = normal(batch, steps, inputs) if options.get("layout") else normal(steps, batch, inputs)
    return Row(operator, x, 0.5 * normal(directions, gates * hidden, inputs), 0.5 * normal(directions, gates * hidden, hidden),
               0.5 * normal(directions, 2 * gates * hidden), *rest, hidden_size=hidden, results=results, **options)


def lengths(*numbers):
    return np.array(numbers, np.int32)


rows = []
for operator in ("LSTM", "GRU", "RNN"):
    states = [normal(2, 3, 5)] * (2 if operator == "LSTM" else 1)
    rows += [
        layer(operator, 4, 2, 3, 5, free=(0,)),
        layer(operator, 3, 1, 2, 18, direction="reverse", note="two blocks of units"),
        layer(operator, 4, 3, 3, 5, None, *states, directions=2),
        layer(operator, 4, 3, 3, 5, lengths(4, 1, 3), *states, directions=2),
        layer(operator, 1, 2, 3, 4, note="one step"),
        layer(operator, 2, 9, 2, 17, note="a large block of rows and one more"),
    ]
rows += [
    layer("LSTM", 4, 2, 3, 5, None, None, None, normal(1, 15)),
    layer("LSTM", 4, 2, 3, 5, lengths(2, 4), None, None, normal(2, 15), directions=2),
    layer("LSTM", 4, 2, 3, 5, input_forget=1),
    layer("GRU", 4, 2, 3, 5, linear_before_reset=1, free=(0,)),
    layer("GRU", 4, 3, 3, 5, lengths(1, 4, 2), normal(2, 3, 5), directions=2, linear_before_reset=1),
    layer("LSTM", 3, 2, 3, 4, layout=1),
    layer("LSTM", 3, 2, 3, 4, activations=["HardSigmoid", "Softsign", "ScaledTanh"], activation_alpha=[0.2, 0.8], activation_beta=[0.5, 1.2]),
    layer("GRU", 3, 2, 3, 4, activations=["Sigmoid", "Softplus"]),
    layer("RNN", 3, 2, 3, 4, activations=["Elu"], activation_alpha=[0.7]),
    layer("RNN", 3, 2, 3, 4, activations=["Affine"], activation_alpha=[0.5], activation_beta=[0.1]),
    layer("RNN", 3, 2, 3, 4, activations=["LeakyRelu"]),
    layer("RNN", 3, 2, 3, 4, activations=["LeakyRelu"], activation_alpha=[-0.5], note="it falls and rises"),
    layer("RNN", 3, 2, 3, 4, activations=["Elu"], activation_alpha=[-0.5]),
    layer("RNN", 4, 3, 3, 5, clip=0.4, free=(0,)),
    layer("RNN", 4, 3, 3, 5, clip=0.4, activations=["Affine"], activation_alpha=[-0.5], activation_beta=[0.1], note="it decreases"),
    layer("RNN", 4, 3, 3, 5, clip=0.8, activations=["ThresholdedRelu"], activation_alpha=[0.3]),
    layer("LSTM", 4, 2, 3, 5, lengths(2, 4), None, None, normal(2, 15), directions=2, clip=0.5),
    layer("LSTM", 4, 2, 3, 18, clip=0.7, input_forget=1, free=(0,)),
    layer("GRU", 4, 2, 3, 5, clip=0.5, free=(0,)),
    layer("GRU", 4, 2, 3, 5, clip=0.5, linear_before_reset=1),
]
check_gradients(rows)
# Layers are written out step by step: a few of them, with all that differs.
check_second_order([rows[i] for i in (8, 13, 16, 19, 21, 32)])


# Layers whose weights are worth a team of threads.
teams = [layer("LSTM", 3, 1, 2, 81), layer("LSTM", 3, 3, 2, 80, lengths(1, 3, 2), direction="reverse"), layer("GRU", 3, 1, 2, 93),
         layer("GRU", 3, 2, 2, 96, linear_before_reset=1), layer("RNN", 3, 1, 2, 160), layer("LSTM", 3, 1, 2, 80, directions=2, clip=0.6)]
check_gradients(teams)
library, feed = compile_gradients(teams, "gradients/recurrent_teams", 17, False)
if not harness.in_child(lambda: harness.threads_agree(library, feed)):
    sys.exit("gradients depend on the number of threads")
