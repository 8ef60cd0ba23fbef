"""Checks the test networks themselves with onnxruntime: valid, finite, and every family listed in CMakeLists.txt."""

import importlib
import pathlib
import sys

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent.parent)]

import check
import networks


def main():
    names = []
    for family in networks.FAMILIES:
        for network in importlib.import_module(f"networks.{family}").networks():
            check.check_reference(network)
            names.append(network.name)
    listed = (pathlib.Path(__file__).parent / "CMakeLists.txt").read_text()
    unlisted = [family for family in networks.FAMILIES if family not in listed]
    if unlisted:
        print(f"families that ctest does not run: {unlisted}")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        print(f"names used twice, in one work folder: {repeated}")
    print(f"{len(names)} networks of {len(networks.FAMILIES)} families are valid and finite")
    return 1 if unlisted or repeated else 0


if __name__ == "__main__":
    sys.exit(main())
