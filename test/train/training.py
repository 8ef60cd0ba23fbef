"""`ingot train` on scikit-learn's data sets: what it reaches, what it says, and that it can be stopped and resumed.

    training.py [CASE ...]        all by default; a case is a function below whose name begins with check_
"""

import csv
import json
import os
import pathlib
import pty
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy as np
from sklearn import datasets, metrics

import harness
from training_models import mlp, mlp_forward, normalized_mlp, safetensors, softmax, weights

WORK = harness.WORK / "training"
INGOT = str(harness.BUILD / "bin" / "ingot")


def expect(condition, text):
    if not condition:
        raise harness.Failure(text)


def folder(name):
    path = WORK / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def library(model, name, *options):
    return str(harness.compile_model(model, f"training/{name}", ["--cpu", "native", "--train", *options]).path)


def train(*words, code=0):
    """The JSON document; with another code expected, what is on standard error."""
    done = subprocess.run([INGOT, "train", *map(str, words), "--json"], capture_output=True, text=True, timeout=120)
    expect(done.returncode == code, f"exit code {done.returncode}, expected {code}: {done.stderr.strip()}")
    return json.loads(done.stdout) if code == 0 else done.stderr


def write_csv(path, features, names, target):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "target"])
        writer.writerows([*row, label] for row, label in zip(features.tolist(), target))
    return path


def split(data):
    """A third of the rows apart, the same for every run."""
    order = np.random.default_rng(0).permutation(len(data.data))
    return order[len(order) // 3 :], order[: len(order) // 3]


def wine(where):
    """CSV files with the classes' names as targets, and a network of 13, 24 and 3 units."""
    data = datasets.load_wine()
    names = [str(data.target_names[label]) for label in data.target]
    for part, rows in zip(("train", "val"), split(data)):
        write_csv(where / f"{part}.csv", data.data[rows], data.feature_names, [names[row] for row in rows])
    return ["--data", where / "train.csv", "--val", where / "val.csv", "--standardize", "--checkpoints", where / "kept"]


def check_wine():
    where = folder("wine")
    path = library(mlp([13, 24, 3]), "wine", "--loss", "cross_entropy", "--optimizer", "adam")
    result = train(path, *wine(where), "--epochs", 40, "--lr", 1e-2, "--metrics", "accuracy,precision,recall,f1,auc,top5,perplexity")
    best = result["best"]
    expect(best["accuracy"] >= 0.95 and best["auc"] >= 0.99, f"wine: {best}")
    # The same figures from the saved weights, by numpy and scikit-learn.
    data, (_, rows) = datasets.load_wine(), split(datasets.load_wine())
    scaling = result["normalization"]
    x = (data.data[rows] - scaling["mean"]) / scaling["deviation"]
    scores, target = mlp_forward(weights(result), x), data.target[rows]
    shares = softmax(scores)
    expected = {
        "loss": metrics.log_loss(target, shares),
        "accuracy": metrics.accuracy_score(target, scores.argmax(1)),
        "precision": metrics.precision_score(target, scores.argmax(1), average="macro"),
        "recall": metrics.recall_score(target, scores.argmax(1), average="macro"),
        "f1": metrics.f1_score(target, scores.argmax(1), average="macro"),
        "auc": metrics.roc_auc_score(target, shares, multi_class="ovr"),
        "top5": 1.0,
        "perplexity": np.exp(metrics.log_loss(data.target[rows], shares)),
    }
    expect(best.keys() == expected.keys(), f"figures {best.keys()}")
    for name, value in expected.items():
        expect(abs(best[name] - value) < 1e-5, f"{name} is {best[name]}, expected {value}")
    return f"accuracy {best['accuracy']:.3f}"


def check_breast_cancer():
    where = folder("breast_cancer")
    data = datasets.load_breast_cancer()
    for part, rows in zip(("train", "val"), split(data)):
        np.savez(where / f"{part}.npz", x=data.data[rows], target=data.target[rows, None].astype(np.float32))
    path = library(mlp([30, 16, 1]), "breast_cancer", "--loss", "bce_with_logits", "--optimizer", "adamw")
    result = train(path, "--data", where / "train.npz", "--val", where / "val.npz", "--standardize", "--epochs", 30, "--lr", 1e-2,
                   "--schedule", "one-cycle", "--monitor", "auc", "--checkpoints", where / "kept")
    best = result["best"]
    expect(best["accuracy"] >= 0.95 and best["auc"] >= 0.99, f"breast cancer: {best}")
    rates = [epoch["lr"] for epoch in result["epochs"]]
    expect(rates.index(max(rates)) in (8, 9) and rates[-1] < 1e-6, f"one cycle of rates, but {rates}")
    return f"accuracy {best['accuracy']:.3f}, AUC {best['auc']:.4f}"


def check_diabetes():
    where = folder("diabetes")
    data = datasets.load_diabetes()
    rows = split(data)[0]
    write_csv(where / "all.csv", data.data[rows], data.feature_names, (data.target[rows] / 100).tolist())
    path = library(mlp([10, 16, 1]), "diabetes", "--loss", "huber", "--optimizer", "momentum")
    result = train(path, "--data", where / "all.csv", "--val-split", 0.25, "--epochs", 60, "--lr", 0.02, "--seed", 3,
                   "--standardize", "--schedule", "plateau:patience=3", "--checkpoints", where / "kept")
    expect(result["validation_examples"] == round(len(rows) / 4), f"{result['validation_examples']} set aside")
    expect(result["best"]["r2"] > 0.35, f"diabetes: {result['best']}")
    rates = {epoch["lr"] for epoch in result["epochs"]}
    expect(len(rates) > 1 and max(rates) == 0.02, f"a plateau of rates, but {rates}")
    return f"R2 {result['best']['r2']:.3f}"


def check_python():
    """The loader's evaluation agrees with the command's validation, and changes nothing."""
    import ingot

    where = folder("python")
    path = library(mlp([13, 24, 3]), "python", "--loss", "cross_entropy", "--optimizer", "adam")
    result = train(path, *wine(where), "--epochs", 2)
    data, (_, rows) = datasets.load_wine(), split(datasets.load_wine())
    x = (data.data[rows] - result["normalization"]["mean"]) / result["normalization"]["deviation"]
    model = ingot.load(path)
    model.state.load(result["checkpoints"]["best"])
    batch = {"x": x.astype(np.float32), "target": data.target[rows]}
    losses = [float(model.evaluation.run(batch)["loss"]) for _ in range(2)]
    expect(losses[0] == losses[1] and abs(losses[0] - result["best"]["loss"]) < 1e-5, f"{losses}, expected {result['best']}")
    model.run(batch)
    expect(float(model.evaluation.run(batch)["loss"]) != losses[0], "a step does not change the evaluation")


def check_batch_normalization():
    """Validation goes by the running statistics, as the trained model will."""
    where, kept = folder("normalized"), []
    for isExposed in (True, False):
        path = library(normalized_mlp(13, 16, 3, isExposed), f"normalized{isExposed}", "--loss", "cross_entropy", "--optimizer", "sgd")
        result = train(path, *wine(where), "--epochs", 6, "--lr", 0.1, "--batch-size", 16)
        kept.append(safetensors(result["checkpoints"]["best"]))
    expect(all(np.array_equal(kept[0][name], kept[1][name]) for name in kept[0]), "the outputs X.next make a difference")
    kept = kept[0]
    data, (_, rows) = datasets.load_wine(), split(datasets.load_wine())
    x = (data.data[rows] - result["normalization"]["mean"]) / result["normalization"]["deviation"]
    hidden = x @ kept["first.weight"].T + kept["first.bias"]
    hidden = (hidden - kept["norm.mean"]) / np.sqrt(kept["norm.var"] + 1e-5) * kept["norm.scale"] + kept["norm.bias"]
    scores = np.maximum(hidden, 0) @ kept["second.weight"].T + kept["second.bias"]
    loss = metrics.log_loss(data.target[rows], softmax(scores))
    expect(abs(result["best"]["loss"] - loss) < 1e-5, f"validation loss {result['best']['loss']}, expected {loss}")
    expect(np.abs(kept["norm.mean"]).max() > 0.01, "the running mean has not moved")
    return f"loss {loss:.4f}"


def curve(path):
    """The log without what a clock decides."""
    with open(path) as file:
        return [row[:-2] for row in csv.reader(file)]


def same_state(first, second):
    first, second = safetensors(first), safetensors(second)
    return first.keys() == second.keys() and all(first[name].tobytes() == second[name].tobytes() for name in first)


def check_resume():
    where = folder("resume")
    path = library(mlp([13, 24, 3]), "resume", "--loss", "cross_entropy", "--optimizer", "adam")
    words = [path, *wine(where)[:-1]]
    whole = train(*words, where / "whole", "--epochs", 9, "--log", where / "whole.csv", "--schedule", "cosine")
    # Killed when it has told three epochs, wherever it is then.
    command = [INGOT, "train", *map(str, words), where / "parts", "--epochs", "9", "--schedule", "cosine", "--log", where / "parts.csv"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line.startswith("epoch 3/9"):
            process.send_signal(signal.SIGKILL)
    process.wait()
    rest = train(*words, where / "parts", "--epochs", 9, "--schedule", "cosine", "--log", where / "parts.csv", "--resume")
    expect(curve(where / "whole.csv") == curve(where / "parts.csv"), "the resumed curve is another one")
    expect(same_state(where / "whole/last.safetensors", where / "parts/last.safetensors"), "the last state is another one")
    expect(same_state(where / "whole/best.safetensors", where / "parts/best.safetensors"), "the best state is another one")
    expect(rest["steps"] == whole["steps"] and rest["best_epoch"] == whole["best_epoch"], "steps or best epoch differ")
    error = train(*words, where / "parts", "--epochs", 12, "--resume", "--batch-size", 16, code=1)
    expect("was made with another batch size (32, now 16)" in error, error)
    error = train(*words, where / "nothing", "--resume", code=1)
    expect("last.safetensors: error:" in error, error)


def check_threads():
    where = folder("threads")
    path = library(mlp([13, 24, 3]), "threads", "--loss", "cross_entropy", "--optimizer", "adam")
    for threads in (1, 2):
        train(path, *wine(where)[:-1], where / f"kept{threads}", "--epochs", 3, "--threads", threads)
    expect(same_state(where / "kept1/last.safetensors", where / "kept2/last.safetensors"), "threads change the result")


def check_early_stopping():
    """Labels without meaning: the training loss falls, the validation loss rises."""
    where = folder("early")
    random = np.random.default_rng(2)
    for part in ("train", "val"):
        np.savez(where / f"{part}.npz", x=random.normal(0, 1, (96, 8)).astype("f"), target=random.integers(0, 2, 96))
    path = library(mlp([8, 64, 2]), "early", "--loss", "cross_entropy", "--optimizer", "adam")
    result = train(path, "--data", where / "train.npz", "--val", where / "val.npz", "--epochs", 200, "--lr", 1e-2, "--patience", 4,
                   "--checkpoints", where / "kept", "--report", where / "page.html")
    epochs, best = result["epochs"], result["best_epoch"]
    expect(result["stopped_early"] and len(epochs) == best + 4 < 200, f"{len(epochs)} epochs, the best is {best}")
    losses = [epoch["validation"]["loss"] for epoch in epochs]
    expect(min(losses) == losses[best - 1] == result["best"]["loss"], "the best epoch is another one")
    expect("Over-fitting: since epoch" in (where / "page.html").read_text(), "the page does not tell over-fitting")


def check_page():
    where = folder("page")
    path = library(mlp([13, 24, 3]), "page", "--loss", "cross_entropy", "--optimizer", "adam")
    train(path, *wine(where), "--epochs", 12, "--lr", 1e-2, "--report", where / "page.html", "--metrics", "accuracy,f1,auc")
    text = (where / "page.html").read_text()
    tree = xml.etree.ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>"))
    tag = "{http://www.w3.org/1999/xhtml}"
    drawings = [element.get("class") for element in tree.iter(tag + "svg")]
    expect(drawings == ["chart"] * 5 + ["confusion"], f"drawings: {drawings}")
    counts = [int(element.text) for element in tree.iter(tag + "text") if element.get("class", "").startswith("count")]
    expect(sum(counts) == len(split(datasets.load_wine())[1]), f"the confusion matrix counts {sum(counts)} examples")
    expect("http" not in text.replace("http://www.w3.org/1999/xhtml", ""), "the page loads something")
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome-headless-shell"))), None)
    if not browser:
        return "well-formed; no browser here to look at it"
    picture = where / "page.png"
    subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", f"--screenshot={picture}", "--window-size=1280,1600",
                    f"--user-data-dir={where / 'browser'}", (where / "page.html").as_uri()], check=True, capture_output=True, timeout=60)
    expect(picture.stat().st_size > 20000, "the browser shows nothing")
    return "well-formed, drawn by a browser"


def check_fixed_batch():
    where = folder("fixed")
    path = library(mlp([13, 24, 3]), "fixed", "--loss", "cross_entropy", "--optimizer", "adam", "--dim", "N=25")
    result = train(path, *wine(where), "--epochs", 2)
    expect(result["batch_size"] == 25 and result["steps"] == 2 * (119 // 25), f"{result['steps']} steps")
    error = train(path, *wine(where), "--batch-size", 32, code=1)
    expect("it was made for batches of 25, not 32" in error, error)


def check_autoencoder():
    """One array fills input and target."""
    where = folder("autoencoder")
    np.savez(where / "digits.npz", pixels=datasets.load_digits().data[:300])
    path = library(mlp([64, 16, 64]), "autoencoder", "--loss", "mse", "--optimizer", "adam")
    words = ["--data", where / "digits.npz", "--scale", "1/16", "--checkpoints", where / "kept", "--epochs", 3]
    result = train(path, *words, "--bind", "x=pixels", "--bind", "target=pixels", "--no-shuffle")
    expect(result["best_epoch"] == 3 and result["validation_examples"] == 0, f"{result}")
    error = train(path, *words, code=1)
    expect('there is no array "x" for the input "x" (float32[N, 64]); there are pixels (--bind x=ARRAY)' in error, error)


def check_images():
    """A folder of PNG files for each class, of another size than the network takes."""
    where, digits = folder("images"), datasets.load_digits()
    for i in range(100):
        write_png(where / "data" / str(digits.target[i]) / f"{i}.png", digits.images[i].repeat(2, 0).repeat(2, 1) * 15)
    path = library(harness.ROOT / "docs/examples/digits/untrained.onnx", "images", "--loss", "cross_entropy", "--optimizer", "adam")
    result = train(path, "--data", where / "data", "--scale", "1/15", "--epochs", 12, "--lr", 3e-3, "--batch-size", 10, "--checkpoints",
                   where / "kept", "--report", where / "page.html")
    expect(result["examples"] == 100 and result["best"]["accuracy"] > 0.9, f"images: {result['best']}")
    expect("taken for" in (where / "page.html").read_text(), "the page has no confusion matrix")


def write_png(path, grey):
    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    path.parent.mkdir(parents=True, exist_ok=True)
    rows = b"".join(b"\0" + row.astype(np.uint8).tobytes() for row in grey)
    head = grey.shape[1].to_bytes(4, "big") + grey.shape[0].to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def check_progress():
    """On a terminal a bar tells how far it is, and is gone at the end; elsewhere there is none."""
    where = folder("progress")
    path = library(mlp([13, 24, 3]), "progress", "--loss", "cross_entropy", "--optimizer", "adam")
    command = [INGOT, "train", path, *map(str, wine(where)), "--epochs", "2"]
    expect(subprocess.run(command, check=True, capture_output=True).stderr == b"", "something is shown without a terminal")
    terminal, other = pty.openpty()
    subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=other)
    os.close(other)
    text = b""
    try:
        while more := os.read(terminal, 1 << 16):
            text += more
    except OSError:  # how Linux says that nobody writes any more
        pass
    os.close(terminal)
    text = text.decode()
    expect("epoch 1/2" in text and "left" in text and text.endswith("\r\x1b[K"), f"the terminal shows {text!r}")


def check_mistakes():
    where = folder("mistakes")
    path = library(mlp([13, 24, 3]), "mistakes", "--loss", "cross_entropy", "--optimizer", "sgd")
    data = wine(where)
    x = np.random.default_rng(1).normal(0, 1, (40, 13)).astype("f")
    arrays = {
        "label": dict(x=x, target=np.arange(40) % 4),
        "shape": dict(x=x[:, :12], target=np.arange(40) % 3),
        "fraction": dict(x=x, target=np.arange(40) / 2),
        "nan": dict(x=np.where(np.arange(40)[:, None] == 33, np.nan, x), target=np.arange(40) % 3),
        "huge": dict(x=x * 1e30, target=np.arange(40) % 3),
    }
    for name, values in arrays.items():
        np.savez(where / f"{name}.npz", **values)
    expected = {
        "label": 'row 3 of "target" is class 3, but the model knows the classes 0 to 2',
        "shape": 'the rows of "x" are [12], but "x" takes [13]',
        "fraction": '"target" has fractions, but "target" takes whole numbers (int64)',
        "nan": "the loss is not a number (NaN) (learning rate 0.001)",
    }
    for name, text in expected.items():
        error = train(path, "--data", where / f"{name}.npz", "--checkpoints", where / "kept", code=1)
        expect(f"{name}.npz: error: " in error and text in error, f"{name}: {error}")
    error = train(path, "--data", where / "huge.npz", "--lr", 1e20, "--checkpoints", where / "kept", code=1)
    expect("epoch 1, step 2: the loss is" in error, error)
    for words, code, text in (
        (["--target", "vine"], 1, 'there is no column "vine"; there are alcohol'),
        (["--metrics", "rmse"], 2, "the metrics of this loss are accuracy, top5"),
        (["--monitor", "auc"], 2, "there are loss, accuracy, f1"),
        (["--schedule", "spiral"], 2, "there are constant, warm-up"),
        (["--hyper", "momentum=0.9"], 1, 'there is no hyperparameter "momentum"; there are lr, weight_decay'),
        (["--bind", "y=target"], 2, "the library has no input of that name"),
        (["--scale", "1/"], 2, "expected a number like 0.5 or 1/255"),
        (["--mean", "1,2"], 2, "use it without --mean"),
        (["--report", where / "none" / "page.html"], 1, "page.html: error: cannot be written"),
        (["--log", where / "none" / "log.csv"], 1, "log.csv: error: cannot be written"),
    ):
        error = train(path, *data, *words, code=code)
        expect(text in error, f"{words}: {error}")
    error = train(path, *data[:-1], where / "train.csv", code=1)
    expect("train.csv: error: cannot be made: " in error, error)
    plain = str(harness.compile_model(mlp([13, 24, 3]), "training/inference", ["--cpu", "native"]).path)
    error = train(plain, *data, code=1)
    expect('has no entry "train_step"' in error, error)


def safetensors_history(path):
    """The epochs that a checkpoint tells of."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return json.loads(header["__metadata__"]["history"])["epochs"]


def run_cases(functions, names):
    cases = {name.removeprefix("check_"): case for name, case in functions.items() if name.startswith("check_")}
    failures = 0
    for name in names or cases:
        try:
            print(f"{name}: {cases[name]() or 'as expected'}", flush=True)
        except (harness.Failure, harness.Unsupported) as error:
            failures += 1
            print(f"{name}: {error}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(run_cases(globals(), sys.argv[1:]))
