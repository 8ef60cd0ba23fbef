"""Compile ONNX models to native libraries, and run them.

    import ingot
    model = ingot.compile("resnet50.onnx")            # or ingot.load("libresnet50.so")
    scores = model(input=image)                       # image: numpy array, or anything with __dlpack__
    outputs = model.run({"input": image})             # {"output": array}

    step = ingot.load("libtrain.so")                  # ingotc --train
    loss = step.run({"input": images, "target": classes, "lr": 1e-3})["loss"]
    step.state.save("state.safetensors")

Only ctypes is used; numpy is used where it is installed, else arrays go in and out by DLPack. A model may be called from
several threads: each gets its own session, and calls release the interpreter lock.
"""

from ._compiler import CompileError, compile
from ._errors import Error, InvalidInput
from ._model import Model, Port, load
from ._state import State

__all__ = ["CompileError", "Error", "InvalidInput", "Model", "Port", "State", "compile", "load"]
__version__ = "0.1.0"
