"""Labels that count nothing (--ignore-index), in batches that several pieces or processes share.

    ignored_labels.py [CASE ...]        all by default; a case is a function below whose name begins with check_

Cases that need an MPI leave with 77 where there is none.
"""

import json
import subprocess
import sys

import numpy as np

import training
from sharing import INGOT, labels, launchers, losses, near, near_states, train_on, x
from training import expect, folder, library, safetensors, train
from training_models import mlp

IGNORED = ["--loss", "cross_entropy", "--optimizer", "momentum", "--ignore-index", "2", "--label-smoothing", "0.1"]


def unevenly_labelled(where):
    """Labels that count lie close together, so that pieces have few of them, or none."""
    given = np.where(np.arange(66) % 12 < 4, labels % 2, 2)
    np.savez(where / "ignored.npz", x=x, target=given)
    return ["--data", where / "ignored.npz", "--val-split", "0.2", "--epochs", 3, "--batch-size", 12, "--lr", 0.05, "--no-shuffle"], given


def check_pieces():
    """Pieces count by the labels that the loss counts: accumulated they are one large batch, whatever is ignored where."""
    where = folder("ignored")
    words, given = unevenly_labelled(where)
    whole, split = library(mlp([13, 24, 3]), "ignored_whole", *IGNORED), library(mlp([13, 24, 3]), "ignored", *IGNORED, "--split-update")
    one = train(whole, *words, "--checkpoints", where / "one")
    for pieces in (2, 3, 12):
        other = train(split, *words, "--accumulate", pieces, "--checkpoints", where / str(pieces))
        expect(near(losses(one), losses(other)), f"{losses(one)}, in {pieces} pieces {losses(other)}")
        states = (safetensors(where / folder / "last.safetensors") for folder in ("one", str(pieces)))
        expect(near_states(*states), f"in {pieces} pieces the states differ")
    results = []
    for path, parts in ((whole, [slice(0, 24)]), (split, [slice(0, 3), slice(3, 10), slice(10, 24)])):
        files = []
        for number, rows in enumerate(parts):
            np.savez(where / f"part{number}.npz", x=x[rows], target=given[rows])
            files += ["--npz", str(where / f"part{number}.npz")]
        command = [INGOT, "step", path, *files, *(["--accumulate", "3"] if len(parts) > 1 else []), "--save-state", str(where / "state"), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        expect(done.returncode == 0, done.stderr)
        results.append((json.loads(done.stdout)["losses"], safetensors(where / "state")))
    expect(near(results[0][0], results[1][0]) and near_states(results[0][1], results[1][1]), "files of a step count by their number")


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
