"""Losses, optimizers and clipping against their formulas, written once more with numpy, and losses' gradients against
central differences; all in float64, on a network that scales its input by one weight a column."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy as np
import onnx
from onnx import helper, numpy_helper

import harness

random = np.random.default_rng(3)
ROWS, COLUMNS = 6, 5
X = random.normal(0, 1, (ROWS, COLUMNS))
W = random.normal(0, 1, COLUMNS)
CLASSES = np.array([0, 4, -100, 2, 2, 1])
SAME = random.normal(0, 1, (ROWS, COLUMNS))
SIGNS = np.sign(SAME)
SHARES = np.exp(SAME) / np.exp(SAME).sum(1, keepdims=True)


def network(outputs=1):
    """y = x * w, once or (for triplets) under three weights."""
    nodes, weights = [], []
    for i in range(outputs):
        suffix = str(i) if outputs > 1 else ""
        nodes.append(helper.make_node("Mul", ["x", "w" + suffix], ["y" + suffix], name="scale" + suffix))
        weights.append(numpy_helper.from_array(W * (i + 1), "w" + suffix))
    double = onnx.TensorProto.DOUBLE
    ports = [helper.make_tensor_value_info(node.output[0], double, [ROWS, COLUMNS]) for node in nodes]
    graph = helper.make_graph(nodes, "scale", [helper.make_tensor_value_info("x", double, [ROWS, COLUMNS])], ports, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def log_softmax(x):
    x = x - x.max(1, keepdims=True)
    return x - np.log(np.exp(x).sum(1, keepdims=True))


def cross_entropy(y, target, smoothing=0.0, ignored=-100):
    kept = target != ignored
    logs = log_softmax(y)[kept]
    exact = -logs[np.arange(kept.sum()), target[kept]].mean()
    return (1 - smoothing) * exact - smoothing * logs.mean(1).mean()


def huber(y, t, edge):
    d = np.abs(y - t)
    return np.where(d < edge, d * d / 2, edge * (d - edge / 2)).mean()


def cosine(y, t):
    return (1 - (y * t).sum(1) / np.sqrt((y * y).sum(1) * (t * t).sum(1))).mean()


def triplet(a, p, n, margin=1.0):
    distance = [np.sqrt(((a - b + 1e-6) ** 2).sum(1)) for b in (p, n)]
    return np.maximum(distance[0] - distance[1] + margin, 0).mean()


# loss, ingotc's options, target, formula of (outputs..., target)
LOSSES = [
    ("cross_entropy", [], CLASSES, cross_entropy),
    ("cross_entropy", ["--label-smoothing", "0.1"], CLASSES, lambda y, t: cross_entropy(y, t, 0.1)),
    ("cross_entropy", ["--ignore-index", "2"], np.maximum(CLASSES, 0), lambda y, t: cross_entropy(y, t, ignored=2)),
    ("cross_entropy_probabilities", [], SHARES, lambda y, t: -(t * log_softmax(y)).sum(1).mean()),
    ("nll", [], CLASSES, lambda y, t: -y[t >= 0, t[t >= 0]].mean()),
    ("bce_with_logits", [], (SAME > 0) * 1.0, lambda y, t: (np.log1p(np.exp(-np.abs(y))) + np.maximum(y, 0) - y * t).mean()),
    ("mse", [], SAME, lambda y, t: ((y - t) ** 2).mean()),
    ("l1", [], SAME, lambda y, t: np.abs(y - t).mean()),
    ("huber", ["--threshold", "0.7"], SAME, lambda y, t: huber(y, t, 0.7)),
    ("smooth_l1", ["--threshold", "0.7"], SAME, lambda y, t: huber(y, t, 0.7) / 0.7),
    ("kl", [], SHARES, lambda y, t: (t * (np.log(t) - y)).mean()),
    ("hinge", [], SIGNS, lambda y, t: np.maximum(1 - t * y, 0).mean()),
    ("cosine", [], SAME, cosine),
    ("triplet", ["--margin", "3"], None, lambda a, p, n, t: triplet(a, p, n, 3.0)),
]


def adam(p, g, s, t, decoupled):
    lr, b1, b2, eps, decay = 0.1, 0.9, 0.999, 1e-8, 0.01
    p, g = (p * (1 - lr * decay), g) if decoupled else (p, g + decay * p)
    s["m"], s["v"] = b1 * s["m"] + (1 - b1) * g, b2 * s["v"] + (1 - b2) * g * g
    return p - lr * (s["m"] / (1 - b1**t)) / (np.sqrt(s["v"] / (1 - b2**t)) + eps)


def lion(p, g, s, t):
    p = p * (1 - 0.1 * 0.01)
    p = p - 0.1 * np.sign(0.9 * s["m"] + 0.1 * g)
    s["m"] = 0.99 * s["m"] + 0.01 * g
    return p


def momentum(p, g, s, t, ahead=False):
    g = g + 0.01 * p
    s["m"] = 0.9 * s["m"] + g
    return p - 0.1 * (g + 0.9 * s["m"] if ahead else s["m"])


def rmsprop(p, g, s, t):
    g = g + 0.01 * p
    s["v"] = 0.99 * s["v"] + 0.01 * g * g
    return p - 0.1 * g / (np.sqrt(s["v"]) + 1e-8)


def adagrad(p, g, s, t):
    g = g + 0.01 * p
    s["v"] = s["v"] + g * g
    return p - 0.1 / (1 + (t - 1) * 0.2) * g / (np.sqrt(s["v"]) + 1e-10)


OPTIMIZERS = {
    "sgd": lambda p, g, s, t: p - 0.1 * (g + 0.01 * p),
    "momentum": momentum,
    "nesterov": lambda p, g, s, t: momentum(p, g, s, t, ahead=True),
    "rmsprop": rmsprop,
    "adagrad": adagrad,
    "adam": lambda p, g, s, t: adam(p, g, s, t, decoupled=False),
    "adamw": lambda p, g, s, t: adam(p, g, s, t, decoupled=True),
    "lion": lion,
}
NUMBERS = {"lr": 0.1, "weight_decay": 0.01, "momentum": 0.9, "alpha": 0.99, "beta1": 0.9, "lr_decay": 0.2, "clip": 0.05}


def feed_of(model, optimizer):
    """Everything that a step takes besides its state, which begins with the weights W, 2 W, 3 W."""
    numbers = dict(NUMBERS, beta2=0.99 if optimizer == "lion" else 0.999, eps=1e-10 if optimizer == "adagrad" else 1e-8)
    for name, value in model.state.items():
        expected = W * (int(name[1:] or 0) + 1) if model.state.roles[name] == "parameter" else 0
        if not (value == expected).all():
            raise harness.Failure(f"{name} begins with {value}, expected {expected}")
    return dict({port.name: numbers[port.name] for port in model.inputs if port.role == "hyper"}, x=X)


def check_loss(library, target, formula, outputs):
    import ingot
    model = ingot.load(str(library.path))
    feed = feed_of(model, "sgd")
    if target is not None:
        feed["target"] = target.astype(dict((p.name, p.dtype) for p in model.inputs)["target"])
    names = ["w"] if outputs == 1 else [f"w{i}" for i in range(outputs)]
    value = lambda weights: formula(*[X * w for w in weights], target)  # noqa: E731
    weights = [np.array(model.state[name]) for name in names]
    results = model.run(feed)
    error = abs(float(results["loss"]) - value(weights)) / abs(value(weights))
    for i, name in enumerate(names):
        for j in range(COLUMNS):
            step = np.zeros(COLUMNS)
            step[j] = 1e-6
            moved = [[w + sign * step * (k == i) for k, w in enumerate(weights)] for sign in (1, -1)]
            slope = (value(moved[0]) - value(moved[1])) / 2e-6
            error = max(error, abs(results[name + ".gradient"][j] - slope) / max(1e-3, abs(slope)))
    if not error < 1e-6:
        raise harness.Failure(f"off by {error:.2g}")
    return error


def check_optimizer(library, name, clip):
    import ingot
    model = ingot.load(str(library.path))
    feed, state, weight, worst = dict(feed_of(model, name), target=SAME), {"m": 0.0, "v": 0.0}, W, 0.0
    for step in range(1, 4):
        model.run(feed)
        gradient = 2 * ((X * weight - SAME) * X).sum(0) / X.size
        if clip == "value":
            gradient = np.clip(gradient, -0.05, 0.05)
        if clip == "norm":
            gradient = gradient * min(1, 0.05 / (np.sqrt((gradient**2).sum()) + 1e-6))
        weight = OPTIMIZERS[name](weight, gradient, state, step)
        worst = max(worst, np.abs(model.state["w"] - weight).max())
    if not worst < 1e-12:
        raise harness.Failure(f"parameters are off by {worst:.2g}")
    return worst


def attempt(what, name, options, outputs, check):
    try:
        library = harness.compile_model(network(outputs), f"train/{name}", ["--cpu", "native", "--train", "--gradients", *options])
        print(f"{what}: {harness.in_child(lambda: check(library)):.1g}")
        return 0
    except (harness.Failure, harness.Unsupported) as error:
        print(f"{what}: {error}")
        return 1


def main():
    failures = 0
    for number, (loss, options, target, formula) in enumerate(LOSSES):
        outputs = 3 if loss == "triplet" else 1
        failures += attempt(" ".join([loss, *options]), f"loss{number}", ["--loss", loss, *options], outputs,
                            lambda library: check_loss(library, target, formula, outputs))
    for name in OPTIMIZERS:
        failures += attempt(name, name, ["--loss", "mse", "--optimizer", name], 1, lambda library: check_optimizer(library, name, ""))
    for clip in ("norm", "value"):
        failures += attempt(f"clipped by {clip}", f"clip_{clip}", ["--loss", "mse", "--clip", clip], 1,
                            lambda library: check_optimizer(library, "sgd", clip))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
