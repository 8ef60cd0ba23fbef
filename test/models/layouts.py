"""No kernel between two others only moves elements from one layout to another.

Inside a network images lie as NHWC; ONNX's NCHW remains where a tensor enters or leaves the program. So a launch whose
kernel is made of transpositions alone is right only if it reads an input or writes an output.

Usage: layouts.py FAMILY...
"""

import importlib
import pathlib
import re
import subprocess
import sys

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent.parent)]

import onnx

import harness

MOVES = {"ingot.transpose", "ingot.reshape", "kernel.unpack"}
KERNEL = re.compile(r"kernel\.func private @(\w+)\(.*?\n(.*?)\n  }\n", re.DOTALL)
LAUNCH = re.compile(r"kernel\.launch @(\w+)\(.*?plan = \[(.*?)\]")


def plan_of(network):
    """The text of the network's plan: kernels, and launches with the buffers that they read and write."""
    folder = harness.WORK / "layouts" / network.name
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(network.model, folder / "model.onnx")
    command = [str(harness.BUILD / "bin" / "ingotc"), str(folder / "model.onnx"), "--emit=plan", *network.options]
    done = subprocess.run([*command, "-o", str(folder / "plan.mlir")], capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise harness.Failure(f"ingotc exited with {harness.exit_name(done.returncode)}: {done.stderr}")
    return (folder / "plan.mlir").read_text()


def reorders(plan):
    """The launches in the middle of a plan that only change a layout, and the number of all launches."""
    operations = {name: re.findall(r"= ((?:ingot|kernel)\.\w+) ", body) for name, body in KERNEL.findall(plan)}
    launches = LAUNCH.findall(plan)
    moving = [name for name, buffers in launches if not re.search("buffer<(in|out)put", buffers)
              and "ingot.transpose" in operations[name] and MOVES.issuperset(operations[name])]  # fmt: skip
    return moving, len(launches)


def check(family):
    failed = 0
    for network in importlib.import_module(f"networks.{family}").networks():
        moving, launches = reorders(plan_of(network))
        print(f"{network.name}: {launches} launches, of which only change a layout: {' '.join(moving) or 'none'}")
        failed += bool(moving or not launches)
    return failed


if __name__ == "__main__":
    # What is looked for is found where it is: a plan whose one launch in the middle transposes.
    SLOT = "#kernel.buffer<slot, 0>, #kernel.buffer<slot, 1>"
    EXAMPLE = "  kernel.func private @t(%a: x) -> y {\n    %0 = ingot.transpose %a [1, 0] : x\n  }\n"
    assert reorders(EXAMPLE + f"%1 = kernel.launch @t(%0) {{plan = [{SLOT}]}}") == (["t"], 1)
    sys.exit(1 if sum(check(family) for family in sys.argv[1:]) else 0)
