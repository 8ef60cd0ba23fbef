"""One contender in a process of its own: loads a model, runs it once, then runs rounds of so many seconds on request.

    worker.py ENGINE FILE INPUTS.npz THREADS OUTPUTS.npz

Speaks in JSON, one line each way. First it says what loading and the first run took; every line it then reads is a
round's length in seconds, and it answers with that round's times. The first run's outputs go to OUTPUTS.npz.
"""

import json
import pathlib
import statistics
import sys
import time

import numpy as np

RUNTIME = pathlib.Path(__file__).resolve().parents[2] / "runtime" / "python"


def open_ingot(path, threads):
    import ingot

    def load(inputs):
        return ingot.load(path, threads).bind(inputs)

    return load, "", [pathlib.Path(path)]


def open_onnxruntime(path, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3

    def load(inputs):
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        binding = session.io_binding()
        for name, array in inputs.items():
            binding.bind_cpu_input(name, array)
        outputs = [output.name for output in session.get_outputs()]
        for name in outputs:
            binding.bind_output(name)

        def run():
            session.run_with_iobinding(binding)
            return binding

        run.outputs = lambda: dict(zip(outputs, binding.copy_outputs_to_cpu()))
        return run

    return load, onnxruntime.__version__, native_code(onnxruntime)


def open_openvino(path, threads):
    import openvino

    core = openvino.Core()
    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}

    def load(inputs):
        compiled = core.compile_model(path, "CPU", settings)
        request = compiled.create_infer_request()
        for name, array in inputs.items():
            request.set_tensor(name, openvino.Tensor(array, shared_memory=True))

        def run():
            request.start_async()
            request.wait()

        def outputs():
            return {port.get_any_name(): np.array(request.get_tensor(port).data) for port in compiled.outputs}

        run.outputs = outputs
        return run

    return load, openvino.__version__, native_code(openvino)


def open_torch(path, threads):
    """PyTorch has no reader for ONNX; onnx2torch makes a module of the file."""
    import onnx2torch
    import torch

    torch.set_num_threads(threads)

    def load(inputs):
        module = onnx2torch.convert(path).eval()
        arguments = [torch.from_numpy(array) for array in inputs.values()]

        def run():
            with torch.inference_mode():
                run.results = module(*arguments)

        def outputs():
            results = run.results if isinstance(run.results, (tuple, list)) else [run.results]
            return {str(i): result.numpy() for i, result in enumerate(results)}

        run.outputs = outputs
        return run

    return load, torch.__version__, native_code(torch)


ENGINES = {"ingot": open_ingot, "onnxruntime": open_onnxruntime, "openvino": open_openvino, "torch": open_torch}


def native_code(module):
    """The shared libraries that come with a Python package."""
    return [path for path in pathlib.Path(module.__file__).parent.rglob("*.so*") if path.is_file()]


def resident(field="VmRSS"):
    """Bytes of this process in memory now, or with VmHWM the most there were."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    return 0


def forget_peak():
    """VmHWM starts again from now; where the system does not allow it, it stays what it was."""
    try:
        pathlib.Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def tell(**answer):
    print(json.dumps(answer), flush=True)


def main(engine, path, inputs_file, threads, outputs_file):
    sys.path.insert(0, str(RUNTIME))
    with np.load(inputs_file) as file:
        inputs = {name: np.ascontiguousarray(file[name]) for name in file.files}
    load, version, code = ENGINES[engine](path, int(threads))  # importing an engine is not part of loading a model
    forget_peak()
    before, began = resident(), time.perf_counter()
    run = load(inputs)
    run()
    start = time.perf_counter() - began
    np.savez(outputs_file, **run.outputs())
    size = sum(path.stat().st_size for path in code)
    tell(start_ms=start * 1e3, version=version, code_bytes=size, peak_bytes=resident("VmHWM") - before)
    for line in sys.stdin:
        times, processor, last = [], time.process_time(), time.perf_counter()
        end = last + float(line)
        while last < end or len(times) < 3:
            run()
            now = time.perf_counter()
            times.append(now - last)
            last = now
        tell(
            median_ms=statistics.median(times) * 1e3,
            min_ms=min(times) * 1e3,
            cpu_ms=(time.process_time() - processor) / len(times) * 1e3,
            runs=len(times),
            resident_bytes=resident() - before,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
