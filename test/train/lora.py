"""Low-rank adaptation: the first step computes what the base model does, only the increments change (and what
--train-only names), gradients are the formula's, and the exported model is the sum."""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import harness

random = np.random.default_rng(5)
WEIGHTS = {
    "filter": random.normal(0, 0.5, (4, 2, 3, 3)),
    "fc1.weight": random.normal(0, 0.3, (7, 36)),
    "fc1.bias": random.normal(0, 0.3, 7),
    "head.weight": random.normal(0, 0.3, (7, 5)),
}
X, TARGET = random.normal(0, 1, (6, 2, 5, 5)).astype(np.float32), random.normal(0, 1, (6, 5)).astype(np.float32)
RANK, ALPHA = 3, 6.0


def network():
    nodes = [
        helper.make_node("Conv", ["x", "filter"], ["c"]),
        helper.make_node("Flatten", ["c"], ["f"]),
        helper.make_node("Gemm", ["f", "fc1.weight", "fc1.bias"], ["h"], transB=1),
        helper.make_node("Tanh", ["h"], ["t"]),
        helper.make_node("MatMul", ["t", "head.weight"], ["y"]),
    ]
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (("x", ["N", 2, 5, 5]), ("y", ["N", 5]))]
    weights = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in WEIGHTS.items()]
    return helper.make_model(helper.make_graph(nodes, "network", ports[:1], ports[1:], weights), ir_version=8,
                             opset_imports=[helper.make_opsetid("", 17)])


def expect(condition, text):
    if not condition:
        raise harness.Failure(text)


def close(given, expected, what, tolerance=1e-5):
    error = np.abs(given - expected).max()
    expect(error <= tolerance * max(1, np.abs(expected).max()), f"{what} is off by {error:.2g}")


def evaluate(model, feed):
    return np.array(model.evaluation.run(feed)["y"])


def check(library, plain, path):
    import ingot

    model, base = ingot.load(str(library.path)), ingot.load(str(plain.path))
    feed = {"x": X, "target": TARGET}
    names = {name for name, role in model.state.roles.items() if role == "parameter"}
    adapted = ("filter", "fc1.weight")
    expect(names == {"head.weight"} | {f"{name}.lora_{side}" for name in adapted for side in "AB"}, f"parameters are {sorted(names)}")
    begin = {name: np.array(model.state[name]) for name in names}
    expect(all(begin[f"{name}.lora_A"].std() > 0 and not begin[f"{name}.lora_B"].any() for name in adapted), "A is not random or B not zero")
    expect(begin["filter.lora_B"].shape == (4, RANK) and begin["filter.lora_A"].shape == (RANK, 18), "other shapes")
    exact = base.run({"x": X})["y"]
    close(evaluate(model, feed), exact, "the base model's output", 1e-6)
    result = model.run({**feed, "lr": 0.1})
    close(result["y"], exact, "the first step's output", 1e-6)

    # dB = (alpha / rank) dW A', and dW by the layer's formula.
    hidden = np.tanh(result_of_layer(base_layers(X)))
    towards = 2 * (exact - TARGET) / exact.size @ WEIGHTS["head.weight"].T * (1 - hidden**2)
    slope = ALPHA / RANK * (towards.T @ base_layers(X)) @ begin["fc1.weight.lora_A"].T
    close(result["fc1.weight.lora_B.gradient"], slope, "the gradient of B")
    expect(not result["fc1.weight.lora_A.gradient"].any(), "A has a gradient while B is zero")
    losses = [float(model.run({**feed, "lr": 0.1})["loss"]) for _ in range(20)]
    expect(losses[-1] < losses[0], f"losses do not fall: {losses}")
    expect(all((model.state[name] != begin[name]).any() for name in names), "something does not change")
    model.state.save(path)
    return evaluate(model, feed), {name: np.array(model.state[name]) for name in names}


def base_layers(x):
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))
    return np.einsum("ncyxij,fcij->nfyx", windows, WEIGHTS["filter"]).reshape(len(x), -1)


def result_of_layer(flat):
    return flat @ WEIGHTS["fc1.weight"].T + WEIGHTS["fc1.bias"]


def check_export(library, folder, state):
    target = folder / "merged.onnx"
    subprocess.run([str(harness.BUILD / "bin" / "ingot"), "export", str(library.path), "--state", str(folder / "state"), "-o", str(target)], check=True)
    merged = onnx.load(target)
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in merged.graph.initializer}
    for name in ("filter", "fc1.weight"):
        total = WEIGHTS[name] + ALPHA / RANK * (state[f"{name}.lora_B"].astype(float) @ state[f"{name}.lora_A"]).reshape(WEIGHTS[name].shape)
        close(values[name], total, f"the exported {name}", 1e-6)
    expect((values["head.weight"] == state["head.weight"]).all(), "the head is not the trained one")
    expect((values["fc1.bias"] == WEIGHTS["fc1.bias"].astype("f")).all(), "the bias is not as it was")
    return merged


def main():
    folder = harness.WORK / "train" / "lora"
    folder.mkdir(parents=True, exist_ok=True)
    options = ["--cpu", "native", "--train", "--loss", "mse", "--optimizer", "adam", "--gradients", "--lora", "^f.*", "--rank", str(RANK),
               "--alpha", str(int(ALPHA)), "--train-only", "^head"]
    library = harness.compile_model(network(), "train/lora", options)
    plain = harness.compile_model(network(), "train/lora_base", ["--cpu", "native"])
    output, state = harness.in_child(lambda: check(library, plain, folder / "state"))
    merged = check_export(library, folder, state)
    again = harness.run_library(harness.compile_model(merged, "train/lora_merged", ["--cpu", "native"]), [{"x": X}])
    close(again[0]["y"], output, "the exported model's output")
    print("low-rank increments train alone, and become part of the exported weights")


if __name__ == "__main__":
    harness.run(main)
