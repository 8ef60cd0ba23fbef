"""Compiles the given model from Python and uses it in every way: python_loader.py model.onnx"""

import subprocess
import sys
import threading

import numpy as np

import ingot

model = ingot.compile(sys.argv[1], "model.so", dims={"N": (1, 8)}, threads=2)
print(model)
print(model.symbols)
ones = np.ones((2, 4), np.float32)
print(model(ones * 3)[1].tolist())
print("strided", model(x=np.ones((4, 8), np.float32)[::2, ::2]).shape)


class Foreign:
    """Another library's tensor: nothing but DLPack."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self):
        return self.array.__dlpack__()

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


print("by DLPack", model(Foreign(ones * 2))[0, 0])
print("to DLPack", np.from_dlpack(model(ones * 2))[0, 0])

bound_to = ones.copy()
bound = model.bind({"x": bound_to})
bound()
first = bound.outputs()["y"][0, 0]
bound_to *= 5
bound()
print("bound", first, bound.outputs()["y"][0, 0])

answers = []
threads = [
    threading.Thread(target=lambda i=i: answers.extend((model(ones * i) == 4 * i).all() for _ in range(200))) for i in range(8)
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("8 threads agree" if len(answers) == 1600 and all(answers) else "threads disagree")


def fail(action):
    try:
        action()
    except ingot.Error as error:
        print(f"{type(error).__name__}: {error}" if not isinstance(error, ingot.CompileError) else f"CompileError {error}")


fail(lambda: model(np.ones((9, 4), np.float32)))
fail(lambda: model(np.ones((2, 4))))
fail(lambda: model())
fail(lambda: model(z=ones))
fail(lambda: model("text"))
fail(lambda: setattr(model, "threads", -3))
fail(lambda: ingot.load(sys.argv[1]))
fail(lambda: ingot.compile("none.onnx"))

# The same where numpy is not installed: results are objects that speak DLPack.
sys.stdout.flush()
subprocess.run(
    [
        sys.executable,
        "-c",
        """
import sys
sys.modules["numpy"] = None
import ctypes, ingot
from ingot import _dlpack
model = ingot.load("model.so")
x = _dlpack.Array("float32", (2, 4))
ctypes.memmove(x.address, (ctypes.c_float * 8)(*[2] * 8), 32)
y = model(x)
print("without numpy", y.shape, y.dtype, ctypes.cast(y.address, ctypes.POINTER(ctypes.c_float))[0])
""",
    ],
    check=True,
)
