"""Labels that count nothing (--ignore-index), in batches that several pieces or processes share.

    ignored_labels.py [CASE ...]        all by default; a case is a function below whose name begins with check_

Cases that need an MPI leave with 77 where there is none.
"""

import json
import subprocess
import sys

import numpy as np

import training
from recipe_models import compile_recipe
from sharing import INGOT, expect_same_in_pieces, labels, launchers, losses, near, near_states, train_on, x
from training import expect, folder, library, safetensors, train
from training_models import mlp

IGNORED = ["--loss", "cross_entropy", "--optimizer", "momentum", "--ignore-index", "2", "--label-smoothing", "0.1"]


def unevenly_labelled(where):
    """Labels that count lie close together, so that pieces have few of them, or none."""
    given = np.where(np.arange(66) % 12 < 4, labels % 2, 2)
    np.savez(where / "ignored.npz", x=x, target=given)
    return ["--data", where / "ignored.npz", "--val-split", "0.2", "--epochs", 3, "--batch-size", 12, "--lr", 0.05, "--no-shuffle"], given


def steps_together(path, where, data, parts):
    """`ingot step` on these rows, all in one update: the losses and the state."""
    files = []
    for number, rows in enumerate(parts):
        np.savez(where / f"part{number}.npz", **{name: array[rows] for name, array in data.items()})
        files += ["--npz", str(where / f"part{number}.npz")]
    command = [INGOT, "step", path, *files, *(["--accumulate", "3"] if len(parts) > 1 else []), "--save-state", str(where / "state"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    expect(done.returncode == 0, done.stderr)
    return json.loads(done.stdout)["losses"], safetensors(where / "state")


def check_pieces():
    """Pieces count by the labels that the loss counts: accumulated they are one large batch, whatever is ignored where."""
    where = folder("ignored")
    words, given = unevenly_labelled(where)
    whole, split = library(mlp([13, 24, 3]), "ignored_whole", *IGNORED), library(mlp([13, 24, 3]), "ignored", *IGNORED, "--split-update")
    expect_same_in_pieces(whole, split, words, where, (2, 3, 12), losses)
    results = []
    for path, parts in ((whole, [slice(0, 24)]), (split, [slice(0, 3), slice(3, 10), slice(10, 24)])):
        results.append(steps_together(path, where, {"x": x, "target": given}, parts))
    expect(near(results[0][0], results[1][0]) and near_states(results[0][1], results[1][1]), "files of a step count by their number")


TARGETS = """
[networks]
f = "f.onnx"
g = "g.onnx"

[steps.train]
loss = "cross_entropy(f(x), fine, ignore_index=2) + 0.5 * cross_entropy(g(x), coarse, ignore_index=0) + mse(f(x), 0.25)"
updates = ["f", "g"]
optimizer = "momentum"
lr = 0.05

[entries.evaluation]
loss = "mse(f(x), 0.25)"
"""


def check_targets():
    """Each of several targets counts by its own labels, and what has none by the rows, wherever labels that count lie."""
    where = folder("ignored_targets")
    number = np.arange(66)
    data = {"x": x, "fine": np.where(number % 12 < 5, labels % 2, 2), "coarse": np.where(number % 12 > 7, 1 + labels % 2, 0)}
    np.savez(where / "data.npz", **data)
    networks = {"f.onnx": mlp([13, 24, 3]), "g.onnx": mlp([13, 8, 3])}
    whole, split = (
        str(compile_recipe(f"targets{len(options)}", TARGETS, networks, options).path) for options in ([], ["--split-update"])
    )
    words = ["--data", where / "data.npz", "--val-split", "0.2", "--epochs", 3, "--batch-size", 12, "--no-shuffle"]
    curve = lambda result: [[epoch[part]["loss"] for part in ("training", "validation")] for epoch in result["epochs"]]  # noqa: E731
    expect_same_in_pieces(whole, split, words, where, (2, 3, 12), curve)
    told = train(split, *words, "--hyper", "train.fine.share=2", code=1)
    expect('there is no hyperparameter "train.fine.share"' in told, told)
    results = []
    for path, parts in ((whole, [slice(0, 24)]), (split, [slice(0, 3), slice(3, 10), slice(10, 24)])):
        results.append(steps_together(path, where, data, parts))
    expect(near(results[0][0], results[1][0]) and near_states(results[0][1], results[1][1]), "files of a step count in another way")


def check_ranks():
    """Labels that count nothing change no curve on several ranks."""
    found = launchers()
    where = folder("rank_ignored")
    words, _ = unevenly_labelled(where)
    path = library(mlp([13, 24, 3]), "rank_ignored", *IGNORED, "--split-update")
    one = train(path, *words, "--checkpoints", where / "one")
    for name, launcher in found.items():
        for ranks in (2, 3):
            other = train_on(launcher, ranks, path, *words, "--checkpoints", where / f"{name}{ranks}")
            expect(near(losses(one), losses(other)), f"{name}: {losses(one)}, on {ranks} ranks {losses(other)}")


if __name__ == "__main__":
    sys.exit(training.run_cases(globals(), sys.argv[1:]))
