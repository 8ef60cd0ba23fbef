"""Compares a model with its trained self and the state of the training: compare_weights.py BEFORE AFTER STATE"""

import json
import struct
import sys

import numpy as np
import onnx
from onnx import numpy_helper

before, after = onnx.load(sys.argv[1]), onnx.load(sys.argv[2])
state = open(sys.argv[3], "rb").read()
(length,) = struct.unpack_from("<Q", state)
header = json.loads(state[8 : 8 + length])
trained = kept = 0
for old, new in zip(before.graph.initializer, after.graph.initializer):
    assert old.name == new.name
    if old.name in header:
        begin, end = header[old.name]["data_offsets"]
        expected = np.frombuffer(state[8 + length + begin : 8 + length + end], np.float32).reshape(header[old.name]["shape"])
        assert (numpy_helper.to_array(new) == expected).all() and not (numpy_helper.to_array(old) == expected).all()
        trained += 1
    else:
        assert (numpy_helper.to_array(new) == numpy_helper.to_array(old)).all()
        kept += 1
for model in (before, after):
    del model.graph.initializer[:]
assert before == after
print(f"{trained} initializers are the state's, {kept} as before; the rest of the model is the same")
onnx.checker.check_model(onnx.load(sys.argv[2]))
print("onnx.checker accepts it")
