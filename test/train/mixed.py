"""`ingotc --train --precision bf16`: what is rounded where, that training goes as in float32, that a state is float32's, in less memory.

    mixed.py [CASE ...]        all by default; a case is a function below whose name begins with check_
"""

import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import harness
from budget import Network, deep_mlp, resnet, transformer
from training import INGOT, expect, folder, library, run_cases, train
from training_models import mlp

MIXED = ["--precision", "bf16"]


def to_bfloat(values):
    """To the nearest bfloat16, ties to even."""
    bits = np.asarray(values, np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16 << 16).astype(np.uint32).view(np.float32).astype(np.float64)


def exact(values):
    return np.asarray(values, np.float64)


def distance(given, expected):
    """The root mean square of the difference over that of the values."""
    return np.sqrt(np.mean((exact(given) - expected) ** 2) / np.mean(expected**2))


def run_steps(path, feeds, **hypers):
    """[what each step returns], and the state afterwards."""

    def run():
        import ingot

        step = ingot.load(str(path))
        results = [{name: np.array(value) for name, value in step.run({**feed, **hypers}).items()} for feed in feeds]
        return results, {name: np.array(value) for name, value in step.state.items()}

    return harness.in_child(run)


def share_of(scores, target):
    """The gradient of the mean cross entropy by the scores."""
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return (powers / powers.sum(1, keepdims=True) - np.eye(scores.shape[1])[target]) / len(target)


def layers_by_hand(weights, x, target, rounded):
    """The scores and gradients of three layers with rectifiers in between, in float64 with factors as `rounded` makes them."""
    names = sorted({name.split(".")[0] for name in weights})
    inputs, value = [], exact(x)
    for number, name in enumerate(names):
        inputs.append(rounded(value))
        value = inputs[-1] @ rounded(weights[f"{name}.weight"]).T + weights[f"{name}.bias"]
        if number + 1 < len(names):
            value = np.maximum(value, 0)
    scores, gradients, arriving = value, {}, share_of(value, target)
    for name, given in reversed(list(zip(names, inputs))):
        arriving = rounded(arriving)
        gradients[f"{name}.weight"], gradients[f"{name}.bias"] = arriving.T @ given, arriving.sum(0)
        arriving = (arriving @ rounded(weights[f"{name}.weight"])) * (given > 0)
    return scores, gradients


def check_layers():
    """Every number of a step: factors are bfloat16 and all else is not."""
    model, random = mlp([37, 130, 65, 11]), np.random.default_rng(3)
    weights = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    x, target = random.normal(0, 1, (43, 37)).astype(np.float32), random.integers(0, 11, 43)
    path = library(model, "mixed_layers", "--loss", "cross_entropy", "--optimizer", "sgd", "--gradients", *MIXED)
    [result], state = run_steps(path, [{"x": x, "target": target}], lr=0.5)
    scores, gradients = layers_by_hand(weights, x, target, to_bfloat)
    _, unrounded = layers_by_hand(weights, x, target, exact)
    furthest = distance(result["y"], scores)
    for name, gradient in gradients.items():
        error = distance(result[f"{name}.gradient"], gradient)
        furthest = max(furthest, error)
        expect(distance(gradient, unrounded[name]) > 5e-4, f"{name}: the gradient tells nothing of rounding")
        updated = weights[name] - np.float32(0.5) * result[f"{name}.gradient"]
        expect(np.abs(state[name] - updated).max() <= 1e-6, f"{name} is not updated in float32")
    # What float32 sums differently may round to the neighbour, seldom.
    expect(furthest < 2e-4, f"a gradient is {furthest:.2g} off")
    return f"gradients within {furthest:.1g}"


def waves(random, count):
    """Pictures of 3 x 16 x 16 with noise: classes are the direction and the length of waves."""
    target = random.integers(0, 10, count)
    pictures, place = random.normal(0, 0.5, (count, 3, 16, 16)), np.arange(16)
    for picture, label in zip(pictures, target):
        wave = 2 * np.sin(2 * np.pi * (label // 2 + 1) * place / 16 + random.uniform(0, 6))
        picture += wave[:, None] if label % 2 else wave
    return pictures.astype(np.float32), target


def sequences(random, count):
    """Sequences of noise, in which one feature is larger on average."""
    target = random.integers(0, 10, count)
    tokens = random.normal(0, 1, (count, 32, 32))
    tokens[np.arange(count), :, target] += 2
    return tokens.astype(np.float32), target


def lstm(batch=32, steps=32, width=32, hidden=24):
    """A recurrent layer over the steps, and a product of its last state."""
    net = Network()
    weights = {"w": (1, 4 * hidden, width), "r": (1, 4 * hidden, hidden), "b": (1, 8 * hidden)}
    random = np.random.default_rng(6)
    net.weights += [numpy_helper.from_array(random.uniform(-0.2, 0.2, shape).astype(np.float32), name) for name, shape in weights.items()]
    rows = net.add("Transpose", "x", perm=[1, 0, 2])
    net.nodes.append(helper.make_node("LSTM", [rows, "w", "r", "b"], ["", "last", ""], "lstm", hidden_size=hidden))
    last = net.add("Squeeze", "last", "axis")
    net.weights.append(numpy_helper.from_array(np.array([0]), "axis"))
    return net.model(net.add("Gemm", last, net.weight(hidden, 10), net.weight(10, fill=0)), [batch, steps, width], [batch, 10])


def compare_curves(name, model, data, steps, rate, bound):
    """The losses of training with the same batches in both precisions stay `bound` apart, relative to the first."""
    random = np.random.default_rng(2)
    feeds = []
    for _ in range(steps):
        x, target = data(random, model.graph.input[0].type.tensor_type.shape.dim[0].dim_value)
        feeds.append({"x": x, "target": target})
    options = ["--loss", "cross_entropy", "--optimizer", "adam", "-O1"]
    curves = []
    for words in ([], MIXED):
        path = library(model, f"mixed_{name}", *options, *words)
        results, _ = run_steps(path, feeds, lr=rate)
        curves.append(np.array([float(result["loss"]) for result in results]))
    plain, mixed = curves
    apart = np.abs(plain - mixed).max() / plain[0]
    expect(plain[-5:].mean() < 0.6 * plain[0], f"{name} does not learn: {plain[0]:.3f} to {plain[-1]:.3f}")
    expect(0 < apart < bound, f"{name}: losses up to {apart:.3g} of the first apart: {plain[-3:]} and {mixed[-3:]}")
    return f"loss {plain[0]:.2f} to {plain[-1]:.3f}, at most {100 * apart:.2g} % of the first apart"


def check_convolutions():
    return compare_curves("convolutions", resnet(batch=16, blocks=2), waves, 60, 3e-3, 0.02)


def check_transformer():
    return compare_curves("transformer", transformer(batch=16, blocks=2), sequences, 40, 2e-3, 0.02)


def check_recurrent():
    return compare_curves("recurrent", lstm(), sequences, 60, 1e-2, 0.02)


def check_digits():
    """The accuracy of the example in docs/training.md."""
    where, digits = folder("mixed_digits"), harness.ROOT / "docs/examples/digits"
    path = library(digits / "untrained.onnx", "mixed_digits", "--loss", "cross_entropy", "--optimizer", "adam", *MIXED)
    result = train(path, "--data", digits / "train-images-idx3-ubyte.gz", "--val", digits / "t10k-images-idx3-ubyte.gz",
                   "--epochs", 20, "--lr", 3e-3, "--schedule", "one-cycle", "--checkpoints", where / "kept")
    expect(result["best"]["accuracy"] >= 0.98, f"accuracy {result['best']}")
    return f"accuracy {result['best']['accuracy']:.4f}"


def check_state():
    """A state of one precision goes on in the other; the moments, too. Neither depends on the number of threads."""
    where, model, random = folder("mixed_state"), mlp([30, 40, 7]), np.random.default_rng(4)
    for number in range(3):
        np.savez(where / f"{number}.npz", x=random.normal(0, 1, (20, 30)).astype(np.float32), target=random.integers(0, 7, 20))
    paths = {name: library(model, f"mixed_state_{name}", "--loss", "cross_entropy", "--optimizer", "adam", *words)
             for name, words in (("plain", []), ("mixed", MIXED))}  # fmt: skip

    def step(name, batches, *words):
        feeds = [word for number in batches for word in ("--npz", str(where / f"{number}.npz"))]
        done = subprocess.run([INGOT, "step", paths[name], *feeds, *map(str, words), "--json"], capture_output=True, text=True, timeout=60)
        expect(done.returncode == 0, done.stderr)
        return json.loads(done.stdout)["losses"]

    step("plain", [0], "--save-state", where / "plain.safetensors")
    mixed = step("mixed", [1, 2], "--state", where / "plain.safetensors", "--save-state", where / "mixed.safetensors")
    plain = step("plain", [1, 2], "--state", where / "plain.safetensors")
    expect(np.allclose(plain, mixed, rtol=0.01) and plain != mixed, f"{plain} and {mixed}")
    again = step("mixed", [1, 2], "--state", where / "plain.safetensors", "--threads", 2)
    expect(again == mixed, f"two threads: {again} instead of {mixed}")
    back = step("plain", [0], "--state", where / "mixed.safetensors")
    forth = step("mixed", [0], "--state", where / "mixed.safetensors")
    expect(np.allclose(back, forth, rtol=0.01), f"{back} and {forth}")


def report(model, name, *options):
    """(library, what --json says)."""
    path = folder(f"mixed_{name}")
    onnx.save(model, path / "model.onnx")
    command = [str(harness.BUILD / "bin" / "ingotc"), str(path / "model.onnx"), "-o", str(path / "model.so"), "--name", "model", "--train",
               "--optimizer", "adam", "--cpu", "native", "-O1", "--json", *options]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    expect(done.returncode == 0, done.stderr[-1000:])
    return path / "model.so", json.loads(done.stdout)


def check_memory():
    """What backward reads takes half the memory; --memory-budget takes away more of it and changes no bit."""
    told = []
    for make, share in ((deep_mlp, 0.56), (resnet, 0.65), (transformer, 0.7)):
        model, name = make(), make.__name__
        _, plain = report(model, name)
        mixed_path, mixed = report(model, f"{name}_mixed", *MIXED)
        told.append(f"{name} {plain['arena_bytes']} to {mixed['arena_bytes']}")
        expect(mixed["arena_bytes"] <= share * plain["arena_bytes"], told[-1])
        shape = [each.dim_value for each in model.graph.input[0].type.tensor_type.shape.dim]
        random = np.random.default_rng(1)
        feeds = [{"x": random.normal(0, 1, shape).astype(np.float32), "target": random.integers(0, 10, shape[0])} for _ in range(3)]
        budget = mixed["arena_bytes"] * 3 // 4
        small_path, small = report(model, f"{name}_small", *MIXED, f"--memory-budget={budget}")
        expect(small["arena_bytes"] <= budget, f"{name}: {small['arena_bytes']} bytes in a budget of {budget}")
        _, state = run_steps(mixed_path, feeds, lr=1e-3)
        _, small_state = run_steps(small_path, feeds, lr=1e-3)
        for key, value in state.items():
            expect(np.array_equal(value, small_state[key]), f"{name}: {key} differs in less memory")
    return "; ".join(told)


def check_parts():
    """A step in two halves, frozen weights and increments of low rank compute what they do in float32, nearly."""
    model, random = mlp([30, 80, 64, 7]), np.random.default_rng(8)
    feeds = [{"x": random.normal(0, 1, (24, 30)).astype(np.float32), "target": random.integers(0, 7, 24)} for _ in range(3)]
    for name, options in {"frozen": ["--freeze", "layer1"], "lora": ["--lora", "layer1.weight", "--rank", "4", "--train-only", "layer2"],
                          "anomaly": ["--detect-anomaly"], "clipped": ["--clip", "norm"]}.items():  # fmt: skip
        losses = []
        for words in ([], MIXED):
            path = library(model, f"mixed_parts_{name}", "--loss", "cross_entropy", "--optimizer", "adam", *options, *words)
            results, _ = run_steps(path, feeds, lr=1e-2)
            losses.append([float(result["loss"]) for result in results])
        expect(np.allclose(*losses, rtol=0.01) and losses[0] != losses[1], f"{name}: {losses[0]} and {losses[1]}")
    where = folder("mixed_halves")
    np.savez(where / "data.npz", x=np.concatenate([feed["x"] for feed in feeds]), target=np.concatenate([feed["target"] for feed in feeds]))
    losses = []
    for words in ([], MIXED):
        path = library(model, "mixed_halves", "--loss", "cross_entropy", "--optimizer", "adam", "--split-update", *words)
        result = train(path, "--data", where / "data.npz", "--batch-size", 24, "--accumulate", 3, "--epochs", 2, "--checkpoints", where / "kept")
        losses.append(result["best"]["loss"])
    expect(np.allclose(*losses, rtol=0.01), f"halves: {losses}")


def check_recipe():
    """A recipe says so itself."""
    where = folder("mixed_recipe")
    onnx.save(mlp([30, 80, 7]), where / "net.onnx")
    random, losses = np.random.default_rng(9), []
    feeds = [{"x": random.normal(0, 1, (24, 30)).astype(np.float32), "label": random.integers(0, 7, 24)} for _ in range(3)]
    for line in ('precision = "f32"', 'precision = "bf16"', 'precision = "half"'):
        (where / "recipe.toml").write_text(
            f'{line}\n[networks]\nnet = "net.onnx"\n[steps.learn]\nloss = "cross_entropy(net(x), label)"\nupdates = ["net"]\n')
        command = [str(harness.BUILD / "bin" / "ingotc"), "--recipe", str(where / "recipe.toml"), "-o", str(where / "lib.so"), "--name", "model"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if "half" in line:
            expect(done.returncode == 1 and 'precision is "f32" or "bf16"' in done.stderr, done.stderr)
            continue
        expect(done.returncode == 0, done.stderr)

        def run():
            import ingot

            step = ingot.load(str(where / "lib.so"))
            step = step.entries["learn"] if hasattr(step, "entries") else step
            return [float(step.run(feed)["loss"]) for feed in feeds]

        losses.append(harness.in_child(run))
    expect(np.allclose(*losses, rtol=0.01) and losses[0] != losses[1], f"{losses}")


def check_mistakes():
    where = folder("mixed_mistakes")
    onnx.save(mlp([13, 24, 3]), where / "net.onnx")
    np.savez(where / "x.npz", x=np.zeros((2, 13), np.float32))
    for words, code, text in (
        (["--train", "--precision", "int8"], 2, "a training step computes with --precision f32 or bf16"),
        (["--train", "--precision", "bf16-weights"], 2, "a training step computes with --precision f32 or bf16"),
        (["--train", "--precision", "bf16", "--calibrate", str(where / "x.npz")], 2, "--calibrate is for inference"),
        (["--grad-inputs", "--precision", "bf16"], 2, "gradients of an inference library are in float32"),
        (["--train", "--precision", "bf16", "--precision-keep", "("], 1, "is not a regular expression"),
    ):
        command = [str(harness.BUILD / "bin" / "ingotc"), str(where / "net.onnx"), "-o", str(where / "net.so"), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        expect(done.returncode == code and text in done.stderr, f"{words}: {done.returncode} {done.stderr}")
        expect(not (where / "net.so").exists(), "nothing is written")


if __name__ == "__main__":
    sys.exit(run_cases(globals(), sys.argv[1:]))
