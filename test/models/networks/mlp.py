"""Multi-layer perceptrons: classifier, regressor, logistic regression, with fixed and with free batch."""

from graph import Graph
from networks import Network, normal


def classifier(name, batch, opset=17):
    g = Graph(name, opset)
    x = g.input("x", [batch, 64])
    hidden = g.relu(g.linear(x, 64, 48))
    hidden = g.relu(g.linear(hidden, 48, 33))  # an odd width: every kernel has a tail
    g.output(g.softmax(g.linear(hidden, 33, 10)), "probabilities")
    return g.model()


def regressor(name, batch):
    """The activations beside ReLU, in one chain."""
    g = Graph(name)
    x = g.input("x", [batch, 13])
    hidden = g.tanh(g.dense(x, 13, 32))
    hidden = g.op("Elu", g.dense(hidden, 32, 24), alpha=0.7)
    hidden = g.op("LeakyRelu", g.dense(hidden, 24, 24), alpha=0.1)
    hidden = g.op("Softplus", g.dense(hidden, 24, 16))
    hidden = g.op("Selu", g.dense(hidden, 16, 16))
    hidden = g.op("PRelu", g.dense(hidden, 16, 16), g.vector(16, 0.2))
    hidden = g.op("HardSigmoid", g.dense(hidden, 16, 16))
    g.output(g.dense(hidden, 16, 1), "y")
    return g.model()


def logistic(name):
    g = Graph(name, 13)
    g.output(g.sigmoid(g.linear(g.input("x", ["N", 30]), 30, 1)), "p")
    return g.model()


def networks():
    yield Network("mlp", classifier("mlp", 1), [{"x": normal(1, 1, 64)}, {"x": normal(2, 1, 64)}])
    yield Network("mlp_batch", classifier("mlp_batch", "N"), [{"x": normal(n, n, 64)} for n in (1, 5, 32)])
    yield Network("mlp_regressor", regressor("mlp_regressor", 7), [{"x": normal(1, 7, 13)}])
    yield Network("mlp_regressor_batch", regressor("mlp_regressor_batch", "N"), [{"x": normal(n, n, 13)} for n in (1, 16)])
    yield Network("logistic", logistic("logistic"), [{"x": normal(n, n, 30)} for n in (1, 64)])
