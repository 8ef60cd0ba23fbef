"""What every numeric test is made of: compile a model with ingotc, run the library, compare with a reference.

A compilation is a process of its own, and so is a run, so that a crash is one failed case and not the end of the test.
"""

import dataclasses
import json
import os
import pathlib
import pickle
import signal
import subprocess
import sys
import time

import numpy as np
import onnx

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("INGOT_BUILD", ROOT / "build" / "release"))
RESULTS = pathlib.Path(os.environ.get("INGOT_TEST_RESULTS", ROOT / "build" / "test-results"))
WORK = BUILD / "test" / "work"

sys.path.insert(0, str(ROOT / "runtime" / "python"))


class Failure(Exception):
    """A test failed; the text says what was given and what was expected."""


class Unsupported(Exception):
    """Ingot said, in the agreed words, that it does not support the model yet."""


@dataclasses.dataclass
class Library:
    """A compiled model."""

    path: pathlib.Path
    seconds: float

    @property
    def megabytes(self):
        return self.path.stat().st_size / 1e6


def compile_model(model, name, options=(), timeout=600):
    """Compiles a ModelProto or the path of a model file; raises Failure or Unsupported with ingotc's own words."""
    folder = WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    if not isinstance(model, (str, os.PathLike)):
        path = folder / "model.onnx"
        onnx.save(model, path)
        model = path
    library = folder / "model.so"
    library.unlink(missing_ok=True)
    command = [str(BUILD / "bin" / "ingotc"), str(model), "-o", str(library), "--name", "model", *options]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    seconds = time.monotonic() - began
    if done.returncode == 0 and library.exists():
        return Library(library, seconds)
    words = done.stderr.strip()
    if done.returncode == 1 and "not supported" in words:
        raise Unsupported(words)
    raise Failure(f"ingotc exited with {exit_name(done.returncode)}: {words[-1500:]}")


def exit_name(code):
    return signal.Signals(-code).name if code < 0 else str(code)


def in_child(function, timeout=120):
    """Calls function in a forked process and returns its result; a crash or a hang becomes a Failure."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        signal.alarm(timeout)
        try:
            answer = ("done", function())
        except BaseException as error:  # noqa: BLE001: whatever it was goes to the parent
            answer = ("raised", f"{type(error).__name__}: {error}")
        with os.fdopen(writer, "wb") as pipe:
            pickle.dump(answer, pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if not data:
        raise Failure(f"the run ended with {exit_name(status)}")
    kind, answer = pickle.loads(data)
    if kind == "raised":
        raise Failure(answer)
    return answer


def run_library(library, cases):
    """The outputs, by name, of every case (a dictionary of inputs by name)."""

    def run():
        import ingot

        model = ingot.load(str(library.path))
        return [{name: np.array(value) for name, value in model.run(case).items()} for case in cases]

    return in_child(run)


def threads_agree(library, feed):
    """Whether a run gives the same bytes for any number of threads. Loads the library: call it in a child."""
    import ingot
    model = ingot.load(library.path)
    results = []
    for threads in (1, 2, 3, 5):
        model.threads = threads
        results.append({name: value.copy() for name, value in model.run(feed).items()})
    return all(np.array_equal(results[0][name], other[name]) for other in results[1:] for name in other)


def run(main):
    """A test of one piece: what fails ends the program with its text."""
    try:
        main()
    except (Failure, Unsupported) as error:
        sys.exit(str(error))


class Errors:
    """The largest errors of many cases, each with the limit it has to stay below; what is compared is told at the end."""

    def __init__(self):
        self.failures, self.worst = [], 0.0

    def add(self, subject, error, limit):
        self.worst = max(self.worst, error)
        if not error < limit:
            self.failures.append(f"{subject}: off by {error:.2g}")

    def finish(self, summary):
        """Prints the failures, or the summary and the worst error, and ends the program."""
        print("\n".join(self.failures) or f"{summary}, worst error {self.worst:.1g}")
        sys.exit(1 if self.failures else 0)


def reference(model, cases):
    """The same from onnxruntime, its graph optimisations off."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    source = model.SerializeToString() if isinstance(model, onnx.ModelProto) else str(model)
    session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return [dict(zip(names, session.run(None, case))) for case in cases]


def difference(name, actual, expected, rtol, atol, scale=None):
    """The largest difference relative to the output's scale (default: its largest value); a Failure beyond tolerance."""
    if actual.dtype.kind == "V" and actual.dtype.itemsize == expected.dtype.itemsize:
        actual = actual.view(expected.dtype)  # numpy knows bfloat16 only through ml_dtypes, which the loader does not need
    if actual.shape != expected.shape or actual.dtype != expected.dtype:
        given = f"{actual.dtype}{list(actual.shape)}"
        raise Failure(f"output {name}: got {given}, expected {expected.dtype}{list(expected.shape)}")
    if expected.dtype.kind not in "fV":
        wrong = int((actual != expected).sum())
        if wrong:
            raise Failure(f"output {name}: {wrong} of {expected.size} values differ")
        return 0.0
    a, e = actual.astype(np.float64), expected.astype(np.float64)
    odd = ~np.isfinite(e)
    same = np.isnan(a) == np.isnan(e)
    if not same.all() or not (a[odd & ~np.isnan(e)] == e[odd & ~np.isnan(e)]).all() or not np.isfinite(a[~odd]).all():
        raise Failure(f"output {name}: infinities or NaNs differ")
    a, e = a[~odd], e[~odd]
    if e.size == 0:
        return 0.0
    scale = np.abs(e).max() if scale is None else scale
    distance = np.abs(a - e)
    beyond = distance > atol * scale + rtol * np.abs(e)
    if beyond.any():
        worst = int(distance.argmax())
        raise Failure(
            f"output {name}: {int(beyond.sum())} of {e.size} values out of tolerance; "
            f"worst at {worst}: got {a[worst]:.9g}, expected {e[worst]:.9g}, scale {scale:.3g}"
        )
    return float(distance.max() / scale) if scale else float(distance.max())


def compare(actual, expected, rtol, atol, scales=None):
    """The largest difference over all cases and outputs; `scales` gives outputs' magnitudes by name."""
    largest = 0.0
    for case, outputs in zip(actual, expected):
        if set(case) != set(outputs):
            raise Failure(f"outputs {sorted(case)}, expected {sorted(outputs)}")
        for name, value in outputs.items():
            largest = max(largest, difference(name, case[name], np.asarray(value), rtol, atol, (scales or {}).get(name)))
    return largest


def record(table, name, **values):
    """Keeps one row for the table that tools/test prints at its end."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    with open(RESULTS / f"{table}.jsonl", "a") as file:
        file.write(json.dumps({"name": name, **values}) + "\n")


def check_model(name, model, cases, options=(), rtol=1e-4, atol=2e-5):
    """Compiles, runs and compares with onnxruntime; returns the library and the largest relative difference."""
    library = compile_model(model, name, options)
    actual = run_library(library, cases)
    return library, compare(actual, reference(model, cases), rtol, atol)
