"""Runs ONNX's own backend cases: each passes, is refused as not supported, or is wrong.

Usage: check_suite.py GROUP...           fails when a case of passes.txt no longer passes, or one is wrong that wrong.txt lacks
       check_suite.py --update [GROUP...]   runs and rewrites the lists (without a group: all of them)
       check_suite.py --case NAME...        runs single cases and prints what happened in full
"""

import dataclasses
import multiprocessing
import os
import pathlib
import sys
import warnings

FOLDER = pathlib.Path(__file__).parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent)]

import numpy as np
import onnx
from onnx import numpy_helper

import harness
from groups import GROUPS, group_of

PASSES, WRONG = FOLDER / "passes.txt", FOLDER / "wrong.txt"

# Their results are random: only type and shape can be compared.
RANDOM = ("Bernoulli", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial")


def all_cases():
    """Every case of the installed onnx package, with its data in memory; seeded, so the same each time."""
    warnings.filterwarnings("ignore")
    import onnx.backend.test.case.node as node_cases
    from onnx.backend.test.loader import load_model_tests

    yield from node_cases.collect_testcases(None)
    for kind in ("simple", "pytorch-converted", "pytorch-operator"):
        yield from (load(case) for case in load_model_tests(kind=kind))


def load(case):
    """A case that comes as files: the model and its data sets read from its folder."""
    folder = pathlib.Path(case.model_dir)
    model = onnx.load(folder / "model.onnx")
    sets = []
    for data in sorted(folder.glob("test_data_set_*")):
        edges = ((model.graph.input, "input"), (model.graph.output, "output"))
        sets.append(tuple([value(data / f"{kind}_{i}.pb", edge) for i, edge in enumerate(of)] for of, kind in edges))
    return dataclasses.replace(case, model=model, data_sets=sets)


def value(path, edge):
    """One stored tensor; other kinds of value are left as None, and their cases refused by Ingot before they run."""
    if not edge.type.HasField("tensor_type") or not path.exists():
        return None
    return numpy_helper.to_array(onnx.load_tensor(path))


def named(edges, values):
    """Arrays by name; the cases of narrow types hold TensorProtos instead."""
    arrays = [numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value for value in values]
    return {edge.name: np.asarray(array) for edge, array in zip(edges, arrays) if array is not None}


def is_random(case):
    """Whether the case's results are random; dropout's are in training, unless nothing drops out."""
    drops = case.name.startswith("test_training_dropout") and "zero_ratio" not in case.name
    return drops or any(node.op_type in RANDOM for node in case.model.graph.node)


def outcome(case):
    """("passed" | "unsupported" | "wrong", words)."""
    try:
        library = harness.compile_model(case.model, f"suite/{case.name}", ["--cpu", "native"], timeout=120)
        for inputs, outputs in case.data_sets:
            graph = case.model.graph
            [actual] = harness.run_library(library, [named(graph.input, inputs)])
            expected = named(graph.output, outputs)
            if is_random(case):
                actual = {key: expected[key] if array.shape == expected[key].shape else array for key, array in actual.items()}
            # The suite's tolerances are on values, not on the output's scale; narrow floats have their own.
            narrow = any(array.dtype.itemsize < 4 and array.dtype.kind in "fV" for array in expected.values())
            harness.compare([actual], [expected], rtol=max(case.rtol, 2**-6 if narrow else 0), atol=1e-6)
        return "passed", ""
    except harness.Unsupported as error:
        return "unsupported", str(error)
    except Exception as error:  # noqa: BLE001: whatever goes wrong is this case's outcome
        return "wrong", f"{type(error).__name__}: {error}".replace(f"{harness.WORK}/suite/{case.name}/", "")
    finally:
        (harness.WORK / "suite" / case.name / "model.so").unlink(missing_ok=True)


def read_list(path):
    """Names, one a line; what follows a name is its reason."""
    lines = path.read_text().splitlines() if path.exists() else []
    return {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}


def run(cases, jobs=1):
    """The outcome of each case by name; more than one job only outside ctest, which runs groups side by side itself."""
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        return dict(zip([case.name for case in cases], pool.map(outcome, cases, chunksize=1)))


def report(group, results):
    """Prints the unexpected and returns how many there are."""
    passes, known_wrong = read_list(PASSES), read_list(WRONG)
    unexpected = 0
    for name, (kind, words) in sorted(results.items()):
        if name in passes and kind != "passed":
            unexpected += 1
            print(f"{name}: passed before, now {kind}: {words}")
        elif kind == "wrong" and name not in known_wrong:
            unexpected += 1
            print(f"{name}: neither right nor refused: {words}")
    counts = {kind: sum(1 for got, _ in results.values() if got == kind) for kind in ("passed", "unsupported", "wrong")}
    harness.record("suite", group, cases=len(results), **counts)
    print(f"{group}: {counts}, {unexpected} unexpected")
    return unexpected


def update(results):
    """Rewrites both lists, keeping what this run did not touch and the reasons already given."""
    for path, kind in ((PASSES, "passed"), (WRONG, "wrong")):
        lines = path.read_text().splitlines() if path.exists() else []
        head = [line for line in lines if line.startswith("#")]
        kept = {line.split()[0]: line for line in lines if line.strip() and not line.startswith("#")}
        kept = {name: line for name, line in kept.items() if results.get(name, (kind, ""))[0] == kind}
        for name, (got, words) in results.items():
            if got == kind:
                reason = " ".join(words.split())[:100]
                kept.setdefault(name, f"{name}  {reason}".rstrip())
        path.write_text("\n".join(head + [kept[name] for name in sorted(kept)]) + "\n")


def main(arguments):
    cases = list(all_cases())
    if arguments[:1] == ["--case"]:
        results = run([case for case in cases if case.name in arguments[1:]])
        print("\n".join(f"{name}: {kind} {words}" for name, (kind, words) in results.items()))
        return 0
    updating = arguments[:1] == ["--update"]
    unexpected = 0
    for group in arguments[updating:] or GROUPS:
        results = run([case for case in cases if group_of(case) == group], os.cpu_count() if updating else 1)
        if updating:
            update(results)
        unexpected += report(group, results)
    return 1 if unexpected else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
