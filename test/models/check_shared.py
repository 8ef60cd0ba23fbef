"""Compiles the models of ../shared/models (or $INGOT_SHARED/models) and compares with onnxruntime's recorded way of running.

Usage: check_shared.py small|large GROUP...        exits with 77, which ctest shows as skipped, where the folder is not there
A group is the first part of a model's name; `small` takes models of up to 12 million parameters.
Large models are removed again after their check.
"""

import importlib.util
import json
import os
import pathlib
import re
import shutil
import sys

sys.path[:0] = [str(pathlib.Path(__file__).parent.parent)]

import numpy as np
import onnx

import harness

SHARED = pathlib.Path(os.environ.get("INGOT_SHARED", harness.ROOT.parent / "shared")) / "models"
SKIPPED = 77
LARGE = 12_000_000

# What the compiler does not claim yet: quantised and control-flow operators, scikit-learn's.
LATER_TAGS = {"int8", "control", "sequence", "sklearn"}
LATER_OPERATORS = {"If", "Loop", "Scan"}


def zoo():
    """materialize.py of that folder, which rebuilds weights and inputs from seeds."""
    spec = importlib.util.spec_from_file_location("materialize", SHARED / "materialize.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def wanted(size, groups):
    for path in sorted((SHARED / "models").glob("*.json")):
        meta = json.loads(path.read_text())
        if LATER_TAGS & set(meta["tags"]) or LATER_OPERATORS & set(meta["ops"]):
            continue
        group = re.split(r"[_0-9]", meta["name"])[0]
        if group in groups and (meta["params"] >= LARGE) == (size == "large"):
            yield meta


def random_instead_of_files(materialize, model):
    """Weights that lie in a file of a wheel become seeded random ones: the structure is what is checked then."""
    for number, tensor in enumerate(materialize.model_tensors(model)):
        recipe = materialize.recipe_of(tensor)
        if recipe and recipe["kind"] == "safetensors":
            spread = 1.7 / min(tensor.dims) ** 0.5 if len(tensor.dims) > 1 else 0.1
            middle = 1.0 if recipe["key"].endswith("LayerNorm.weight") else 0.0
            values = {"location": materialize.LOC, "kind": "uniform", "seed": number}
            values |= {"lo": middle - spread, "w": 2 * spread}
            del tensor.external_data[:]
            for key, value in values.items():
                tensor.external_data.add(key=key, value=str(value))


def materialized(materialize, meta, folder):
    """Writes the full model; returns its path and whether its weights are the described ones."""
    model = onnx.load(SHARED / "models" / f"{meta['name']}.onnx", load_external_data=False)
    weights = os.environ.get("ZOO_WEIGHTS", ".")
    described = "needs_file" not in meta or (pathlib.Path(weights) / meta["needs_file"]).exists()
    if not described:
        random_instead_of_files(materialize, model)
    materialize.realize(model, weights)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.onnx"
    if meta.get("external"):
        (folder / "model.onnx.data").unlink(missing_ok=True)
        options = {"all_tensors_to_one_file": True, "location": "model.onnx.data", "size_threshold": 1024}
        onnx.save(model, path, save_as_external_data=True, **options)
    else:
        onnx.save(model, path)
    return path, described


def reference_model(materialize, meta, path):
    """The model that onnxruntime runs: it has no bfloat16, so the same weights widened."""
    if meta.get("ref") != "upcast":
        return path
    model = onnx.load(path)
    materialize.upcast_bf16(model)
    return model


def scales(case, outputs):
    """The magnitude an output's tolerance is relative to, as the model's description tells it."""
    golden = case.get("golden", {})
    return {name: golden.get(name, {}).get("scale", np.abs(value).max(initial=0.0)) for name, value in outputs.items()}


def accuracy(meta, library):
    """The share of the held-out samples that the trained model gets right; must be what was recorded."""
    path = SHARED / "models" / f"{meta['name']}.testset.npz"
    if not path.exists():
        return {}
    data = np.load(path)
    [outputs] = harness.run_library(library, [{meta["inputs"][0]["name"]: data["x"]}])
    right = int((outputs[meta["outputs"][0]["name"]].argmax(-1) == data["y"]).sum())
    recorded = int(re.search(r"\((\d+)/\d+\)", meta["note"]).group(1))
    if right != recorded:
        raise harness.Failure(f"{right} of {len(data['y'])} held-out samples right, recorded were {recorded}")
    return {"accuracy": right / len(data["y"])}


def check(materialize, meta, folder):
    path, described = materialized(materialize, meta, folder)
    cases = [{one["name"]: materialize.make_input(one) for one in case["inputs"]} for case in meta["cases"]]
    expected = harness.reference(reference_model(materialize, meta, path), cases)
    library = harness.compile_model(path, f"shared/{meta['name']}", timeout=900)
    error = 0.0
    for case, actual, outputs in zip(meta["cases"], harness.run_library(library, cases), expected):
        magnitude = scales(case, outputs) if described else None
        error = max(error, harness.compare([actual], [outputs], meta["tol"]["rtol"], meta["tol"]["atol"], magnitude))
    extra = accuracy(meta, library)
    harness.record("shared", meta["name"], error=error, seconds=library.seconds, megabytes=library.megabytes, **extra)
    return f"max error {error:.1e}, compiled in {library.seconds:.1f} s, {library.megabytes:.1f} MB {extra or ''}"


def main(size, groups):
    if not (SHARED / "materialize.py").exists():
        print(f"skipped: no models in {SHARED} (INGOT_SHARED names another folder)")
        return SKIPPED
    materialize, failed, ran = zoo(), 0, 0
    for meta in wanted(size, groups):
        folder = harness.WORK / "shared" / meta["name"]
        ran += 1
        try:
            print(f"{meta['name']}: {check(materialize, meta, folder)}", flush=True)
        except (harness.Failure, harness.Unsupported) as error:
            failed += 1
            harness.record("shared", meta["name"], failure=(str(error) or "failed").splitlines()[0])
            print(f"{meta['name']}: FAILED: {error}", flush=True)
        if size == "large":
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{ran} models, {failed} failed")
    return 1 if failed else SKIPPED if not ran else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
