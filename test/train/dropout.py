"""Dropout in training mode: masks are those of Philox 4x32-10, written once more with numpy; gradients pass where they
hold; the generator is state, so that steps differ and repeat bit for bit with any number of threads."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy as np
import onnx
from onnx import helper, numpy_helper

import harness

ROWS, COLUMNS, RATIO = 37, 50, 0.3
random = np.random.default_rng(11)
X = random.normal(0, 1, (ROWS, COLUMNS)).astype(np.float32)
W = random.normal(0, 1, (ROWS, COLUMNS)).astype(np.float32)


def philox(counter, key):
    """The four words of each counter, after Salmon et al. 2011."""
    c, k = [np.asarray(word, np.uint64) for word in counter], [np.uint64(word) for word in key]
    low = np.uint64(0xFFFFFFFF)
    for _ in range(10):
        first, second = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(second >> np.uint64(32)) ^ c[1] ^ k[0], second & low, (first >> np.uint64(32)) ^ c[3] ^ k[1], first & low]
        k = [(k[0] + np.uint64(0x9E3779B9)) & low, (k[1] + np.uint64(0xBB67AE85)) & low]
    return c


def expected_mask(seed, runs, stream):
    position = np.arange(ROWS * COLUMNS, dtype=np.uint64)
    zeros = np.zeros_like(position)
    word = philox([position, zeros + stream, zeros + (runs & 0xFFFFFFFF), zeros + (runs >> 32)], [seed & 0xFFFFFFFF, seed >> 32])[0]
    return ((word >> np.uint64(8)).astype(np.float32) * np.float32(2.0**-24) >= np.float32(RATIO)).reshape(ROWS, COLUMNS)


def network(is_switched=False, **attributes):
    """y = dropout(dropout(x) * w), and both masks; with training mode as an input when it is switched."""
    numbers = [("ratio", np.float32(RATIO)), ("w", W)] + [("training", np.array(True))] * (not is_switched)
    nodes = [
        helper.make_node("Dropout", ["x", "ratio", "training"], ["a", "first"], name="first", **attributes),
        helper.make_node("Mul", ["a", "w"], ["b"], name="scale"),
        helper.make_node("Dropout", ["b", "ratio", "training"], ["y", "second"], name="second", **attributes),
    ]
    real, boolean = onnx.TensorProto.FLOAT, onnx.TensorProto.BOOL
    ports = [helper.make_tensor_value_info(name, kind, [ROWS, COLUMNS]) for name, kind in (("y", real), ("first", boolean), ("second", boolean))]
    inputs = [helper.make_tensor_value_info("x", real, [ROWS, COLUMNS])]
    if is_switched:
        inputs.append(helper.make_tensor_value_info("training", boolean, []))
    graph = helper.make_graph(nodes, "dropout", inputs, ports, [numpy_helper.from_array(np.asarray(v), n) for n, v in numbers])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def expect(condition, what):
    if not condition:
        raise harness.Failure(what)


def check_masks(results, seed, runs):
    for stream, name in enumerate(("first", "second")):
        expect((results[name] == expected_mask(seed, runs, stream)).all(), f"mask {name} of run {runs} is not Philox's")
    scale = np.float32(1) / (np.float32(1) - np.float32(RATIO))
    exact = np.where(results["second"], np.where(results["first"], X * scale, 0) * W * scale, 0)
    expect(np.allclose(results["y"], exact, rtol=1e-6), "the output is not x * w where both masks hold")


def check_inference(library, seed):
    import ingot
    model = ingot.load(str(library.path))
    for _ in range(2):  # the same numbers every time
        results = model.run({"x": X})
        check_masks(results, seed, 0)
    expect(np.allclose(results["x.gradient"], (results["first"] & results["second"]) * W / (1 - RATIO) ** 2, rtol=1e-5), "wrong gradient")


def check_switch(library):
    import ingot
    model = ingot.load(str(library.path))
    check_masks(model.run({"x": X, "training": np.array(True)}), 0, 0)
    results = model.run({"x": X, "training": np.array(False)})
    expect(results["first"].all() and results["second"].all() and (results["y"] == X * W).all(), "something drops out of an inference")


def steps(path, threads, seed, count):
    import ingot
    model = ingot.load(path, threads=threads)
    expect(model.state.roles["generator"] == "generator" and list(model.state["generator"]) == [0, 0], "no generator")
    model.state["generator"] = np.array([seed, 0])
    found = []
    for run in range(count):
        results = {name: np.array(value) for name, value in model.run({"x": X, "target": W, "lr": 0.0, "weight_decay": 0.0}).items()}
        check_masks(results, seed, run)
        found.append((results["loss"], results["w.gradient"], model.state["generator"].tolist()))
    return found


def check_training(library):
    seed = 2**40 + 5
    single, double = (steps(str(library.path), threads, seed, 3) for threads in (1, 2))
    expect([generator for _, _, generator in single] == [[seed, run + 1] for run in range(3)], "the generator does not count")
    expect(len({loss.tobytes() for loss, _, _ in single}) == 3, "steps draw the same numbers")
    same = all(a[0].tobytes() == b[0].tobytes() and a[1].tobytes() == b[1].tobytes() for a, b in zip(single, double))
    expect(same, "two threads do not repeat one thread's steps")


def main():
    # Random123's known answers.
    assert [int(word) for word in philox([0] * 4, [0] * 2)] == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert [int(word) for word in philox([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2)] == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]
    plain = harness.compile_model(network(), "train/dropout", ["--cpu", "native", "--grad-inputs"])
    seeded = harness.compile_model(network(seed=7), "train/dropout_seeded", ["--cpu", "native", "--grad-inputs"])
    step = harness.compile_model(network(), "train/dropout_step", ["--cpu", "native", "--train", "--loss", "mse", "--gradients"])
    switched = harness.compile_model(network(is_switched=True), "train/dropout_switched", ["--cpu", "native"])
    harness.in_child(lambda: check_inference(plain, 0))
    harness.in_child(lambda: check_switch(switched))
    harness.in_child(lambda: check_inference(seeded, 7))
    harness.in_child(lambda: check_training(step))
    print("dropout's masks are Philox's, its steps repeat")


if __name__ == "__main__":
    harness.run(main)
