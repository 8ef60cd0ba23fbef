"""Compiles the small networks of one family and compares every case with onnxruntime.

Usage: check.py FAMILY [NETWORK...]      check.py --reference FAMILY   only runs onnxruntime, to check the networks
"""

import importlib
import os
import pathlib
import sys

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent.parent)]

import numpy as np

import harness


def check_reference(network):
    """The network itself: finite outputs that are not all alike."""
    for outputs in harness.reference(network.model, network.cases):
        for name, value in outputs.items():
            if not np.isfinite(value.astype(np.float64)).all():
                raise harness.Failure(f"output {name} of the reference is not finite")
    return "reference is finite"


def label(network):
    """Names the work folder and the row: families run side by side, some for several instruction sets."""
    return network.name + "@" * ("INGOT_ISA" in os.environ) + os.environ.get("INGOT_ISA", "")


def check_ingot(network):
    folder = label(network)
    library, error = harness.check_model(
        folder, network.model, network.cases, network.options, network.rtol, network.atol
    )
    harness.record("models", folder, error=error, seconds=library.seconds, megabytes=library.megabytes)
    return f"{len(network.cases)} cases, max error {error:.1e}, compiled in {library.seconds:.2f} s"


def main(arguments):
    check = check_ingot
    if arguments[0] == "--reference":
        check, arguments = check_reference, arguments[1:]
    family, wanted = arguments[0], arguments[1:]
    failed = 0
    for network in importlib.import_module(f"networks.{family}").networks():
        if wanted and network.name not in wanted:
            continue
        try:
            print(f"{network.name}: {check(network)}", flush=True)
        except (harness.Failure, harness.Unsupported) as error:
            failed += 1
            harness.record("models", label(network), failure=str(error).splitlines()[0] if str(error) else "failed")
            print(f"{network.name}: FAILED: {error}", flush=True)
    print(f"{family}: {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
