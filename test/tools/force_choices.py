"""Compiles a model with every choice that a tuning file knows of, for all kernels at once, and compares the outputs.

force_choices.py model.onnx tuning.json folder
"""

import json
import pathlib
import subprocess
import sys

import ingot
import numpy as np


def run(model, tuning, folder, number):
    """The outputs of the model compiled with these choices, each library under a name of its own."""
    file, library = folder / f"{number}.json", folder / f"{number}.so"
    file.write_text(json.dumps(tuning))
    command = ["ingotc", str(model), "-o", str(library), "--name", f"forced{number}", "--dim", "N=2", f"--tune={file}"]
    subprocess.run(command, check=True)
    loaded = ingot.load(library)
    random = np.random.default_rng(0)
    inputs = {port.name: random.normal(0, 1, port.shape).astype(port.dtype) for port in loaded.inputs}
    return loaded.run(inputs)


def choice_of(trial):
    return {name: trial[name] for name in ("block", "chunk", "grain", "winograd") if name in trial}


def main(model, tuning_file, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    tuning = json.loads(pathlib.Path(tuning_file).read_text())
    kernels = tuning["kernels"].values()
    expected = run(model, tuning, folder, 0)
    most = max(len(kernel["measured"]) for kernel in kernels)
    for number in range(1, most):
        for kernel in kernels:
            kernel["choice"] = choice_of(kernel["measured"][min(number, len(kernel["measured"]) - 1)])
        for name, value in run(model, tuning, folder, number).items():
            if not np.allclose(value, expected[name], rtol=1e-4, atol=1e-5):
                sys.exit(f"choice {number}: output {name} differs")
    print(f"outputs agree with {most - 1} other choices")


if __name__ == "__main__":
    main(*sys.argv[1:])
