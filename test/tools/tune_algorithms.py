"""Which algorithms --tune measures for a convolution, and that it keeps what the file says.

tune_algorithms.py folder: makes a model of two convolutions, tunes it, and compiles it with every algorithm of the file.
"""

import json
import pathlib
import subprocess
import sys

import ingot
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CHANNELS, SIZE = 32, 12


def make(path):
    """3x3 over 32 channels, for which several algorithms are possible, and 1x1, for which one is."""
    random = np.random.default_rng(1)
    weights = {
        "w3": random.normal(0, 0.06, (CHANNELS, CHANNELS, 3, 3)).astype("f"),
        "w1": random.normal(0, 0.25, (CHANNELS, 16, 1, 1)).astype("f"),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["y"], name="narrow"),
        helper.make_node("Conv", ["y", "w3"], ["z"], name="wide", pads=[1, 1, 1, 1]),
    ]
    value = lambda name, channels: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, SIZE, SIZE])
    initializers = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "g", [value("x", 16)], [value("z", CHANNELS)], initializers)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return weights


def reference(x, weights):
    """In double precision."""
    y = np.einsum("nchw,fc->nfhw", x.astype("d"), weights["w1"][:, :, 0, 0].astype("d"))
    padded = np.pad(y, ((0, 0), (0, 0), (1, 1), (1, 1)))
    taps = [(i, j) for i in range(3) for j in range(3)]
    return sum(np.einsum("nchw,fc->nfhw", padded[:, :, i : i + SIZE, j : j + SIZE], weights["w3"][:, :, i, j].astype("d")) for i, j in taps)


def compile(folder, name, *options):
    """The library, and the tile of its 3x3 convolution by how many bytes the filter takes more."""
    library = folder / f"{name}.so"
    command = ["ingotc", str(folder / "two.onnx"), "-o", str(library), "--name", name, "--json"]
    output = subprocess.run([*command, *options], check=True, stdout=subprocess.PIPE).stdout
    more = json.loads(output)["winograd_bytes"] // (CHANNELS * CHANNELS * 4)
    return library, {0: 0, 16 - 9: 2, 36 - 9: 4}[more]


def main(folder):
    folder = pathlib.Path(folder)
    weights = make(folder / "two.onnx")
    file = folder / "two.json"
    compile(folder, "tuned", f"--tune={file}")
    tuning = json.loads(file.read_text())
    [key] = [key for key in tuning["kernels"] if "/algorithm-" in key]
    trials = tuning["kernels"][key]["measured"]
    print("algorithms", *sorted(trial["winograd"] for trial in trials), "predicted", all(trial["predicted_us"] > 0 for trial in trials))
    x = np.random.default_rng(2).normal(0, 1, (1, 16, SIZE, SIZE)).astype("f")
    expected = reference(x, weights)
    for choice in (0, 2, 4):
        tuning["kernels"][key]["choice"] = {"winograd": choice}
        file.write_text(json.dumps(tuning))
        library, tile = compile(folder, f"tile{choice}", f"--tune={file}")
        error = np.sqrt(np.mean((ingot.load(library).run({"x": x})["z"] - expected) ** 2) / np.mean(expected**2))
        kept = json.loads(file.read_text())["kernels"][key]["choice"] == {"winograd": choice}
        print(f"choice {choice}: tile {tile}, kept {kept}, right {error < 1e-6}")
    print("off: tile", compile(folder, "off", f"--tune={file}", "--winograd=off")[1])


main(sys.argv[1])
