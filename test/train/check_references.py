"""Compares training steps with PyTorch's: every network of ../shared/train with every optimizer there, five steps each.

    check_references.py [NETWORK ...]        all that are there by default

Losses agree to 1e-5 relative, gradients to 1e-4 of each parameter's largest, parameters and running statistics to
1e-6 + 1e-3 of each one's largest change. Exits with 77 where ../shared/train is missing.
"""

import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy as np

import harness

SHARED = pathlib.Path(os.environ.get("INGOT_SHARED", harness.ROOT.parent / "shared")) / "train"
# What PyTorch calls differently. `sgd_wd` is sgd with weight decay.
OPTIMIZERS = {"sgd_wd": "sgd"}
RENAMED = {"betas": ("beta1", "beta2")}


def hypers(reference):
    """The hyperparameters of a reference run, under Ingot's names."""
    result = {}
    for name, value in reference["hyper"].items():
        if name == "betas":
            result["beta1"], result["beta2"] = value
        elif not isinstance(value, bool):
            result[name] = float(value)
    return result


def compile_step(name, about, optimizer):
    frozen = "|".join("^" + parameter.replace(".", r"\.") + "$" for parameter in about["frozen"])
    options = ["--cpu", "native", "--train", "--loss", "output:loss", "--gradients", "--optimizer", OPTIMIZERS.get(optimizer, optimizer)]
    return harness.compile_model(SHARED / f"{name}.onnx", f"train/{name}.{optimizer}", options + (["--freeze", frozen] if frozen else []))


def initial_values(name):
    """The file's parameters; running statistics as PyTorch begins (in the file, the exporter's own run has moved them)."""
    import onnx
    from onnx import numpy_helper
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(SHARED / f"{name}.onnx").graph.initializer}
    begin = {"running_mean": np.zeros_like, "running_var": np.ones_like}
    return {key: begin.get(key.rsplit(".")[-1], np.array)(value) for key, value in values.items()}


def run_steps(library, name, about, reference, data):
    """The losses, the gradients of the first step, and everything that is carried along after the first and last one."""
    import ingot
    model = ingot.load(str(library.path))
    for key, value in initial_values(name).items():
        if key in model.state:
            model.state[key] = value
    numbers = hypers(reference)
    numbers = {port.name: np.float64(numbers.get(port.name, 0)) for port in model.inputs if port.role == "hyper"}
    losses, after = [], []
    for step in range(5):
        results = model.run({**numbers, **{key: data[f"{key}_{step}"] for key in about["inputs"]}})
        if step == 0:
            gradients = {key[: -len(".gradient")]: value for key, value in results.items() if key.endswith(".gradient")}
        losses.append(float(results["loss"]))
        after.append({key: np.array(value) for key, value in model.state.items()})
    if model.state["step"] != 5:
        raise harness.Failure(f"the state counts {model.state['step']} steps, not 5")
    return losses, gradients, after[0], after[4]


def check_gradients(gradients, data):
    worst = 0.0
    for name, value in gradients.items():
        expected = data[f"grad/{name}"]
        error = np.abs(value - expected).max() / max(np.abs(expected).max(), 1e-30)
        if not error <= 1e-4:
            raise harness.Failure(f"the gradient of {name} is off by {error:.2g} of its largest element")
        worst = max(worst, error)
    return worst


def check_state(after, reference, prefix, before):
    worst = 0.0
    for key, expected in reference.items():
        if not key.startswith(prefix + "/"):
            continue
        name = key[len(prefix) + 1 :]
        change = np.abs(reference.get(f"param_5/{name}", expected) - before[name]).max()
        error = np.abs(after[name] - expected).max()
        if not error <= 1e-6 + 1e-3 * change:
            raise harness.Failure(f"{name} ({prefix}) is off by {error:.2g}, its largest change is {change:.2g}")
        worst = max(worst, error / max(change, 1e-30))
    return worst


def check_run(name, about, optimizer, data):
    reference = dict(np.load(SHARED / f"{name}.{optimizer}.npz"))
    library = compile_step(name, about, optimizer)
    losses, gradients, first, last = harness.in_child(
        lambda: run_steps(library, name, about, about["optimizers"][optimizer], data))
    expected = reference["losses"]
    error = float(np.abs(np.array(losses) / expected - 1).max())
    if not error <= 1e-5:
        raise harness.Failure(f"losses are off by {error:.2g}: {losses}, expected {expected.tolist()}")
    before = initial_values(name)
    return (error, check_gradients(gradients, data), check_state(first, reference, "param_1", before),
            check_state(last, reference, "param_5", before), check_state(last, reference, "buffer_5_onnx", before))


def main(names):
    if not (SHARED / "train.json").exists():
        print(f"{SHARED} is not there: nothing to compare with")
        return 77
    about, failures = json.loads((SHARED / "train.json").read_text()), 0
    for name in names or [key for key in about if key != "dcgan"]:
        data = dict(np.load(SHARED / f"{name}.data.npz"))
        for optimizer in about[name]["optimizers"]:
            try:
                worst = check_run(name, about[name], optimizer, data)
                print(f"{name} {optimizer}: losses {worst[0]:.1g}, gradients {worst[1]:.1g}, parameters {worst[2]:.1g} {worst[3]:.1g}, statistics {worst[4]:.1g}")
            except (harness.Failure, harness.Unsupported) as error:
                failures += 1
                print(f"{name} {optimizer}: {error}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
