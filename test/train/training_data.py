"""What `ingot train` does with data on their way to the network, and with what it writes: scaled targets, augmentation, checkpoints.

    training_data.py [CASE ...]        all by default; a case is a function below whose name begins with check_
"""

import os
import subprocess
import sys

import numpy as np
import onnx
import onnx.reference
from onnx import TensorProto, helper, numpy_helper

import training
from training import expect, folder, harness, library, safetensors, train, wine
from training_models import mlp


def check_scaled_targets():
    """Targets far from 0 are learnt with mean 0 and deviation 1; metrics are of the numbers as they are."""
    where = folder("scaled")
    x = np.random.default_rng(1).normal(0, 1, (160, 4)).astype(np.float32)
    y = np.stack([5000 + 300 * x[:, 0] - 200 * x[:, 1], 0.002 * x[:, 2]], 1).astype(np.float32)
    np.savez(where / "train.npz", x=x[:120], target=y[:120])
    np.savez(where / "val.npz", x=x[120:], target=y[120:])
    path = library(mlp([4, 16, 2]), "scaled", "--loss", "mse", "--optimizer", "adam")
    words = [path, "--data", where / "train.npz", "--val", where / "val.npz", "--epochs", 40, "--lr", 0.02, "--metrics", "mae,rmse"]
    result = train(*words, "--scale-targets", "--checkpoints", where / "kept")
    mean, deviation = (np.array(result["target_scaling"][name]) for name in ("mean", "deviation"))
    expect(np.allclose(mean, y[:120].mean(0), 1e-4, 1e-6) and np.allclose(deviation, y[:120].std(0), 1e-4, 1e-6), f"{mean}, {deviation}")
    expect(result["best"]["loss"] < 0.05, f"scaled targets: {result['best']}")

    def run():
        import ingot

        model = ingot.load(path)
        model.state.load(where / "kept/best.safetensors")
        return np.array(model.evaluation.run({"x": x[120:], "target": y[120:]})["y"])

    restored = harness.in_child(run) * deviation + mean
    error = np.abs(restored - y[120:]).mean()
    expect(abs(error - result["best"]["mae"]) < 1e-3 * error, f"the mean error is {error}, told {result['best']['mae']}")
    check_exported_units(path, where, x, restored)
    told = train(*words, "--checkpoints", where / "kept", "--resume", code=1)
    expect("was made with another target scaling" in told, told)
    classes = library(mlp([4, 8, 2]), "scaled_classes", "--loss", "cross_entropy", "--optimizer", "adam")
    np.savez(where / "classes.npz", x=x, target=(x[:, 0] > 0).astype(np.int64))
    told = train(classes, "--data", where / "classes.npz", "--scale-targets", code=2)
    expect("scales targets that are numbers" in told, told)


def check_exported_units(path, where, x, restored):
    """An exported model computes in the units of the data, with --keep-scaled what it was trained for."""
    results = []
    for option in ([], ["--keep-scaled"]):
        exported = where / f"exported{len(option)}.onnx"
        command = [training.INGOT, "export", path, "--state", where / "kept/best.safetensors", "-o", exported, *option]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)
        expect(done.returncode == 0, done.stderr)
        model = onnx.load(exported)
        onnx.checker.check_model(model, full_check=True)
        results.append(onnx.reference.ReferenceEvaluator(model).run(None, {"x": x[120:]})[0])
        initializers = {tensor.name for tensor in model.graph.initializer}
        expect(initializers == {tensor.name for tensor in mlp([4, 16, 2]).graph.initializer}, f"numbers of the scaling are parameters: {initializers}")
    scale = np.abs(restored).max(0)
    expect((np.abs(results[0] - restored) <= 1e-5 * scale).all(), "the exported model is not in the units of the data")
    expect(np.abs(results[1]).max() < 10, "with --keep-scaled it is")


def pixels(channels_last):
    """The one parameter begins at 0 and is subtracted from images: its gradient tells what they are."""
    shape = (5, 6, 3) if channels_last else (3, 5, 6)
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape]) for name in "xy"]
    start = numpy_helper.from_array(np.zeros(shape, np.float32), "start")
    graph = helper.make_graph([helper.make_node("Sub", ["x", "start"], ["y"])], "pixels", ports[:1], ports[1:], [start])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def seen(path, where, images, epochs, *words):
    """What a row looked like in each epoch: SGD with the rate of half the elements makes it the parameter."""
    np.savez(where / "data.npz", x=images, target=np.zeros_like(images))
    shown = []
    for epoch in range(1, epochs + 1):
        more = ["--resume"] if epoch > 1 else []
        train(path, "--data", where / "data.npz", "--epochs", epoch, "--batch-size", 1, "--lr", images[0].size / 2, "--checkpoints",
              where / "kept", "--no-shuffle", *words, *more)  # fmt: skip
        shown.append(safetensors(where / "kept/last.safetensors")["start"])
    return shown


def check_augmentation():
    """Images are mirrored, cropped and moved as the options say, others in each epoch and the same in each run and after resuming."""
    random, where = np.random.default_rng(4), folder("augmentation")
    image = random.uniform(0, 1, (1, 3, 5, 6)).astype(np.float32)
    path = library(pixels(False), "augmentation", "--loss", "mse", "--optimizer", "sgd")
    found = seen(path, where, image, 6, "--augment", "flip")
    kinds = {"mirrored" if np.allclose(one, image[0, :, :, ::-1], 1e-5) else "same" if np.allclose(one, image[0], 1e-5) else "?" for one in found}
    expect(kinds == {"mirrored", "same"}, f"flip gives {kinds}")

    black, edges = (np.pad(image[0], ((0, 0), (2, 2), (2, 2)), mode) for mode in ("constant", "edge"))
    for words, padded in ((["--augment", "crop:padding=2"], black), (["--augment", "shift:pixels=2"], edges)):
        found = seen(path, where, image, 6, *words)
        cuts = {(y, x): padded[:, y : y + 5, x : x + 6] for y in range(5) for x in range(5)}
        places = [[place for place, cut in cuts.items() if np.allclose(one, cut, 1e-5, 1e-6)] for one in found]
        expect(all(places) and len({place[0] for place in places}) > 2, f"{words} cuts at {places}")

    # Black was black before normalisation; channels may be last; and a run does not depend on what was interrupted.
    last = library(pixels(True), "augmentation_last", "--loss", "mse", "--optimizer", "sgd")
    words = ["--mean", "0.5,0.25,0", "--std", "0.5,1,2", "--augment", "crop:padding=2,flip-vertical", "--seed", 7]
    rows = np.moveaxis(image, 1, 3)
    found = seen(last, where, rows, 4, *words)
    whole = ["--epochs", 4, "--batch-size", 1, "--lr", rows[0].size / 2, "--no-shuffle", "--checkpoints", where / "whole"]
    train(last, "--data", where / "data.npz", *whole, *words)
    expect((safetensors(where / "whole/last.safetensors")["start"] == found[-1]).all(), "resuming gives another image")
    normal = (np.pad(rows[0], ((2, 2), (2, 2), (0, 0))) - [0.5, 0.25, 0]) / [0.5, 1, 2]
    for one in found:
        cuts = [normal[y : y + 5, x : x + 6] for y in range(5) for x in range(5)]
        expect(any(np.allclose(one, side, 1e-4, 1e-5) for cut in cuts for side in (cut, cut[::-1])), "no cut of the image is seen")

    for words, text, code in ((["blur"], "there are flip, flip-vertical, crop:padding=4 and shift:pixels=2", 2),
                              (["crop:pixels=2"], 'has no "pixels", but "padding"', 2),
                              (["shift:pixels=9"], "moves images of 5 x 6 by more than their size", 1)):  # fmt: skip
        error = train(last, "--data", where / "data.npz", "--augment", *words, "--checkpoints", where / "none", code=code)
        expect(text in error, error)
    error = train(last, "--data", where / "data.npz", "--resume", "--checkpoints", where / "kept", code=1)
    expect("was made with another" in error, error)


def check_one_checkpoint():
    """The best epoch's file is written once and has both names; a worse one's goes to the last name alone."""
    where = folder("one_checkpoint")
    path = library(mlp([13, 24, 3]), "one_checkpoint", "--loss", "cross_entropy", "--optimizer", "sgd")
    words = [path, *wine(where), "--batch-size", 40]
    train(*words, "--epochs", 1, "--lr", 0.01)
    best, last = where / "kept/best.safetensors", where / "kept/last.safetensors"
    expect(os.path.samefile(best, last), "the best epoch is written twice")
    before = best.read_bytes()
    result = train(*words, "--epochs", 2, "--lr", 30, "--resume")
    expect(result["best_epoch"] == 1 and best.read_bytes() == before, "the best epoch is another one")
    expect(not os.path.samefile(best, last) and last.read_bytes() != before, "the last epoch is not written")
    expect(len(list((where / "kept").iterdir())) == 2, "something is left behind")


if __name__ == "__main__":
    sys.exit(training.run_cases(globals(), sys.argv[1:]))
