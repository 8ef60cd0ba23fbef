"""Runs `ingot` for the tests of explanations and attacks."""

import json
import pathlib
import subprocess
import sys

import numpy as np

import harness


# Tests run side by side: each has its own folder, whatever networks they have in common.
PLACE = pathlib.Path("explain", pathlib.Path(sys.argv[0]).stem, *sys.argv[1:])


def folder(name):
    path = harness.WORK / PLACE / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def compiled(network, name, *options):
    return harness.compile_model(network.model, PLACE / name, ["--cpu", "native", *options]).path


def ingot(*words):
    done = subprocess.run([str(harness.BUILD / "bin" / "ingot"), *map(str, words)], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def document(*words):
    code, out, errors = ingot(*words, "--json")
    if code:
        raise harness.Failure(f"ingot {' '.join(map(str, words))} ended with {code}: {errors}")
    return json.loads(out)


def mistake(code, text, *words):
    """The command ends with this code, and its message contains this text."""
    actual, _, errors = ingot(*words)
    if actual != code or text not in errors:
        raise harness.Failure(f"ingot {' '.join(map(str, words))}\nended with {actual}: {errors}expected {code}: {text}")


def values(document, example=0):
    entry = document["examples"][example]
    return np.array(entry["values"]).reshape(entry["shape"])


def close(actual, expected, what, tolerance=2e-5):
    actual, expected = np.asarray(actual, float), np.asarray(expected, float)
    if actual.shape != expected.shape:
        raise harness.Failure(f"{what}: shape {actual.shape}, expected {expected.shape}")
    error = np.abs(actual - expected).max() if actual.size else 0
    if not error <= tolerance * max(1e-3, np.abs(expected).max()):
        raise harness.Failure(f"{what}: off by {error:.3g}; {actual.ravel()[:5]} instead of {expected.ravel()[:5]}")


def png_size(path):
    data = pathlib.Path(path).read_bytes()
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise harness.Failure(f"{path} is no PNG file")
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
