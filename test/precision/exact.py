"""Weights that lose nothing in 16 bits are stored so without being asked, where they are what a layer waits for."""

import dataclasses
import subprocess
import sys

import numpy as np

import harness
from convolutions import channels_last
from rows import Constant, Row, build, integers, normal

_random = np.random.default_rng(11)


def with_digits(shape, digits, low=-8, high=8):
    """Numbers with so many binary digits behind the leading one, and exponents from low to high."""
    steps = _random.integers(2**digits, 2 ** (digits + 1), shape) * _random.choice([-1, 1], shape)
    return (steps * 2.0 ** (_random.integers(low, high, shape) - digits)).astype(np.float32)


def but_one(values, number):
    values = values.copy()
    values.flat[values.size // 2] = number
    return values


BFLOAT, HALF = with_digits((128, 70), 7), with_digits((128, 70), 10)
SUBNORMAL = (_random.integers(-1023, 1024, (128, 70)) * 2.0**-24).astype(np.float32)


@dataclasses.dataclass
class Case:
    row: Row
    format: str  # "" for float32
    symbolic: bool = False


def product(weights, rows=3, **row):
    return Row("MatMul", normal(rows, weights.shape[0]), Constant(weights), **row)


CASES = [
    Case(product(BFLOAT), "bf16"),
    Case(product(with_digits((128, 70), 7, -100, 100)), "bf16"),
    Case(product(HALF), "f16"),
    Case(product(SUBNORMAL), "f16"),
    Case(product(but_one(HALF, 0)), "f16"),
    Case(product(but_one(HALF, 65536)), ""),
    Case(product(but_one(HALF, 2.0**-25)), ""),
    Case(product(but_one(HALF, 1 + 2.0**-11)), ""),
    Case(product(but_one(BFLOAT, np.inf)), ""),
    Case(product(normal(128, 70)), ""),
    Case(product(HALF, rows=64), ""),
    Case(product(HALF, rows=64, free=(0,)), "f16", symbolic=True),
    Case(product(with_digits((8, 9), 7)), ""),
    Case(Row("Gather", Constant(BFLOAT), integers(-128, 128, 100)), "bf16"),
    Case(Row("Conv", normal(2, 70, 4, 5), Constant(BFLOAT.reshape(128, 70, 1, 1))), "bf16"),
    Case(Row("Conv", normal(1, 64, 4, 5), Constant(with_digits((32, 64, 3, 3), 7)), pads=[1, 1, 1, 1]), ""),
]  # fmt: skip


def stored_format(name):
    """The element type that the plan packs or keeps the weights in, "" for float32."""
    path = harness.WORK / name / "model.onnx"
    command = [harness.BUILD / "bin" / "ingotc", path, "--emit", "plan", "-o", "-"]
    plan = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    packs = [line for line in plan.splitlines() if "kernel.rounding" in line]
    if any("kernel.rounding = array<f64: 0.000000e+00, 0.000000e+00>" not in line for line in packs):
        raise harness.Failure(f"storing costs something: {packs}")
    kinds = {line.rsplit("tensor<", 1)[1].split(">")[0].split("x")[-1] for line in packs}
    return kinds.pop() if kinds else ""


def main():
    for number, case in enumerate(CASES):
        name = f"exact/{number}"
        model, feed = build([case.row], 17, case.symbolic)
        channels_last(model, feed)
        harness.check_model(name, model, [feed], rtol=1e-5, atol=2e-6)
        found = stored_format(name)
        if found != case.format:
            sys.exit(f"{case.row.describe()}: stored as {found or 'float32'}, not as {case.format or 'float32'}")
    print(f"{len(CASES)} weights stored as they should be")


if __name__ == "__main__":
    harness.run(main)
