"""The functions of recipes' expressions against NumPy, random numbers against their distribution."""

import math
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy as np

import harness
from recipe_models import compile_recipe

ROWS = 5


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def pick(x, i):
    return np.take_along_axis(x, i[:, None], 1)[:, 0]


# Expression -> the same in NumPy, of x [rows, 3], y [rows, 3] (positive), i (class numbers) and s = 0.5.
EXPRESSIONS = {
    "2 + 3 * x - y / 4": lambda x, y, i: 2 + 3 * x - y / 4,
    "-x ** 2": lambda x, y, i: -(x**2),
    "(1 - 2 ** -2) * x": lambda x, y, i: 0.75 * x,
    "y ** 1.5": lambda x, y, i: y**1.5,
    "s * x + s": lambda x, y, i: 0.5 * x + 0.5,
    "exp(s)": lambda x, y, i: np.exp(0.5),
    "x[:, 0]": lambda x, y, i: x[:, 0],
    "x[1:3, -1]": lambda x, y, i: x[1:3, -1],
    "x[-1]": lambda x, y, i: x[-1],
    "x[:, 0:2]": lambda x, y, i: x[:, 0:2],
    "sum(x)": lambda x, y, i: x.sum(),
    "mean(x, 0)": lambda x, y, i: x.mean(0),
    "max(x, axis=1, keep=1)": lambda x, y, i: x.max(1, keepdims=True),
    "min(x, axis=-1)": lambda x, y, i: x.min(-1),
    "norm(x, axis=1)": lambda x, y, i: np.linalg.norm(x, axis=1),
    "norm(x)": lambda x, y, i: np.linalg.norm(x),
    "abs(x) + sign(x) + floor(x)": lambda x, y, i: np.abs(x) + np.sign(x) + np.floor(x),
    "exp(x) + log(y) + sqrt(y) + square(x)": lambda x, y, i: np.exp(x) + np.log(y) + np.sqrt(y) + x**2,
    "sin(x) + cos(x) + tanh(x)": lambda x, y, i: np.sin(x) + np.cos(x) + np.tanh(x),
    "sigmoid(x) + relu(x) + softplus(x)": lambda x, y, i: 1 / (1 + np.exp(-x)) + np.maximum(x, 0) + np.log1p(np.exp(x)),
    "erf(x)": lambda x, y, i: np.vectorize(math.erf)(x),
    "maximum(x, y) - minimum(x, 0)": lambda x, y, i: np.maximum(x, y) - np.minimum(x, 0),
    "clip(x, -0.5, 0.5)": lambda x, y, i: np.clip(x, -0.5, 0.5),
    "where(x < y, x, 2)": lambda x, y, i: np.where(x < y, x, 2),
    "where(x >= 0, 1, x)": lambda x, y, i: np.where(x >= 0, 1, x),
    "float(i == 1) + float(i <= 0) + float(i > 1)": lambda x, y, i: np.ones(ROWS),
    "int(y * 3)": lambda x, y, i: (y * 3).astype(np.int64),
    "softmax(x) + log_softmax(x, axis=0)": lambda x, y, i: softmax(x) + np.log(softmax(x, 0)),
    "argmax(x)": lambda x, y, i: x.argmax(1),
    "concat(x, y, x)": lambda x, y, i: np.concatenate([x, y, x], 1),
    "concat(x, y, axis=0)": lambda x, y, i: np.concatenate([x, y], 0),
    "flatten(reshape(x, 5, 3, 1, 1)) + zeros_like(x) + ones_like(x)": lambda x, y, i: x + 1,
    "gather(x, i)": lambda x, y, i: pick(x, i),
    "matmul(x, reshape(x, 3, 5))": lambda x, y, i: x @ x.reshape(3, 5),
    "detach(x)": lambda x, y, i: x,
    "gradient(sum(x * x * y), x)": lambda x, y, i: 2 * x * y,
    "gradient(sum(square(gradient(sum(x ** 3), x))), x)": lambda x, y, i: 36 * x**3,
    "gradient(sum(x * detach(x)), x)": lambda x, y, i: x,
    "gradient(mean(exp(y)), x)": lambda x, y, i: 0 * x,
    "mse(x, y)": lambda x, y, i: ((x - y) ** 2).mean(),
    "mse(x, 1)": lambda x, y, i: ((x - 1) ** 2).mean(),
    "cross_entropy(x, i)": lambda x, y, i: -np.log(pick(softmax(x), i)).mean(),
    "cross_entropy(x, i, label_smoothing=0.1)": lambda x, y, i: -(0.9 * np.log(pick(softmax(x), i)) + 0.1 * np.log(softmax(x)).mean(1)).mean(),
    "huber(x, y, threshold=0.5)": lambda x, y, i: np.where(abs(x - y) < 0.5, (x - y) ** 2 / 2, 0.5 * (abs(x - y) - 0.25)).mean(),
    "bce_with_logits(x, 1)": lambda x, y, i: np.log1p(np.exp(-x)).mean(),
    "mean(noise) - mean(noise)": lambda x, y, i: 0.0,
}  # fmt: skip

HEAD = """
[inputs]
x = "float32[5, 3]"
y = "float32[5, 3]"
i = "int64[5]"

[hyperparameters]
s = 0.5

[entries.random]
outputs = { even = "uniform(100, 200)", normal = "normal(100, 200)", other = "normal_like(uniform(100, 200))" }

[entries.all]
let = { noise = "normal(64)" }

[entries.all.outputs]
"""


def check_random(entry):
    first, second = entry.run({}), entry.run({})
    for name, value in first.items():
        if (value == second[name]).any() and name != "even":
            raise harness.Failure(f"two runs draw equal numbers of {name}")
    even, normal = first["even"], first["normal"]
    figures = {"mean of uniform": (even.mean(), 0.5, 0.01), "deviation of uniform": (even.std(), 12**-0.5, 0.01),
               "least": (even.min(), 0, 1e-3), "most": (even.max(), 1, 1e-3),
               "mean of normal": (normal.mean(), 0, 0.03), "deviation of normal": (normal.std(), 1, 0.03),
               "share beyond 2": ((abs(normal) > 2).mean(), 0.0455, 0.006), "fourth moment": ((normal**4).mean(), 3, 0.3),
               "correlation": (np.corrcoef(normal.ravel(), first["other"].ravel())[0, 1], 0, 0.03)}  # fmt: skip
    for name, (actual, expected, tolerance) in figures.items():
        if not abs(actual - expected) <= tolerance:
            raise harness.Failure(f"{name} is {actual:.4f}, expected {expected:.4f}")


def run(library):
    import ingot
    model, random = ingot.load(str(library.path)), np.random.default_rng(3)
    x, y = random.normal(0, 1, (ROWS, 3)).astype(np.float32), random.uniform(0.1, 2, (ROWS, 3)).astype(np.float32)
    i = random.integers(0, 3, ROWS)
    check_random(model.entries["random"])
    results, wrong = model.entries["all"].run({"x": x, "y": y, "i": i}), []
    for number, (expression, function) in enumerate(EXPRESSIONS.items()):
        actual, expected = results[f"e{number}"], np.asarray(function(x.astype(np.float64), y.astype(np.float64), i))
        if actual.shape != expected.shape or not np.allclose(actual, expected, 1e-4, 1e-5):
            wrong.append(f"{expression}: {actual.tolist()}, expected {expected.tolist()}")
    return wrong


def main():
    lines = [f'e{number} = "{expression}"' for number, expression in enumerate(EXPRESSIONS)]
    library = compile_recipe("functions", HEAD + "\n".join(lines) + "\n", {})
    wrong = harness.in_child(lambda: run(library))
    print("\n".join(wrong) or f"{len(EXPRESSIONS)} expressions are NumPy's")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
