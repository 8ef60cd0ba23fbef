"""Calls the program ingotc."""

import os
import pathlib
import shutil
import subprocess
import tempfile

from ._errors import Error
from ._model import load


class CompileError(Error):
    """ingotc refused the model; the text is its own. `code`: 1 the model, 2 the options, 3 a bug in Ingot."""

    def __init__(self, text, code):
        super().__init__(text)
        self.code = code


def find_compiler():
    """The environment's INGOTC, ingotc on PATH, or the one this source tree has built."""
    named = os.environ.get("INGOTC") or shutil.which("ingotc")
    if named:
        return named
    built = pathlib.Path(__file__).resolve().parents[3] / "build" / "release" / "bin" / "ingotc"
    if built.exists():
        return str(built)
    raise Error("ingotc is not on PATH; set INGOTC to the program's path")


def compile(path, output=None, *, name=None, cpu=None, dims=None, options=(), threads=None):
    """Compiles an ONNX file and loads the library.

    output   the library to write; without it the library lives as long as this process
    name     prefix of the library's C functions
    cpu      "native" (the start when there is no output), "portable", "x86-64-v3", ...
    dims     sizes of symbolic dimensions: {"batch": 8, "seq": (1, 512)}
    options  further words for ingotc
    """
    words = [find_compiler(), os.fspath(path)]
    folder = None
    if output is None:
        folder = tempfile.mkdtemp(prefix="ingot-")
        output, cpu = os.path.join(folder, "libmodel.so"), cpu or "native"
    words += ["-o", os.fspath(output)]
    words += ["--name", name] if name else []
    words += ["--cpu", cpu] if cpu else []
    for symbol, size in (dims or {}).items():
        words += ["--dim", f"{symbol}={size[0]}..{size[1]}" if isinstance(size, tuple) else f"{symbol}={size}"]
    try:
        done = subprocess.run([*words, *options], stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise CompileError(done.stderr.strip() or f"ingotc ended with code {done.returncode}", done.returncode)
        return load(output, threads)
    finally:
        # A loaded library stays mapped when its file goes.
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
