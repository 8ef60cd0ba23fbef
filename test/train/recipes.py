"""Recipes against PyTorch's records, where ../shared/train is there, and against formulas.

    recipes.py [CASE ...]        all by default; a case is a function below whose name begins with check_
"""

import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy as np

import harness
import training
from recipe_models import compile_recipe, cut, mlp
from training import expect

SHARED = pathlib.Path(os.environ.get("INGOT_SHARED", harness.ROOT.parent / "shared")) / "train"


def records():
    """What PyTorch's runs were told and did; leaves the test where they are not there."""
    if not (SHARED / "train.json").exists():
        print(f"{SHARED} is not there: nothing to compare with")
        sys.exit(77)
    return json.loads((SHARED / "train.json").read_text())


def close(actual, expected, tolerance, what):
    error = float(np.abs(np.asarray(actual, np.float64) / np.asarray(expected, np.float64) - 1).max())
    expect(error <= tolerance, f"{what} are off by {error:.2g}: {actual}, expected {expected}")
    return error


def load(library):
    import ingot
    return ingot.load(str(library.path))


def contents(model):
    return {name: np.array(value) for name, value in model.state.items()}


# Networks that take turns


DCGAN = """
[networks]
G = "generator.onnx"
D = "discriminator.onnx"

[steps.discriminator]
loss = "bce_with_logits(D(image), 1) + bce_with_logits(D(detach(G(z))), 0)"
updates = ["D"]
{settings}

[steps.generator]
loss = "bce_with_logits(D(G(z)), 1)"
updates = ["G"]
{settings}

[entries.sample]
outputs = {{ image = "G(normal(8, 8, 1, 1))", given = "G(z)" }}
"""
BEGINNINGS = {"running_mean": np.zeros_like, "running_var": np.ones_like}


def dcgan_settings(optimizer, hyper):
    hyper = dict(hyper)
    if "betas" in hyper:
        hyper["beta1"], hyper["beta2"] = hyper.pop("betas")
    lines = [f'optimizer = "{"adam" if optimizer == "adam_gan" else optimizer}"']
    return "\n".join(lines + [f"{key} = {float(value)}" for key, value in hyper.items() if not isinstance(value, bool)])


def run_dcgan(library, data):
    model = load(library)
    expect(list(model.steps) == ["discriminator", "generator"] and "sample" in model.entries, f"entries are {list(model.entries)}")
    for name in model.state:
        if begin := BEGINNINGS.get(name.rsplit(".")[-1]):
            model.state[name] = begin(model.state[name])
    before, losses = contents(model), []
    for step in range(5):
        first = model.steps["discriminator"].run({"image": data[f"real_{step}"], "z": data[f"zd_{step}"]})
        second = model.steps["generator"].run({"z": data[f"zg_{step}"]})
        losses.append((float(first["loss"]), float(second["loss"])))
    after = contents(model)
    samples = [model.entries["sample"].run({"z": data["zg_0"]}) for _ in range(2)]
    expect((samples[0]["given"] == samples[1]["given"]).all() and (samples[0]["image"] != samples[1]["image"]).any(),
           "samples do not differ, or what depends on inputs alone does")
    changed = [name for name, value in contents(model).items() if (value != after[name]).any()]
    expect(changed == ["generator"], f"a sample changed {changed}")
    return before, np.array(losses), after


def check_dcgan():
    """Two networks with batch statistics: each call of one updates them, in the order of the expressions."""
    about, data = records()["dcgan"], dict(np.load(SHARED / "dcgan.data.npz"))
    statistics = {f"{layer}.running_{kind}.next": f"{layer}.running_{kind}.next" for layer in ("G.1", "G.4", "D.3") for kind in ("mean", "var")}
    of = lambda network: {key: value for key, value in statistics.items() if key[0] == network}  # noqa: E731
    networks = {"generator.onnx": cut(SHARED / "dcgan_g.onnx", {"z": "z"}, {"fake": "image", **of("G")}),
                "discriminator.onnx": cut(SHARED / "dcgan_g.onnx", {"fake": "image"}, {"/D/D.6/Flatten_output_0": "logit", **of("D")})}  # fmt: skip
    for optimizer, reference in about["optimizers"].items():
        expected = dict(np.load(SHARED / f"dcgan.{optimizer}.npz"))
        text = DCGAN.format(settings=dcgan_settings(optimizer, reference["hyper"]))
        library = compile_recipe(f"dcgan.{optimizer}", text, networks)
        before, losses, after = harness.in_child(lambda: run_dcgan(library, data))
        worst = close(losses, np.stack([expected["losses_d"], expected["losses_g"]], 1), 1e-5, "losses")
        for kind in ("param_5", "buffer_5_onnx"):
            for key, value in expected.items():
                if key.startswith(kind + "/"):
                    tensor = key.split("/")[1]
                    name = f"{tensor[0]}.{tensor}"
                    error, change = np.abs(after[name] - value).max(), np.abs(value - before[name]).max()
                    expect(error <= 1e-6 + 1e-3 * change, f"{name} is off by {error:.2g}, its largest change is {change:.2g}")
        print(f"  dcgan {optimizer}: losses to {worst:.1g}")


DQN = """
[networks]
q = "online.onnx"
t = "target.onnx"

[inputs]
a = "int64[16, 1]"
r = "float32[16]"
d = "float32[16]"

[hyperparameters]
gamma = 0.9

[steps.train]
let = { best = "max(t(x2), axis=1)", goal = "r + gamma * (1 - d) * best" }
loss = "smooth_l1(gather(q(x), a)[:, 0], goal)"
updates = ["q"]
optimizer = "adam"
outputs = { values = "q(x)" }
"""


def run_dqn(library, data):
    model = load(library)
    names = [port.name for port in model.inputs]
    expect(names == ["x", "a", "r", "d", "x2", "gamma", "lr", "beta1", "beta2", "eps", "weight_decay"], f"inputs are {names}")
    losses = []
    for step in range(5):
        results = model.run({"gamma": 0.99, **{name: data[f"{name}_{step}"] for name in ("x", "a", "r", "x2", "d")}})
        losses.append(float(results["loss"]))
        if step == 0:
            expect(np.allclose(results["values"], data["pred_0"], 1e-5, 1e-6), "the values are not the network's")
    expect(not any(name.startswith("t.") for name in model.state), "a network that nothing changes is in the state")
    return losses, contents(model)


def check_dqn():
    """Arithmetic, a hyperparameter, elements chosen by an index, and a network that stays as it is."""
    records()
    data, expected = dict(np.load(SHARED / "dqn.data.npz")), dict(np.load(SHARED / "dqn.adam.npz"))
    networks = {"online.onnx": cut(SHARED / "dqn.onnx", {"x": "x"}, {"pred": "values"}),
                "target.onnx": cut(SHARED / "dqn.onnx", {"x2": "x"}, {"/t/t.4/Gemm_output_0": "values"})}  # fmt: skip
    library = compile_recipe("dqn", DQN, networks)
    losses, after = harness.in_child(lambda: run_dqn(library, data))
    close(losses, expected["losses"], 1e-5, "losses")
    for key, value in expected.items():
        if key.startswith("param_5/q"):
            error = np.abs(after["q." + key.split("/")[1]] - value).max()
            expect(error <= 2e-6, f"{key} is off by {error:.2g}")


# Copies


COPIES = """
[networks]
online = "net.onnx"
hard = {{ copy_of = "online" }}
soft = {{ copy_of = "online" }}
asked = {{ copy_of = "online" }}

[steps.train]
loss = "mse(online(x), y) + 0.1 * mse(online(x), detach(hard(x) + soft(x) + asked(x)))"
updates = ["online"]
optimizer = "sgd"
lr = 0.1

[copies]
hard = {{ every = 2 }}
soft = {{ from = "online", tau = {tau} }}
"""


def run_copies(library):
    model, random = load(library), np.random.default_rng(1)
    expect(list(model.entries) == ["train", "copy_asked"], f"entries are {list(model.entries)}")
    tensors = [name.removeprefix("online.") for name in model.state if name.startswith("online.")]
    before = contents(model)
    for copy in ("hard", "soft", "asked"):
        expect(all((before[f"{copy}.{name}"] == before[f"online.{name}"]).all() for name in tensors), f"{copy} does not begin as a copy")
    for step in range(1, 5):
        model.run({"x": random.normal(0, 1, (4, 3)).astype(np.float32), "y": random.normal(0, 1, (4, 2)).astype(np.float32)})
        after = contents(model)
        for name in tensors:
            online = after[f"online.{name}"]
            expect((online != before[f"online.{name}"]).any(), f"{name} was not trained")
            hard = online if step % 2 == 0 else before[f"hard.{name}"]
            expect((after[f"hard.{name}"] == hard).all(), f"hard.{name} is wrong after step {step}")
            soft = before[f"soft.{name}"] * np.float32(0.75) + online * np.float32(0.25)
            expect(np.allclose(after[f"soft.{name}"], soft, 1e-6, 1e-7), f"soft.{name} is wrong after step {step}")
            expect((after[f"asked.{name}"] == before[f"asked.{name}"]).all(), f"asked.{name} changed by itself")
        before = after
    model.entries["copy_asked"].run({})
    after = contents(model)
    expect(all((after[f"asked.{name}"] == after[f"online.{name}"]).all() for name in tensors), "copy_asked copied nothing")


def check_copies():
    library = compile_recipe("copies", COPIES.format(tau=0.25), {"net.onnx": mlp([3, 5, 2])})
    harness.in_child(lambda: run_copies(library))


# One step, and whole trainings


SHORTHAND = """
[networks]
net = "net.onnx"

[steps.train_step]
loss = "mse(net(x), target)"
updates = ["net"]
optimizer = "adamw"
lr = 0.05

[entries.evaluation]
loss = "mse(net(x), target)"
"""


def check_shorthand():
    """A recipe of one step is `ingotc --train`, to the last bit."""
    network, random = mlp([3, 7, 2], activation="Tanh"), np.random.default_rng(5)
    batches = [{"x": random.normal(0, 1, (6, 3)).astype(np.float32), "target": random.normal(0, 1, (6, 2)).astype(np.float32)} for _ in range(4)]
    train = ["--cpu", "native", "--train", "--loss", "mse", "--optimizer", "adamw"]
    libraries = compile_recipe("shorthand", SHORTHAND, {"net.onnx": network}), harness.compile_model(network, "recipes/plain", train)

    def run(library):
        model = load(library)
        losses = [float(model.run({**batch, "lr": 0.05})["loss"]) for batch in batches]
        return [*losses, float(model.evaluation.run(batches[0])["loss"])], contents(model)

    (losses, state), (expected, other) = (harness.in_child(lambda: run(library)) for library in libraries)
    expect(losses == expected, f"losses are {losses}, expected {expected}")
    for name, value in other.items():
        name = "train_step.step" if name == "step" else f"net.{name}"
        expect((state[name] == value).all(), f"{name} differs")


POINTS = """
[networks]
g = "g.onnx"
d = "d.onnx"

[steps.discriminator]
let = { z = "normal(batch, 4)" }
loss = "bce_with_logits(d(point), 1) + bce_with_logits(d(detach(g(z))), 0)"
updates = ["d"]
lr = 5e-3

[steps.generator]
let = { z = "normal(batch, 4)" }
loss = "bce_with_logits(d(g(z)), 1)"
updates = ["g"]
lr = 2e-3

[training]
repeats = { discriminator = 2 }
every = { generator = 3 }
"""


def ingot_train(*words, code=0):
    done = subprocess.run([str(harness.BUILD / "bin" / "ingot"), "train", *map(str, words), "--json"], capture_output=True, text=True, timeout=120)
    expect(done.returncode == code, f"exit code {done.returncode}, expected {code}: {done.stderr.strip()}")
    return json.loads(done.stdout) if code == 0 else done.stderr


def check_train():
    """`ingot train` does the steps in turn, each as often as the recipe says; it resumes to the last bit."""
    networks = {"g.onnx": mlp([4, 16, 2], 1, names=("z", "point")), "d.onnx": mlp([2, 16, 1], 2, names=("point", "logit"))}
    library, where = compile_recipe("points", POINTS, networks, ["--dim", "batch=16"]), harness.WORK / "recipes" / "points"
    points = np.random.default_rng(7).normal(2, 0.1, (200, 2)).astype(np.float32)
    np.savez(where / "points.npz", point=points)
    command = [library.path, "--data", where / "points.npz"]
    whole = ingot_train(*command, "--epochs", 6, "--checkpoints", where / "whole", "--schedule", "cosine", "--hyper", "generator.lr=1e-3")
    expect(set(whole["epochs"][0]["training"]) == {"loss", "discriminator", "generator"}, f"figures are {whole['epochs'][0]}")
    expect(whole["best_epoch"] == 6, "the last epoch is not the best")
    course = ["--schedule", "constant", "--checkpoints"]
    ingot_train(*command, "--epochs", 4, *course, where / "straight")
    ingot_train(*command, "--epochs", 2, *course, where / "halves")
    ingot_train(*command, "--epochs", 4, *course, where / "halves", "--resume")

    def states():
        model, found = load(library), []
        for name in ("straight", "halves"):
            model.state.load(where / name / "last.safetensors")
            found.append(contents(model))
        return found

    straight, halves = harness.in_child(states)
    expect(all((straight[name] == halves[name]).all() for name in straight), "resuming is not exact")
    steps = int(straight["discriminator.step"]), int(straight["generator.step"])
    expect(steps == (4 * 12 * 2, 4 * 4), f"the steps were done {steps} times")
    error = ingot_train(*command, "--val-split", 0.2, code=1)
    expect("the recipe has no [entries.evaluation] with a loss" in error, error)
    error = ingot_train(*command, "--hyper", "rate=1", code=1)
    expect('there is no hyperparameter "rate"; there are discriminator.lr' in error, error)
    error = ingot_train(*command, "--adversarial", "fgsm:epsilon=0.1", code=1)
    expect("was made with --recipe, whose steps say what they train on" in error, error)

    shorthand = compile_recipe("validated", SHORTHAND, {"net.onnx": mlp([2, 5, 2])})
    np.savez(where / "pairs.npz", x=points, target=points[:, ::-1].copy())
    result = ingot_train(shorthand.path, "--data", where / "pairs.npz", "--val-split", 0.25, "--epochs", 12, "--checkpoints", where / "pairs")
    first, last = result["epochs"][0]["validation"]["loss"], result["epochs"][-1]["validation"]["loss"]
    expect(last < first / 4, f"the validation loss went from {first:.3g} to {last:.3g}")


if __name__ == "__main__":
    sys.exit(training.run_cases(globals(), sys.argv[1:]))
