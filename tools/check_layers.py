#!/usr/bin/env python3
"""Checks that every folder includes only what its place in the line allows, and other folders only by their doors.

The line: frontends -> dialects -> passes -> codegen -> runtime, put together by compiler, called by tools.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# The only headers of a folder that other folders may include.
DOORS = {
    "frontends": {"frontends/Frontend.h"},
    "dialects": {"dialects/ingot/Inequality.h", "dialects/ingot/Ingot.h", "dialects/ingot/Shape.h", "dialects/kernel/Kernel.h"},
    "passes": {"passes/Passes.h", "passes/recipe/Recipe.h"},
    "codegen": {"codegen/Codegen.h", "codegen/KernelChoice.h"},
    "runtime": {"ingot/runtime.h", "ingot/program.h", "ingot/team.h"},
    "compiler": {"compiler/Compiler.h"},
}

# Folder -> the folders whose doors it may use, and the outside libraries it may include (by path prefix).
MLIR = ("mlir/", "llvm/", "mlir-c/", "llvm-c/")
LAYERS = {
    "runtime": ((), ()),
    "dialects": ((), MLIR),
    "frontends": (("dialects",), MLIR + ("google/protobuf/", "onnx/", "fmt/")),
    "passes": (("dialects",), MLIR),
    "codegen": (("dialects", "runtime"), MLIR + ("lld/", "fmt/")),
    "compiler": (("frontends", "dialects", "passes", "codegen", "runtime"), MLIR + ("fmt/", "nlohmann/", "toml++/")),
    "tools": (("compiler", "runtime"), MLIR + ("fmt/", "CLI/", "nlohmann/", "toml++/")),
}

# Exceptions: (including file, included header) -> the reason, one line each.
EXCEPTIONS = {}

LIBRARIES = MLIR + ("google/protobuf/", "onnx/", "fmt/", "lld/", "CLI/", "nlohmann/", "toml++/")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def folder_of(header):
    """The folder of ours that a header path belongs to, or None for a library's."""
    if header.startswith("ingot/"):
        return "runtime"
    first = header.split("/")[0]
    return first if first in LAYERS else None


def problem_with(source, header):
    """Why `source` (a path below the root) may not include `header`, or None."""
    layer = source.split("/")[0]
    folders, libraries = LAYERS[layer]
    if source.startswith("tools/ingot-opt/"):  # runs single passes for the tests, so it knows them all
        folders += ("dialects", "passes")
    if (source, header) in EXCEPTIONS:
        return None
    for library in LIBRARIES:
        if header.startswith(library) and library not in libraries:
            return f"{layer}/ may not use {library}"
    other = folder_of(header)
    if other in (None, layer):
        return None
    if other not in folders:
        return f"{layer}/ may not use {other}/"
    return None if header in DOORS[other] else f"{header} is not a door of {other}/ ({', '.join(sorted(DOORS[other]))})"


def main():
    patterns = [f"{layer}/*{suffix}" for layer in LAYERS for suffix in (".h", ".hpp", ".cpp", ".c")]
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    sources = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    problems = 0
    for source in filter(lambda name: (ROOT / name).is_file(), sources):
        for number, line in enumerate((ROOT / source).read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            problem = match and problem_with(source, match.group(1).removeprefix("runtime/include/"))
            if problem:
                print(f"{source}:{number}: {problem}")
                problems += 1
    print(f"{len(sources)} sources, {problems} includes against the layering")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
