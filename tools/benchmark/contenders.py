"""The engines being compared, each as a worker process that takes its turn in every round."""

import importlib.util
import json
import pathlib
import shlex
import subprocess
import sys
import time

WORKER = pathlib.Path(__file__).with_name("worker.py")

# Engine -> the Python modules that it needs.
PEERS = {"onnxruntime": ("onnxruntime",), "openvino": ("openvino",), "torch": ("torch", "onnx2torch")}


class Missing(Exception):
    """A contender does not take part; the text says why."""


def available():
    """The peers whose packages this Python has."""
    return [peer for peer, modules in PEERS.items() if all(map(importlib.util.find_spec, modules))]


def last_words(file):
    """The last line that a program wrote to its error file."""
    file.seek(0)
    lines = [line.strip() for line in file if line.strip()]
    return lines[-1] if lines else "no message"


class Contender:
    """A running worker. `start` tells what loading took, `rounds` what each round measured."""

    def __init__(self, engine, model, inputs, threads, folder):
        self.engine, self.rounds = engine, []
        self.outputs = folder / f"{engine}.npz"
        self.errors = open(folder / f"{engine}.log", "w+")
        command = [sys.executable, str(WORKER), engine, str(model), str(inputs), str(threads), str(self.outputs)]
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.errors}
        self.process = subprocess.Popen(command, text=True, **streams)
        self.start = self._answer()

    def _answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.close()
            raise Missing(f"{self.engine}: {last_words(self.errors)}")
        return json.loads(line)

    def measure(self, seconds):
        """One round, kept in `rounds`."""
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        self.rounds.append(self._answer())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def compile_library(programs, model, dims, flags, folder):
    """Compiles for Ingot; returns the library's path and the seconds it took."""
    library = folder / "libmodel.so"
    command = [str(programs / "ingotc"), str(model), "-o", str(library), "--name", "model", *shlex.split(flags)]
    for name, size in dims.items():
        command += ["--dim", f"{name}={size}"]
    began = time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        raise Missing(f"ingot: {error}") from None
    if done.returncode:
        raise Missing(f"ingot: {(done.stderr.strip().splitlines() or ['ingotc failed'])[0]}")
    return library, time.perf_counter() - began
