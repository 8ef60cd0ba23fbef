"""How lit runs the tests below this folder: every `.mlir`, `.onnxtext`, `.textproto` and `.test` file, and ops/*/run.py.

By hand: build/venv/bin/lit -v test/passes          (-D build=build/asan for another build than build/release)
"""

import json
import os
import shutil

import lit.formats

source = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
build = os.path.abspath(os.path.join(source, lit_config.params.get("build", "build/release")))
with open(os.path.join(build, "test", "lit.json")) as file:
    site = json.load(file)  # what CMake knows

config.name = "ingot"
config.test_format = lit.formats.ShTest(execute_external=True)
config.suffixes = [".mlir", ".onnxtext", ".textproto", ".test"]
config.excludes = ["CMakeLists.txt", "Inputs"]
config.test_source_root = os.path.join(source, "test")
config.test_exec_root = os.path.join(build, "test", "lit")

# Ingot's programs first, then FileCheck, not and split-file of LLVM.
config.environment["PATH"] = os.pathsep.join([os.path.join(build, "bin"), site["llvm_tools"], os.environ["PATH"]])
config.environment["PYTHONPATH"] = os.pathsep.join([os.path.join(source, "test"), os.path.join(source, "runtime/python")])
config.environment["INGOT_BUILD"] = build
for name in ("HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS", "INGOT_TEST_RESULTS", "INGOT_SHARED"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

config.substitutions += [
    ("%python", site["python"]),
    ("%cxx", site["cxx_compiler"]),
    ("%cc", site["c_compiler"]),
    ("%source", source),
]

# What a test may ask for with REQUIRES or UNSUPPORTED.
with open("/proc/cpuinfo") as file:
    processor = file.read()
config.available_features |= {feature for feature in ("avx2", "avx512f") if feature in processor}
if shutil.which("qemu-x86_64"):
    config.available_features.add("qemu")
if shutil.which("mpirun"):
    config.available_features.add("mpi")
browsers = filter(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome", "chrome"))
if browser := next(browsers, None):
    config.available_features.add("browser")
    config.substitutions.append(("%browser", shutil.which(browser)))
if site["sanitized"] == "ON":
    config.available_features.add("asan")
