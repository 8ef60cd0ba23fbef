"""The state of training steps: resuming is exact, threads change nothing, all of it is saved; for every optimizer, on a
network with running statistics, an open batch size, and a weight that is used twice."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy as np
from onnx import TensorProto, helper, numpy_helper

import harness

random = np.random.default_rng(11)
CHANNELS = 5


def constant(name, *shape, low=-1.0):
    return numpy_helper.from_array(random.uniform(low, 1, shape).astype(np.float32), name)


def network():
    """conv, normalisation by the batch, and the same weight before and after an activation."""
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "filter"], ["c"], pads=[1, 1, 1, 1]),
        node("BatchNormalization", ["c", "scale", "shift", "mean", "var"], ["n", "mean.next", "var.next"], training_mode=1),
        node("Relu", ["n"], ["r"]),
        node("GlobalAveragePool", ["r"], ["p"]),
        node("Flatten", ["p"], ["f"]),
        node("MatMul", ["f", "tied"], ["h"]),
        node("Tanh", ["h"], ["t"]),
        node("MatMul", ["t", "tied"], ["y"]),
    ]
    weights = [constant("filter", CHANNELS, 3, 3, 3), constant("scale", CHANNELS, low=0.5), constant("shift", CHANNELS),
               constant("mean", CHANNELS), constant("var", CHANNELS, low=0.5), constant("tied", CHANNELS, CHANNELS)]  # fmt: skip
    value = helper.make_tensor_value_info
    outputs = [value("y", TensorProto.FLOAT, ["N", CHANNELS])]
    outputs += [value(name, TensorProto.FLOAT, [CHANNELS]) for name in ("mean.next", "var.next")]
    graph = helper.make_graph(nodes, "network", [value("x", TensorProto.FLOAT, ["N", 3, 7, 9])], outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def batch(number):
    random = np.random.default_rng(number)
    size = 3 + number % 3
    return {"x": random.normal(0, 1, (size, 3, 7, 9)).astype(np.float32), "target": random.integers(0, CHANNELS, size)}


def expect(condition, text):
    if not condition:
        raise harness.Failure(text)


def contents(model):
    return {name: np.array(value) for name, value in model.state.items()}


def same(one, other):
    return one.keys() == other.keys() and all(one[name].tobytes() == other[name].tobytes() for name in one)


def run(model, numbers):
    return [float(model.run({**batch(number), "lr": 0.05})["loss"]) for number in numbers]


def check(library, folder):
    import ingot
    load = lambda: ingot.load(str(library.path))  # noqa: E731
    whole, begin = load(), load()
    start = contents(whole)
    losses = run(whole, range(5))
    end = contents(whole)
    frozen = [name for name in start if (start[name] == end[name]).all()]
    expect(not frozen, f"five steps did not change {frozen}")
    expect(end["step"] == 5, f"the state counts {end['step']} steps")

    first = run(begin, range(2))
    begin.state.save(folder / "state")
    resumed = load()
    resumed.state.load(folder / "state")
    expect(same(contents(begin), contents(resumed)), "a state changed on its way through a file")
    expect(first + run(resumed, range(2, 5)) == losses and same(contents(resumed), end), "resuming is not exact")

    for threads in (1, 2, 5):
        other = ingot.load(str(library.path), threads=threads)
        expect(run(other, range(5)) == losses and same(contents(other), end), f"{threads} threads give another result")
    other.state.reset()
    expect(same(contents(other), start), "reset did not bring back the start")
    other.state["tied"] = 0
    expect((np.array(other.state["tied"]) == 0).all() and other.state["tied"].flags.writeable, "a tensor cannot be set")
    return 0.0


def main():
    folder, failures = harness.WORK / "train" / "state", 0
    folder.mkdir(parents=True, exist_ok=True)
    for optimizer in ("sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw", "lion"):
        try:
            library = harness.compile_model(network(), f"train/state.{optimizer}", ["--cpu", "native", "--train", "--optimizer", optimizer])
            harness.in_child(lambda: check(library, folder))
            print(f"{optimizer}: resumes bit for bit")
        except (harness.Failure, harness.Unsupported) as error:
            failures += 1
            print(f"{optimizer}: {error}")
    os.unlink(folder / "state")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
