"""Steps that several batches or processes share: gradient accumulation and data parallel training.

    sharing.py [CASE ...]        all by default; a case is a function below whose name begins with check_

Cases that need an MPI leave with 77 where there is none.
"""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np

import training
from training import INGOT, expect, folder, harness, library, same_state, safetensors, train
from training_models import mlp, normalized_mlp

import ingot

random = np.random.default_rng(5)
x = random.normal(0, 1, (66, 13)).astype(np.float32)
labels = (x[:, :3] @ random.normal(0, 1, (3, 3))).argmax(1)
OPTIMIZERS = ("adagrad", "adam", "adamw", "lion", "momentum", "nesterov", "rmsprop", "sgd")


def near(one, other, tolerance=1e-5):
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    return one.shape == other.shape and np.abs(one - other).max() <= tolerance * max(1e-3, np.abs(other).max())


def near_states(one, other, tolerance=1e-5):
    return one.keys() == other.keys() and all(near(one[name], other[name], tolerance) for name in one)


def kept(model):
    return {name: np.array(value) for name, value in model.state.items() if model.state.roles[name] != "gradient"}


def check_parts():
    """A gradient step and an update are a step; four gradient steps with a quarter's share each are the step of all rows."""
    for optimizer in OPTIMIZERS:
        for clip in ([], ["--clip", "norm"], ["--clip", "value"]) if optimizer in ("adam", "momentum") else ([],):
            options = ["--loss", "cross_entropy", "--optimizer", optimizer, *clip]
            hypers = {"clip": 0.05} if clip else {}
            name = "_".join(["parts", optimizer, *clip[1:]])
            whole = ingot.load(library(mlp([13, 24, 3]), f"{name}_whole", *options))
            split = ingot.load(library(mlp([13, 24, 3]), f"{name}_split", *options, "--split-update"))
            expect(split.entry == "gradient_step" and split.update.entry == "update_step", "the entries are others")
            for step in range(3):
                rows = slice(16 * step, 16 * step + 16)
                expected = whole.run({"x": x[rows], "target": labels[rows], **hypers})
                loss = 0
                for quarter in range(4):
                    rows = slice(16 * step + 4 * quarter, 16 * step + 4 * quarter + 4)
                    loss += split.run({"x": x[rows], "target": labels[rows], "share": 0.25})["loss"] / 4
                expect(near(loss, expected["loss"]), f"{optimizer}: loss {loss}, expected {expected['loss']}")
                gradients = [np.array(v) for name, v in split.state.items() if split.state.roles[name] == "gradient"]
                expect(len(gradients) == 4 and all(g.any() for g in gradients), "the gradients are not there")
                split.update.run(hypers)
                expect(not any(np.array(v).any() for n, v in split.state.items() if split.state.roles[n] == "gradient"),
                       "the update leaves gradients behind")
            # An adaptive rule turns rounding into direction where a gradient is nearly 0.
            expect(near_states(kept(split), kept(whole), 2e-3 if optimizer in ("adam", "adamw", "lion", "rmsprop", "adagrad") else 1e-5),
                   f"{optimizer} {clip}: the parameters differ")
    return "8 optimizers"


def check_whole_batch():
    """With one piece, the parts give the whole step's bits, from a state of either kind."""
    where = folder("whole_batch")
    options = ["--loss", "cross_entropy", "--optimizer", "momentum"]
    whole = ingot.load(library(mlp([13, 24, 3]), "one_whole", *options))
    split = ingot.load(library(mlp([13, 24, 3]), "one_split", *options, "--split-update"))
    for step in range(4):
        batch = {"x": x[step * 16 : step * 16 + 16], "target": labels[step * 16 : step * 16 + 16]}
        one, other = whole.run(batch)["loss"], split.run(batch)["loss"]
        expect(near(one, other, 1e-6), f"the losses are {one} and {other}")
        split.update.run({})
        if step == 1:
            whole.state.save(where / "whole.safetensors")
            split.state.load(where / "whole.safetensors")
    expect(near_states(kept(split), kept(whole), 1e-6), "the states differ")
    split.run(batch)  # between the halves
    split.state.save(where / "split.safetensors")
    expect(not any("gradient" in name for name in safetensors(where / "split.safetensors")), "a file has gradients")
    whole.state.load(where / "split.safetensors")
    split.state.load(where / "split.safetensors")
    expect(not any(np.array(v).any() for n, v in split.state.items() if split.state.roles[n] == "gradient"),
           "loading leaves gradients behind")


def check_step():
    """`ingot step` does both halves, and --accumulate takes several files for one update; without an allocation."""
    where = folder("step")
    options = ["--loss", "cross_entropy", "--optimizer", "sgd"]
    whole = library(mlp([13, 24, 3]), "step_whole", *options)
    split = library(mlp([13, 24, 3]), "step_split", *options, "--split-update", "--dim", "N=8")
    for i in range(4):
        np.savez(where / f"b{i}.npz", x=x[8 * i : 8 * i + 8], target=labels[8 * i : 8 * i + 8])
    np.savez(where / "all0.npz", x=x[:16], target=labels[:16])
    np.savez(where / "all1.npz", x=x[16:32], target=labels[16:32])

    def step(path, batches, *words):
        files = [word for batch in batches for word in ("--npz", str(where / f"{batch}.npz"))]
        done = subprocess.run([INGOT, "step", path, *files, *words, "--json"], capture_output=True, text=True)
        return json.loads(done.stdout) if done.returncode == 0 else done.stderr

    pieces = [f"b{i}" for i in range(4)]
    one = step(whole, ["all0", "all1"], "--save-state", where / "one", "--hyper", "lr=0.1")
    other = step(split, pieces, "--accumulate", "2", "--save-state", where / "other", "--hyper", "lr=0.1")
    expect(near(one["losses"], other["losses"]) and one["step"] == other["step"] == 2, f"{one}, {other}")
    expect(near_states(safetensors(where / "one"), safetensors(where / "other")), "the states differ")
    expect("needs a library made with ingotc --train --split-update" in step(whole, pieces, "--accumulate", "2"), "no error")
    bench = [INGOT, "bench", split, "--npz", str(where / "b0.npz"), "--seconds", "0.1", "--json"]
    expect(json.loads(subprocess.run(bench, capture_output=True, text=True).stdout)["allocations"] == 0, "it allocates")


def dataset(where):
    np.savez(where / "data.npz", x=x, target=labels)
    return ["--data", where / "data.npz", "--val-split", "0.2", "--seed", "3"]


def expect_same_in_pieces(whole, split, words, where, pieces, curve):
    """Training with batches cut into so many pieces gives the curve and the state of whole batches."""
    one = train(whole, *words, "--checkpoints", where / "whole")
    for count in pieces:
        other = train(split, *words, "--accumulate", count, "--checkpoints", where / str(count))
        expect(near(curve(one), curve(other)), f"{curve(one)}, in {count} pieces {curve(other)}")
        states = (safetensors(where / name / "last.safetensors") for name in ("whole", str(count)))
        expect(near_states(*states), f"in {count} pieces the states differ")


def losses(result):
    return [[epoch[part][figure] for part in ("training", "validation") for figure in ("loss", "accuracy", "f1")]
            for epoch in result["epochs"]]


def check_accumulate():
    """The curve does not depend on the pieces, though the last batch of an epoch is shorter and no multiple of them."""
    where = folder("accumulate")
    path = library(mlp([13, 24, 3]), "accumulate", "--loss", "cross_entropy", "--optimizer", "momentum", "--split-update")
    words = [path, *dataset(where), "--epochs", 4, "--batch-size", 12, "--lr", 0.05]
    one = train(*words, "--checkpoints", where / "one")
    for pieces in (3, 5, 12):
        other = train(*words, "--accumulate", pieces, "--checkpoints", where / str(pieces))
        expect(near(losses(one), losses(other)), f"{losses(one)}, in {pieces} pieces {losses(other)}")
        expect(one["steps"] == other["steps"], "there are more steps")
    whole = library(mlp([13, 24, 3]), "accumulate_whole", "--loss", "cross_entropy", "--optimizer", "momentum")
    expect(near(losses(train(whole, *words[1:], "--checkpoints", where / "whole")), losses(one)), "without parts it differs")
    error = train(whole, *words[1:], "--accumulate", 2, code=1)
    expect("make it again with ingotc --train --split-update" in error, error)
    error = train(*words, "--accumulate", 13, code=2)
    expect("cannot be cut into 13 pieces" in error, error)
    fixed = library(mlp([13, 24, 3]), "accumulate_fixed", "--loss", "cross_entropy", "--optimizer", "momentum",
                    "--split-update", "--dim", "N=4")  # fmt: skip
    result = train(fixed, *words[1:7], "--epochs", 1, "--accumulate", 3, "--checkpoints", where / "fixed")
    expect(result["batch_size"] == 12, f"the batch is {result['batch_size']}")


ATTACK = ["--adversarial", "pgd:epsilon=0.3,steps=3"]


def attacked(name):
    """A library whose evaluation has the gradients that an attack follows, and what trains it against one; the curve in one piece."""
    where = folder(name)
    options = ["--loss", "cross_entropy", "--optimizer", "momentum", "--grad-inputs"]
    path = library(mlp([13, 24, 3]), name, *options, "--split-update")
    words = [*dataset(where), "--epochs", 3, "--batch-size", 12, "--lr", 0.05]
    one = train(path, *words, *ATTACK, "--checkpoints", where / "one")
    plain = train(path, *words, "--checkpoints", where / "plain")
    expect(one["epochs"][0]["training"]["loss"] > 1.1 * plain["epochs"][0]["training"]["loss"], "the attack does nothing")
    return where, options, [path, *words, *ATTACK], one


def check_adversarial():
    """Each piece is attacked for itself, which moves its examples as an attack of the whole batch does."""
    where, options, words, one = attacked("adversarial")
    whole = library(mlp([13, 24, 3]), "adversarial_whole", *options)
    for name, given in {"whole": [whole, *words[1:]], "3": [*words, "--accumulate", 3], "5": [*words, "--accumulate", 5]}.items():
        other = train(*given, "--checkpoints", where / name)
        expect(near(losses(one), losses(other), 1e-4), f"{losses(one)}, {name} {losses(other)}")
    error = train(*words[:-1], "pgd:epsilon=0.4,steps=3", "--checkpoints", where / "one", "--resume", code=1)
    expect("was made with another adversary" in error, error)


# Several processes


def launchers():
    """mpirun of each MPI that is here, by name. Tests may run as root, in containers with few cores."""
    root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
    known = {"mpirun.openmpi": [*root, "--oversubscribe"], "mpirun.mpich": []}
    found = {name: [name, *words] for name, words in known.items() if shutil.which(name)}
    if not found:
        print("no MPI is installed: tools/setup brings Open MPI")
        sys.exit(77)
    return found


def command(launcher, ranks, *words):
    return [*launcher, "-n", str(ranks), INGOT, "train", *map(str, words), "--distributed", "mpi", "--threads", "1"]


def train_on(launcher, ranks, *words, code=0):
    done = subprocess.run([*command(launcher, ranks, *words), "--json"], capture_output=True, text=True, timeout=100)
    expect((done.returncode == 0) == (code == 0), f"exit code {done.returncode}: {done.stdout} {done.stderr}")
    return json.loads(done.stdout) if code == 0 else done.stderr


def check_ranks():
    """Two and three ranks give the curve of one, with every optimizer state the same; and again the same bits."""
    where = folder("ranks")
    path = library(mlp([13, 24, 3]), "ranks", "--loss", "cross_entropy", "--optimizer", "momentum", "--split-update")
    words = [path, *dataset(where), "--epochs", 4, "--batch-size", 12, "--lr", 0.05, "--metrics", "accuracy,f1,auc"]
    one = train(*words, "--checkpoints", where / "one", "--log", where / "one.csv")
    for name, launcher in launchers().items():
        for ranks in (2, 3):
            other = train_on(launcher, ranks, *words, "--checkpoints", where / f"{name}{ranks}", "--log", where / "log.csv")
            expect(near(losses(one), losses(other)), f"{name}: {losses(one)}, on {ranks} ranks {losses(other)}")
            for figure in ("auc", "loss"):
                expect(near(one["best"][figure], other["best"][figure]), f"{figure} of {one['best']} and {other['best']}")
            expect(near_states(safetensors(where / "one/last.safetensors"),
                               safetensors(where / f"{name}{ranks}/last.safetensors")), f"{name}: the states differ")  # fmt: skip
            with open(where / "log.csv") as file:
                expect(len(list(csv.reader(file))) == 5, "the log has other lines")
        again = train_on(launcher, 2, *words, "--checkpoints", where / "again")
        expect(losses(again) == losses(train_on(launcher, 2, *words, "--checkpoints", where / "again")), "runs differ")
        expect(same_state(where / "again/last.safetensors", where / f"{name}2/last.safetensors"), "the states of two runs differ")
        both = train_on(launcher, 2, *words, "--accumulate", 3, "--checkpoints", where / "both")
        expect(near(losses(one), losses(both)), f"{name}: with pieces {losses(both)}")
    return ", ".join(launchers())


def check_rank_bfloat16():
    """Two ranks stay near the curve of one: what they exchange is float32, but shares of an odd batch round differently."""
    where = folder("rank_bfloat16")
    path = library(mlp([13, 24, 3]), "rank_bfloat16", "--loss", "cross_entropy", "--optimizer", "momentum", "--split-update",
                   "--precision", "bf16")  # fmt: skip
    words = [path, *dataset(where), "--epochs", 4, "--batch-size", 12, "--lr", 0.05]
    one = train(*words, "--checkpoints", where / "one")
    for name, launcher in launchers().items():
        other = train_on(launcher, 2, *words, "--checkpoints", where / name)
        expect(near(losses(one), losses(other), 1e-3), f"{name}: {losses(one)}, on two ranks {losses(other)}")
    return ", ".join(launchers())


def check_rank_adversarial():
    """Ranks attack their own parts of a batch; the curve is that of one."""
    found = launchers()
    where, _, words, one = attacked("rank_adversarial")
    for name, launcher in found.items():
        for ranks, pieces in ((2, 1), (3, 2)):
            other = train_on(launcher, ranks, *words, "--accumulate", pieces, "--checkpoints", where / f"{name}{ranks}")
            expect(near(losses(one), losses(other), 1e-4), f"{name}: {losses(one)}, on {ranks} ranks {losses(other)}")


def check_rank_resume():
    """A training that was stopped goes on on another number of ranks."""
    where = folder("rank_resume")
    launcher = next(iter(launchers().values()))
    path = library(mlp([13, 24, 3]), "ranks_resume", "--loss", "cross_entropy", "--optimizer", "adam", "--split-update")
    words = [path, *dataset(where), "--batch-size", 12, "--schedule", "plateau:patience=0"]
    whole = train(*words, "--epochs", 5, "--checkpoints", where / "whole")
    train_on(launcher, 2, *words, "--epochs", 2, "--checkpoints", where / "parts")
    rest = train_on(launcher, 3, *words, "--epochs", 5, "--checkpoints", where / "parts", "--resume")
    expect(near(losses(whole), losses(rest), 1e-3), f"{losses(whole)}, resumed {losses(rest)}")
    expect(rest["steps"] == whole["steps"], "the steps differ")


def check_rank_statistics():
    """Running statistics are the mean over the ranks, which all have the same after an epoch."""
    where = folder("rank_statistics")
    launcher = next(iter(launchers().values()))
    path = library(normalized_mlp(13, 16, 3, True), "ranks_norm", "--loss", "cross_entropy", "--optimizer", "sgd", "--split-update")
    np.savez(where / "rows.npz", x=x[:52], target=labels[:52])
    train_on(launcher, 2, path, "--data", where / "rows.npz", "--batch-size", 52, "--epochs", 1, "--no-shuffle",
             "--checkpoints", where / "two")  # fmt: skip
    state = safetensors(where / "two/last.safetensors")
    model, halves = ingot.load(path), []
    for half in (slice(0, 26), slice(26, 52)):
        model.state.reset()
        model.run({"x": x[half], "target": labels[half]})
        halves.append({name: np.array(model.state[name]) for name in ("norm.mean", "norm.var")})
    for name in halves[0]:
        expect(near(state[name], (halves[0][name] + halves[1][name]) / 2), f"{name} is not the mean of the ranks'")


def check_dead_rank():
    """kill -9 of one rank ends the others within seconds and says so; the last checkpoint goes on."""
    where = folder("dead")
    path = library(mlp([13, 24, 3]), "dead", "--loss", "cross_entropy", "--optimizer", "momentum", "--split-update")
    for name, launcher in launchers().items():
        words = [path, *dataset(where), "--batch-size", 12, "--checkpoints", where / name]
        process = subprocess.Popen(command(launcher, 2, *words, "--epochs", 100000), text=True, bufsize=1,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
        for line in process.stdout:
            if line.startswith("epoch") and " 3/" in line:
                break
        victim = ranks_of(process.pid, path)[-1]
        os.kill(victim, signal.SIGKILL)
        began = time.monotonic()
        error = "".join(process.communicate(timeout=60))  # MPICH tells on standard output
        seconds = time.monotonic() - began
        expect(process.returncode != 0 and seconds < 20, f"{name}: code {process.returncode} after {seconds:.0f} s")
        expect("signal 9" in error or "KILLED BY SIGNAL: 9" in error, f"{name} says {error!r}")
        told = "rank 0 of 2 is asked to end: another process of this training has died"
        expect(told in error or "mpich" in name, f"{name} says {error!r}")  # MPICH does not ask
        done = len(training.safetensors_history(where / name / "last.safetensors"))
        result = train(*words, "--epochs", done + 1, "--resume")
        expect(len(result["epochs"]) == done + 1, "the checkpoint does not go on")
    return ", ".join(launchers())


def ranks_of(parent, path):
    """The processes of a training below mpirun."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            words = open(f"/proc/{entry}/cmdline").read().split("\0")
        except OSError:
            continue
        if words[0] == INGOT and path in words and is_below(int(entry), parent):
            found.append(int(entry))
    return sorted(found)


def is_below(process, ancestor):
    while process > 1 and process != ancestor:
        with open(f"/proc/{process}/stat") as file:
            process = int(file.read().rpartition(")")[2].split()[1])
    return process == ancestor


def check_rank_mistakes():
    """One message for what all ranks find; a message and an end for all when one alone fails."""
    where = folder("rank_mistakes")
    path = library(mlp([13, 24, 3]), "rank_mistakes", "--loss", "cross_entropy", "--optimizer", "sgd", "--split-update")
    whole = library(mlp([13, 24, 3]), "rank_whole", "--loss", "cross_entropy", "--optimizer", "sgd")
    words = [*dataset(where), "--checkpoints", where / "kept"]
    bad = np.where(np.arange(66)[:, None] == 33, np.nan, x)
    np.savez(where / "nan.npz", x=bad, target=labels)
    for launcher in launchers().values():
        for given, text in (
            ([path, "--data", where / "none.npz"], "none.npz: error: no such file"),
            ([path, "--data", where / "nan.npz", "--checkpoints", where / "kept"], "the loss is not a number (NaN)"),
            ([whole, *words], "make it again with ingotc --train --split-update"),
            ([path, *words, "--batch-size", "1"], "cannot be cut into 2 pieces"),
            ([path, *words[:-1], where / "data.npz"], "data.npz: error: cannot be made"),
        ):
            error = train_on(launcher, 2, *given, code=1)
            expect(error.count(text) == 1, f"{text!r}: {error}")
    done = subprocess.run([INGOT, "train", path, *map(str, words), "--distributed", "mpi"], capture_output=True, text=True,
                          env={**os.environ, "INGOT_MPI": "libc.so.6"})  # fmt: skip
    expect("neither Open MPI nor of MPICH's kind" in done.stderr, done.stderr)
    done = subprocess.run([INGOT, "train", path, *map(str, words), "--distributed", "mpi"], capture_output=True, text=True,
                          env={**os.environ, "INGOT_MPI": "libnowhere.so"})  # fmt: skip
    expect("no MPI library is found (tried libnowhere.so)" in done.stderr and done.returncode == 1, done.stderr)


def check_overlap():
    """Gradients of a network of several megabytes: buckets are reduced while others are made, with the same sums."""
    where = folder("overlap")
    path = library(mlp([13, 700, 900, 3]), "overlap", "--loss", "cross_entropy", "--optimizer", "sgd", "--split-update")
    words = [path, *dataset(where), "--batch-size", 26, "--epochs", 1]
    one = train(*words, "--checkpoints", where / "one")
    for launcher in launchers().values():
        other = train_on(launcher, 2, *words, "--checkpoints", where / "two")
        expect(near(losses(one), losses(other)), f"{losses(one)}, on two ranks {losses(other)}")


if __name__ == "__main__":
    sys.exit(training.run_cases(globals(), sys.argv[1:]))
