"""What goes wrong in training is told where it happens: classes that do not exist, NaN and infinity, a disk that is full.

    safety.py [CASE ...]        all by default; a case is a function below whose name begins with check_
"""

import os
import re
import resource
import signal
import subprocess
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

import training
from training import INGOT, expect, folder, harness, library, safetensors, train, wine
from training_models import mlp

import ingot

random = np.random.default_rng(5)
ROWS = 6


def step(path, batch, where, *words):
    np.savez(where / "batch.npz", **batch)
    command = [INGOT, "step", path, "--npz", where / "batch.npz", *words]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=100)


# Classes


def check_classes():
    """A class that does not exist is refused before anything changes; the ignored one is none of these."""
    where = folder("classes")
    x = random.normal(0, 1, (ROWS, 13)).astype(np.float32)
    for number, options in enumerate(([], ["--split-update"], ["--ignore-index", "7"])):
        path = library(mlp([13, 24, 3]), f"classes{number}", "--loss", "cross_entropy", "--optimizer", "adam", *options)
        ignored = 7 if "7" in options else -100
        model = ingot.load(path)
        before = {name: np.array(value) for name, value in model.state.items()}
        for wrong in (3, -1, 2**40, -(2**63), 7 if ignored != 7 else -100):
            target = np.array([0, 1, 2, ignored, wrong, 1])
            text = f'input "target": element [4] is class {wrong}, but there are 3 classes, 0 to 2 ({ignored} counts nothing)'
            for part in (model, model.evaluation):
                try:
                    part.run({"x": x, "target": target})
                    expect(False, f"class {wrong} is taken")
                except ingot.InvalidInput as error:
                    expect(text in str(error), error)
            done = step(path, {"x": x, "target": target}, where, "--save-state", where / "state")
            expect(done.returncode == 1 and text in done.stderr, done.stderr)
        expect(not (where / "state").exists(), "there is a state all the same")
        expect(all(np.array_equal(value, before[name]) for name, value in model.state.items()), "the state has changed")
        model.run({"x": x, "target": np.array([0, 1, 2, ignored, 0, 1])})


def dense(name, value):
    return numpy_helper.from_array(np.asarray(value, np.float32), name)


def network(nodes, weights, x=("N", 4), y=("N", 3)):
    value = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "network", [value("x", TensorProto.FLOAT, x)], [value("y", TensorProto.FLOAT, y)], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def check_class_places():
    """Classes of pixels are told by all their coordinates."""
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"], "conv", pads=[0, 0, 0, 0])]
    model = network(nodes, [dense("w", random.normal(0, 1, (5, 2, 1, 1)))], ("N", 2, 4, 3), ("N", 5, 4, 3))
    loaded = ingot.load(library(model, "places", "--loss", "cross_entropy", "--optimizer", "sgd"))
    target = np.zeros((2, 4, 3), np.int64)
    target[1, 2, 0] = 5
    try:
        loaded.run({"x": np.ones((2, 2, 4, 3), np.float32), "target": target})
        expect(False, "class 5 of 5 is taken")
    except ingot.InvalidInput as error:
        expect("element [1, 2, 0] is class 5, but there are 5 classes" in str(error), error)


# NaN and infinity


def anomaly(model, name, x, target, *words, loss="mse", options=()):
    """What a step says that was made with --detect-anomaly, and one without."""
    where = folder(f"anomaly_{name}")
    path = library(model, f"anomaly_{name}", "--loss", loss, "--optimizer", "sgd", "--detect-anomaly", *options)
    return step(path, {"x": np.asarray(x, np.float32), "target": target}, where, *words)


def expect_anomaly(done, *texts):
    expect(done.returncode == 1, f"exit code {done.returncode}: {done.stdout} {done.stderr}")
    for text in texts:
        expect(re.search(text, done.stderr), f"{text!r} is not in {done.stderr!r}")


def node(operator, inputs, outputs, **attributes):
    return helper.make_node(operator, inputs.split(), outputs.split(), f"net/{operator.lower()}", **attributes)


WEIGHT = dense("w", np.eye(4)[:, :3])
ONES, TARGET = np.ones((ROWS, 4)), np.zeros((ROWS, 3), np.float32)


def check_forward():
    """The logarithm of a negative number, in the forward pass; what comes later is not blamed."""
    nodes = [node("MatMul", "x w", "h"), node("Log", "h", "l"), node("Tanh", "l", "t"), node("Sigmoid", "t", "y")]
    x = ONES.copy()
    x[2, 1] = -1
    expect_anomaly(anomaly(network(nodes, [WEIGHT]), "forward", x, TARGET),
                   r'NaN in the loss: node "net/log" \(Log-17, #1\), forward makes the first NaN \(element 7 of 18 of its result\)')  # fmt: skip


def check_infinity():
    """Infinity minus infinity: both the difference and the exponential are told."""
    nodes = [node("MatMul", "x w", "h"), node("Exp", "h", "e"), node("Mul", "e e", "m"), node("Sub", "m e", "y")]
    done = anomaly(network(nodes, [WEIGHT]), "infinity", 100 * ONES, TARGET)
    expect_anomaly(done, r'NaN in the loss: node "net/sub" \(Sub-17, #3\), forward makes the first NaN',
                   r'out of an infinity: node "net/exp" \(Exp-17, #1\), forward makes the first infinity')  # fmt: skip


def check_backward():
    """The square root of 0 is 0, but its slope is infinite."""
    nodes = [node("MatMul", "x w", "h"), node("Sqrt", "h", "y")]
    for options in ((), ("--split-update",)):
        done = anomaly(network(nodes, [WEIGHT]), "backward", 0 * ONES, TARGET + 1, options=options)
        expect_anomaly(done, r'(NaN|infinity) in (parameter "w"|"w.gradient"): ',
                       r'node "net/sqrt" \(Sqrt-17, #1\), backward makes the first infinity')  # fmt: skip


def check_input():
    """A NaN that comes with the data, and one that the state already holds."""
    nodes = [node("MatMul", "x w", "h"), node("Tanh", "h", "y")]
    x = ONES.copy()
    x[3, 0] = np.nan
    model = network(nodes, [WEIGHT])
    expect_anomaly(anomaly(model, "input", x, TARGET), r'NaN in the loss: input "x" has it \(element 12 of 24\)')
    path = library(model, "anomaly_state", "--loss", "mse", "--optimizer", "sgd", "--detect-anomaly")
    loaded = ingot.load(path)
    loaded.state["w"][1, 2] = np.inf
    try:
        loaded.run({"x": -ONES.astype(np.float32) * 0 + 1, "target": TARGET})
        harness_text = ""
    except ingot.Error as error:
        harness_text = str(error)
    expect('parameter "w"' in harness_text, f"it says {harness_text!r}")


def check_update():
    """All is well but the learning rate."""
    model = network([node("MatMul", "x w", "y")], [WEIGHT])
    expect_anomaly(anomaly(model, "update", ONES, TARGET, "--hyper", "lr=1e39"),
                   r'infinity in parameter "w": .*(update|input "lr")')  # fmt: skip


def check_masks():
    """Minus infinity as a mask, and a NaN that is selected away, are no anomalies; and the step computes the same."""
    constants = [numpy_helper.from_array(np.array([False, False, True]), "mask"), dense("never", -np.inf),
                 dense("zero", 0), dense("one", 1)]  # fmt: skip
    nodes = [node("MatMul", "x w", "h"), node("Where", "mask never h", "m"), node("Softmax", "m", "s", axis=-1),
             node("Log", "zero", "l"), node("Mul", "l zero", "nan"), helper.make_node("IsNaN", ["nan"], ["isnan"], "net/isnan"),
             helper.make_node("Where", ["isnan", "zero", "nan"], ["rest"], "net/rest"), node("Add", "s rest", "y")]  # fmt: skip
    model = network(nodes, [WEIGHT, *constants])
    freeze = ("--freeze", "never|zero|one")
    batch = {"x": random.normal(0, 1, (ROWS, 4)).astype(np.float32), "target": TARGET}
    losses = []
    for options in ((), ("--detect-anomaly",)):
        loaded = ingot.load(library(model, f"masks{len(options)}", "--loss", "mse", "--optimizer", "adam", *freeze, *options))
        losses.append([loaded.run(batch)["loss"] for _ in range(3)])
    expect(np.allclose(*losses, rtol=1e-6, atol=0), f"the losses are {losses}")


def check_train():
    """`ingot train` says it too, and says before how to find out."""
    where = folder("anomaly_train")
    nodes = [node("MatMul", "x w", "h"), node("Log", "h", "y")]
    x = random.uniform(0.5, 1, (40, 4)).astype(np.float32)
    x[20] = -1
    np.savez(where / "data.npz", x=x, target=np.zeros((40, 3), np.float32))
    words = ["--data", where / "data.npz", "--checkpoints", where / "kept"]
    plain = library(network(nodes, [dense("w", np.ones((4, 3)))]), "plain", "--loss", "mse", "--optimizer", "sgd")
    error = train(plain, *words, code=1)
    expect("the loss is not a number (NaN)" in error and "--detect-anomaly" in error, error)
    careful = library(network(nodes, [dense("w", np.ones((4, 3)))]), "careful", "--loss", "mse", "--optimizer", "sgd", "--detect-anomaly")
    error = train(careful, *words, code=1)
    expect('node "net/log" (Log-17, #1), forward makes the first NaN' in error, error)


# Checkpoints


def check_full_disk():
    """A disk that is full (here: files that may not grow) ends the training; the checkpoints before stay as they are."""
    where = folder("full_disk")
    path = library(mlp([13, 200, 3]), "full_disk", "--loss", "cross_entropy", "--optimizer", "adam")
    words = [path, *wine(where)[:-1], where / "kept"]
    train(*words, "--epochs", 2)
    before = {file.name: file.read_bytes() for file in (where / "kept").iterdir()}
    expect(set(before) == {"best.safetensors", "last.safetensors"}, f"there are {set(before)}")

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    command = [INGOT, "train", *map(str, words), "--epochs", "4", "--resume"]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit)
    expect(done.returncode == 1 and "safetensors: error: cannot be written: File too large" in done.stderr, done.stderr)
    after = {file.name: file.read_bytes() for file in (where / "kept").iterdir()}
    expect(after == before, f"the folder has {set(after)}, or other contents")
    expect(len(train(*words, "--epochs", 4, "--resume")["epochs"]) == 4, "it does not go on")


def check_other_model():
    """The state of another model, or of another optimizer, is refused by name."""
    where = folder("other_model")
    paths = {name: library(mlp(sizes), name, "--loss", "cross_entropy", "--optimizer", optimizer)
             for name, sizes, optimizer in (("one", [13, 24, 3], "adam"), ("other", [13, 20, 3], "adam"), ("third", [13, 24, 3], "sgd"))}  # fmt: skip
    data = wine(where)[:-1]
    train(paths["one"], *data, where / "kept", "--epochs", 1)
    state = where / "kept/last.safetensors"
    for name, text in (("other", "made from another model file"), ("third", "of another optimizer (optimizer adam, expected sgd)")):
        for words in ([*data, where / "new", "--state", state], [*data, where / "kept", "--resume"]):
            error = train(paths[name], *words, "--epochs", 2, code=1)
            expect("last.safetensors: error: " in error and text in error, error)
    expect(safetensors(state)["step"] > 0, "the state has changed")


if __name__ == "__main__":
    sys.exit(training.run_cases(globals(), sys.argv[1:]))
