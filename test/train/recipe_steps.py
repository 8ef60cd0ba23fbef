"""What steps of a recipe have in common with `ingotc --train`: two parts, pieces of a batch, ranks, budgets, anomalies, and what is trained.

    recipe_steps.py [CASE ...]        all by default; a case is a function below whose name begins with check_

Cases that need an MPI leave with 77 where there is none.
"""

import json
import subprocess
import sys

import numpy as np
import onnx

import training
from recipe_models import compile_recipe, mlp
from sharing import INGOT, expect, expect_same_in_pieces, kept, launchers, near, near_states, train_on
from training import harness, safetensors, train

import ingot

random = np.random.default_rng(3)
POINTS = random.normal(0, 1, (66, 2)).astype(np.float32)
NOISE = random.normal(0, 1, (66, 4)).astype(np.float32)
NETWORKS = {"g.onnx": mlp([4, 9, 2], 1, "Tanh", ("z", "point")), "d.onnx": mlp([2, 9, 1], 2, "Tanh", ("point", "logit"))}
STEPS = """
[networks]
g = "g.onnx"
d = "d.onnx"
slow = {{ copy_of = "g" }}

[hyperparameters]
push = 1.0

[steps.discriminator]
loss = "bce_with_logits(d(point), 1) + bce_with_logits(d(detach(g(z))), 0)"
updates = ["d"]
optimizer = "{optimizer}"
lr = 0.05
clip_by = "norm"

[steps.generator]
loss = "push * bce_with_logits(d(g(z)), 1)"
updates = ["g"]
optimizer = "{optimizer}"
lr = 0.02

[steps.both]
loss = "mse(d(g(z)), 0.25)"
updates = ["g", "d"]
optimizer = "{optimizer}"
lr = 0.01

[copies]
slow = {{ from = "g", tau = 0.25 }}

[entries.evaluation]
loss = "mse(d(g(z)), 0.5)"
outputs = {{ made = "slow(z)" }}
"""
FEEDS = {"discriminator": ("point", "z"), "generator": ("z",), "both": ("z",)}


def path_of(name, optimizer="momentum", *options):
    return str(compile_recipe(f"steps_{name}", STEPS.format(optimizer=optimizer), NETWORKS, options).path)


def batch(step, rows):
    data = {"point": POINTS, "z": NOISE}
    return {name: data[name][rows] for name in FEEDS[step]}


def check_parts():
    """A gradient step and its update are the step; four quarters are the step of all rows. Copies follow the update."""
    for optimizer in ("momentum", "adam"):
        whole, split = ingot.load(path_of("whole", optimizer)), ingot.load(path_of("split", optimizer, "--split-update"))
        expect(list(split.steps) == ["discriminator", "generator", "both"], f"steps are {list(split.steps)}")
        expect(split.steps["generator"].update.entry == "generator_update", "the update has another name")
        names = [port.name for port in split.steps["generator"].update.inputs]
        expect("push" not in names and "share" not in names and "lr" in names, f"the update takes {names}")
        expect("share" in [port.name for port in split.steps["generator"].inputs], "the gradient step takes no share")
        for turn in range(2):
            for step in FEEDS:
                hypers = {"clip": 0.05} if step == "discriminator" else {}
                loss, begin = 0, 16 * turn
                expected = whole.steps[step].run({**batch(step, slice(begin, begin + 16)), **hypers})["loss"]
                for quarter in range(4):
                    rows = slice(begin + 4 * quarter, begin + 4 * quarter + 4)
                    loss += split.steps[step].run({**batch(step, rows), "share": 0.25})["loss"] / 4
                expect(near(loss, expected), f"{step}: the loss is {loss}, expected {expected}")
                split.steps[step].update.run(hypers)
                left = [name for name, value in split.state.items() if split.state.roles[name] == "gradient" and np.array(value).any()]
                expect(not left, f"{step} leaves gradients behind: {left}")
                expect(near_states(kept(split), kept(whole), 2e-3 if optimizer == "adam" else 1e-5), f"{optimizer}: states differ after {step}")
    return "2 optimizers"


def dataset(where):
    np.savez(where / "data.npz", point=POINTS, z=NOISE)
    return ["--data", where / "data.npz", "--val-split", "0.2", "--epochs", 3, "--batch-size", 12, "--seed", 3]


def curve(result):
    return [[epoch["training"][name] for name in ("loss", "discriminator", "generator", "both")] + [epoch["validation"]["loss"]] for epoch in result["epochs"]]


def check_accumulate():
    """The curve does not depend on the pieces, though the last batch is shorter and no multiple of them; nor does `ingot step`."""
    where = training.folder("recipe_accumulate")
    whole, split = path_of("accumulate_whole"), path_of("accumulate", "momentum", "--split-update")
    words = dataset(where)
    expect_same_in_pieces(whole, split, words, where, (1, 3, 5), curve)
    error = train(whole, *words, "--accumulate", 2, code=1)
    expect("make it again with ingotc --recipe --split-update" in error, error)
    error = train(split, *words, "--hyper", "share=2", code=1)
    expect('there is no hyperparameter "share"; there are discriminator.' in error, error)

    for number in range(2):
        np.savez(where / f"half{number}.npz", z=NOISE[8 * number : 8 * number + 8])
    np.savez(where / "all.npz", z=NOISE[:16])
    halves = [word for number in range(2) for word in ("--npz", where / f"half{number}.npz")]
    losses = []
    for path, files in ((whole, ["--npz", where / "all.npz"]), (split, [*halves, "--accumulate", 2])):
        words = [INGOT, "step", path, *files, "--entry", "generator", "--hyper", "push=2", "--hyper", "lr=0.1", "--json"]
        words += ["--save-state", where / f"state{len(losses)}"]
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=60)
        expect(done.returncode == 0, done.stderr)
        losses.append(json.loads(done.stdout))
    expect(near(losses[0]["losses"], losses[1]["losses"]) and losses[1]["step"] == 1, f"losses are {losses}")
    expect(near_states(safetensors(where / "state0"), safetensors(where / "state1")), "the states of a step differ")


def check_ranks():
    """Two and three ranks give the curve of one for two networks that train each other, with pieces or without."""
    where = training.folder("recipe_ranks")
    path, words = path_of("ranks", "momentum", "--split-update"), dataset(where)
    one = train(path, *words, "--checkpoints", where / "one")
    for name, launcher in launchers().items():
        for ranks, pieces in ((2, 1), (3, 1), (2, 2)):
            other = train_on(launcher, ranks, path, *words, "--accumulate", pieces, "--checkpoints", where / f"{name}{ranks}")
            expect(near(curve(one), curve(other)), f"{name}: {curve(one)}, on {ranks} ranks {curve(other)}")
            states = (safetensors(where / folder / "last.safetensors") for folder in ("one", f"{name}{ranks}"))
            expect(near_states(*states), f"{name}: the states differ on {ranks} ranks")
    return ", ".join(launchers())


DEEP = """
[networks]
deep = "deep.onnx"
wide = "wide.onnx"

[steps.first]
loss = "mse(deep(x), target)"
updates = ["deep"]

[steps.second]
loss = "mse(wide(deep(x)), target)"
updates = ["wide"]
"""


def tell(text, *options):
    """What `ingotc --recipe --json` says, or its error."""
    where = training.folder("recipe_budget")
    onnx.save(mlp([16] * 24, 1, "Tanh"), where / "deep.onnx")
    onnx.save(mlp([16, 16], 2), where / "wide.onnx")
    (where / "recipe.toml").write_text(text)
    command = [str(harness.BUILD / "bin" / "ingotc"), "--recipe", where / "recipe.toml", "-o", where / "libdeep.so", "--cpu", "native", "-O1", "--json", *options]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
    return (json.loads(done.stdout), where / "libdeep.so") if done.returncode == 0 else (done.stderr or done.stdout, done.returncode)


def check_budget():
    """Each step has a choice of its own, for sizes that are told; the numbers stay the same to the last bit."""
    about, path = tell(DEEP, "--dim", "batch=1..256", "--memory-budget", "1G")
    budgets = about["memory_budget"]
    expect(list(budgets) == ["first", "second"] and budgets["first"]["assumed"] == {"batch": 256}, f"budgets are {budgets}")
    budget = int(budgets["first"]["arena_bytes_without"] * 0.6)
    feed = {"x": random.normal(0, 1, (256, 16)).astype(np.float32), "target": random.normal(0, 1, (256, 16)).astype(np.float32)}

    def run(path):
        model = ingot.load(str(path))
        losses = [float(model.steps[step].run(feed)["loss"]) for step in ("first", "second", "first")]
        return losses, {name: np.array(value) for name, value in model.state.items()}

    losses, state = harness.in_child(lambda: run(path))
    about, path = tell(DEEP, "--dim", "batch=1..256", "--memory-budget", budget)
    first = about["memory_budget"]["first"]
    expect(first["arena_bytes"] <= budget and first["recomputed_values"] > 0, f"the budget of {budget} gives {first}")
    small, other = harness.in_child(lambda: run(path))
    expect(losses == small and all((state[name] == other[name]).all() for name in state), "the numbers are others")
    error, code = tell(DEEP, "--memory-budget", budget)
    expect(code == 1 and 'give the greatest of "batch" by --dim batch=A..B' in error, error)
    error, code = tell(DEEP, "--dim", "batch=256", "--memory-budget", "1K")
    expect(code == 1 and "does not fit into 1000 bytes" in error or "does not fit into 1024 bytes" in error, error)
    about, _ = tell(DEEP, "--budget-dim", "batch=256", "--memory-budget", budget)
    expect(about["memory_budget"]["first"]["arena_bytes"] <= budget, f"with an open batch: {about['memory_budget']}")


def check_anomaly():
    """A NaN is followed back to the network's node, or to the expression of the recipe, that it began in."""
    text = '[networks]\nf = "f.onnx"\n[steps.train]\nloss = "mean(log(f(x) - 100))"\nupdates = ["f"]\n'
    path = compile_recipe("anomaly", text, {"f.onnx": mlp([3, 2])}, ["--detect-anomaly"]).path
    try:
        ingot.load(str(path)).run({"x": np.ones((2, 3), np.float32)})
        expect(False, "nothing is told")
    except ingot.Error as error:
        expect("NaN in the loss: recipe.toml:4:14, forward makes the first NaN" in str(error), error)


TRAINABLE = """
[networks]
f = {{ path = "f.onnx", {f} }}
still = {{ copy_of = "f" }}

[steps.train]
loss = "mse(f(x), target) + 0 * mse(still(x), target)"
updates = ["f"]
optimizer = "sgd"
lr = 0.1

[copies]
still = {{ every = 2 }}
"""


def trainable(name, settings):
    return compile_recipe(f"trainable_{name}", TRAINABLE.format(f=settings), {"f.onnx": mlp([3, 6, 5, 2], 4, "Tanh")})


def check_trainable():
    """freeze, train_only and lora say what a step changes, as --freeze, --train-only and --lora do; a copy has the same."""
    feed = {"x": random.normal(0, 1, (8, 3)).astype(np.float32), "target": random.normal(0, 1, (8, 2)).astype(np.float32)}
    expected = {
        'freeze = "^[01]"': ["2.bias", "2.weight"],
        'train_only = "bias"': ["0.bias", "1.bias", "2.bias"],
        'lora = "[01].weight", rank = 2, alpha = 6, train_only = "2"':
            ["0.weight.lora_A", "0.weight.lora_B", "1.weight.lora_A", "1.weight.lora_B", "2.bias", "2.weight"],
    }  # fmt: skip
    for number, (settings, names) in enumerate(expected.items()):
        path = trainable(number, settings).path

        def run(path=path):
            model = ingot.load(str(path))
            before = {name: np.array(value) for name, value in model.state.items()}
            losses = [float(model.run(feed)["loss"]) for _ in range(6)]
            model.state.save(path.parent / "state.safetensors")
            return losses, before, {name: np.array(value) for name, value in model.state.items()}

        losses, before, after = harness.in_child(run)
        found = sorted(name.removeprefix("f.") for name in after if name.startswith("f."))
        expect(found == names, f"{settings}: {found} are trained, expected {names}")
        expect(all((after[f"f.{name}"] != before[f"f.{name}"]).any() for name in names), f"{settings}: not all of {names} change")
        expect(all((after[f"still.{name}"] == after[f"f.{name}"]).all() for name in names), f"{settings}: the copy is not one")
        expect(losses[-1] < losses[0], f"losses are {losses}")
    exported = path.parent / "trained.onnx"
    command = [INGOT, "export", path, "--network", "f", "--state", path.parent / "state.safetensors", "-o", exported]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)
    expect(done.returncode == 0, done.stderr)
    weights = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in onnx.load(exported).graph.initializer}
    base = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in mlp([3, 6, 5, 2], 4, "Tanh").graph.initializer}
    increment = 3 * after["f.0.weight.lora_B"] @ after["f.0.weight.lora_A"]
    expect(np.allclose(weights["0.weight"], base["0.weight"] + increment, 1e-5, 1e-6), "the exported weight is not the sum")


if __name__ == "__main__":
    sys.exit(training.run_cases(globals(), sys.argv[1:]))
