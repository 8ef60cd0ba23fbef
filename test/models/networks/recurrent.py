"""Recurrent networks as PyTorch exports them: classifiers of sequences with and without lengths, a language model with state."""

import numpy as np

from graph import Graph
from networks import Network, integers, normal


def layer(g, kind, x, before, hidden, lengths="", states=("",), directions=1, **options):
    """The node's results; gates and directions as in ONNX."""
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind]
    weights = [g.weight(directions, gates * hidden, size, fan_in=hidden, gain=1.0) for size in (before, hidden)]
    bias = g.weight(directions, 2 * gates * hidden, fan_in=hidden, gain=1.0)
    if directions == 2:
        options["direction"] = "bidirectional"
    return g.op(kind, x, *weights, bias, lengths, *states, results=3 if kind == "LSTM" else 2, hidden_size=hidden, **options)


def joined(g, sequence, width):
    """[T, D, N, H] as [T, N, D H]."""
    return g.reshape(g.transpose(sequence, 0, 2, 1, 3), 0, 0, width)


def classifier(kind, steps, batch, **options):
    """Tokens, an embedding, two layers in both directions, the mean over all steps."""
    g = Graph(kind.lower(), 17)
    tokens = g.input("tokens", [steps, batch], np.int64)
    x = g.gather(g.weight(50, 12, fan_in=12), tokens)
    for before in (12, 40):
        x = joined(g, layer(g, kind, x, before, 20, directions=2, **options)[0], 40)
    g.output(g.softmax(g.linear(g.squeeze(g.mean(x, 0), 0), 40, 5)), "classes")
    return g.model()


def ragged(kind):
    """Sequences of different lengths; the last states decide."""
    g = Graph(f"{kind.lower()}_ragged", 17)
    x, lengths = g.input("x", ["T", "N", 9]), g.input("lengths", ["N"], np.int32)
    last = layer(g, kind, x, 9, 17, lengths=lengths, directions=2)[1]
    g.output(g.linear(g.reshape(g.transpose(last, 1, 0, 2), 0, 34), 34, 3), "scores")
    return g.model()


def language_model():
    """One call continues where the last one ended."""
    g = Graph("language_model", 17)
    tokens = g.input("tokens", ["T", 1], np.int64)
    h, c = (g.input(name, [1, 1, 24]) for name in ("h", "c"))
    y, h, c = layer(g, "LSTM", g.gather(g.weight(30, 24, fan_in=24), tokens), 24, 24, states=(h, c))
    g.output(g.matmul(joined(g, y, 24), g.weight(24, 30, fan_in=24)), "logits")
    g.output(h, "next_h")
    g.output(c, "next_c")
    return g.model()


def networks():
    for kind, options in (("LSTM", {}), ("GRU", {"linear_before_reset": 1}), ("RNN", {})):
        cases = [{"tokens": integers(steps, 50, steps, batch)} for steps, batch in ((9, 2), (1, 1), (4, 7))]
        yield Network(kind.lower(), classifier(kind, 9, 2, **options), cases[:1])
        yield Network(f"{kind.lower()}_free", classifier(kind, "T", "N", **options), cases)
        lengths = np.array([6, 1, 4, 2, 5], np.int32)
        yield Network(f"{kind.lower()}_ragged", ragged(kind), [{"x": normal(1, 6, 5, 9), "lengths": lengths}])
    states = {"h": normal(1, 1, 1, 24), "c": normal(2, 1, 1, 24)}
    yield Network("language_model", language_model(), [{"tokens": integers(n, 30, n, 1), **states} for n in (1, 5)])
