# RUN: %python %s
"""Winograd's algorithm for constant filters, transformed by the compiler (--winograd=auto) and before the first run
(--winograd=load): y = relu(conv(max_pool(x), w) + b) + r against sums in float64, the rounding errors against those of the direct kernels
(--winograd=off), and what the three take in files and in memory."""

import json
import subprocess
import sys
import threading

import numpy as np
import onnx
from onnx import helper, numpy_helper

import harness

# Batch (0: open, run with 5 images), channels, height and width, filters, pads, stride, window.
CASES = [
    (1, 64, 13, 9, 64, (1, 1, 1, 1), 1),
    (1, 128, 14, 13, 144, (1, 1, 1, 1), 1),  # panels in threes
    (1, 32, 31, 26, 80, (0, 0, 0, 0), 1),
    (1, 48, 57, 58, 64, (2, 0, 1, 1), 1),  # blocks of two sizes
    (3, 64, 9, 14, 96, (1, 1, 1, 1), 1),
    (8, 96, 9, 6, 64, (1, 1, 1, 1), 1),  # images of few tiles
    (0, 64, 11, 15, 112, (0, 1, 2, 0), 1),
    (1, 64, 56, 56, 64, (1, 1, 1, 1), 2),
    (1, 128, 28, 28, 144, (1, 1, 1, 1), 2),
    (2, 96, 35, 41, 64, (0, 1, 1, 0), 2),
    (0, 64, 55, 58, 80, (1, 0, 0, 2), 2),
    (1, 64, 27, 26, 96, (2, 2, 2, 2), 1, 5),
    (3, 48, 13, 18, 64, (0, 1, 2, 3), 1, 5),
    (0, 32, 15, 14, 80, (2, 2, 2, 2), 1, 5),
    (1, 64, 64, 56, 96, (1, 1, 1, 1), 2, 4),
    (2, 96, 35, 42, 64, (0, 1, 1, 0), 2, 4),
    (0, 64, 55, 58, 80, (1, 0, 0, 2), 2, 4),
]


def window_of(case):
    return case[7] if len(case) > 7 else 3


def shapes(case):
    batch, channels, height, width, filters, pads, stride = case[:7]
    extents = ((n + pads[i] + pads[i + 2] - window_of(case)) // stride + 1 for i, n in enumerate((height, width)))
    result = (batch or 5, filters, *extents)
    return (batch or 5, channels, height, width), result


def build():
    """All cases in one model, what to feed it, and sums in float64."""
    random = np.random.default_rng(5)
    inputs, outputs, nodes, constants, feed, expected = [], [], [], [], {}, {}
    for number, case in enumerate(CASES):
        batch, channels, _, _, filters, pads, stride = case[:7]
        given, result = shapes(case)
        w = random.normal(0, 1, (filters, channels, window_of(case), window_of(case))).astype(np.float32)
        b = random.normal(0, 1, filters).astype(np.float32)
        constants += [numpy_helper.from_array(w, f"w{number}"), numpy_helper.from_array(b, f"b{number}")]
        nodes += [
            helper.make_node("MaxPool", [f"x{number}"], [f"p{number}"], kernel_shape=[3, 3], pads=[1] * 4),  # as in a network
            helper.make_node("Conv", [f"p{number}", f"w{number}", f"b{number}"], [f"c{number}"], pads=pads, strides=[stride] * 2),
            helper.make_node("Relu", [f"c{number}"], [f"a{number}"]),
            helper.make_node("Add", [f"a{number}", f"r{number}"], [f"y{number}"]),
        ]
        for letter, shape in (("x", given), ("r", result)):
            feed[f"{letter}{number}"] = random.normal(0, 1, shape).astype(np.float32)
            declared = shape if batch else (f"n{number}", *shape[1:])
            inputs.append(helper.make_tensor_value_info(f"{letter}{number}", onnx.TensorProto.FLOAT, declared))
        outputs.append(helper.make_tensor_value_info(f"y{number}", onnx.TensorProto.FLOAT, None))
        expected[f"y{number}"] = reference(feed[f"x{number}"], w, b, feed[f"r{number}"], pads, stride)
    graph = helper.make_graph(nodes, "winograd", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), feed, expected


def reference(x, w, b, r, pads, stride):
    wide = np.pad(x.astype(np.float64), [(0, 0), (0, 0), (1, 1), (1, 1)], constant_values=-np.inf)
    x = np.lib.stride_tricks.sliding_window_view(wide, (3, 3), (2, 3)).max((-1, -2))
    padded = np.pad(x, [(0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])])
    y = np.zeros(r.shape) + b[:, None, None]
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            window = padded[:, :, i : i + stride * r.shape[2] : stride, j : j + stride * r.shape[3] : stride]
            y += np.einsum("nchw,fc->nfhw", window, w[:, :, i, j].astype(np.float64), optimize=True)
    return np.maximum(y, 0) + r


def inspect(library):
    command = [str(harness.BUILD / "bin" / "ingot"), "inspect", str(library.path), "--json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def run_together(path, feed):
    """The results of four threads, each with a session of its own, and of one after they have ended."""
    import ingot

    model, results = ingot.load(path), []
    hosts = [threading.Thread(target=lambda: results.append(model.run(feed))) for _ in range(4)]
    for host in hosts:
        host.start()
    for host in hosts:
        host.join()
    del hosts
    results.append(model.run(feed))
    return [{name: np.array(value) for name, value in result.items()} for result in results]


def check_sizes(about, sizes, weights):
    failures = []
    plain, fast, small = about["off"], about["auto"], about["load"]
    extra = fast["constant_bytes"] - plain["constant_bytes"]
    if plain["winograd_bytes"] or plain["prepared_bytes"] or fast["prepared_bytes"]:
        failures.append("bytes are told that do not exist")
    if abs(fast["winograd_bytes"] - extra) > 4096 or small["winograd_bytes"] != fast["winograd_bytes"]:
        failures.append(f"filters take {extra} bytes more, told are {fast['winograd_bytes']} and {small['winograd_bytes']}")
    if small["prepared_bytes"] < small["winograd_bytes"] or abs(small["constant_bytes"] - plain["constant_bytes"]) > 4096:
        failures.append(f"--winograd=load keeps {small['constant_bytes']} bytes and prepares {small['prepared_bytes']}")
    if sizes["load"] > 1.02 * weights + 1e6:
        failures.append(f"--winograd=load makes a file of {sizes['load']} bytes for {weights} bytes of weights")
    return failures


def main():
    model, feed, expected = build()
    failures, errors, about, sizes, worst = [], {}, {}, {}, 0.0
    for cpu in ("native", "x86-64-v3"):
        for mode in ("off", "auto", "load"):
            name = f"winograd_constants_{mode}_{cpu}"
            library = harness.compile_model(model, name, ["--cpu", cpu, "--winograd", mode])
            about[mode], sizes[mode] = inspect(library), library.path.stat().st_size
            results = harness.in_child(lambda: run_together(str(library.path), feed))
            for result in results[1:]:
                if any((result[key] != results[0][key]).any() for key in expected):
                    failures.append(f"--winograd={mode} for {cpu}: results differ from session to session")
            errors[mode] = {
                key: np.sqrt(np.mean((results[0][key] - value) ** 2) / np.mean(value**2)) for key, value in expected.items()
            }
        for mode in ("auto", "load"):
            for number, case in enumerate(CASES):
                own, direct = errors[mode][f"y{number}"], errors["off"][f"y{number}"]
                worst = max(worst, own / direct)
                if own == direct:
                    failures.append(f"{case} for {cpu}: not computed by Winograd's algorithm")
                elif not own < 4 * direct or not direct < 1e-6:
                    failures.append(f"{case}, --winograd={mode} for {cpu}: error {own:.2g}, of the direct kernel {direct:.2g}")
        failures += check_sizes(about, sizes, sum(4 * np.prod(t.dims) for t in model.graph.initializer))
    print("\n".join(failures) or f"{len(CASES)} convolutions, at worst {worst:.1f} times the direct kernels' error")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
