"""Writes arrays for the tests of `ingot`: arrays.py out.npz NAME=VALUE,SHAPE[,DTYPE] ... (every element is VALUE; SHAPE as 2x4)"""

import sys

import numpy as np

arrays = {}
for word in sys.argv[2:]:
    name, description = word.split("=")
    value, shape, dtype = (description + ",float32").split(",")[:3]
    arrays[name] = np.full([int(dim) for dim in shape.split("x")], float(value), dtype)
(np.savez_compressed if "packed" in sys.argv[1] else np.savez)(sys.argv[1], **arrays)
for name, array in arrays.items():
    np.save(f"{sys.argv[1]}.{name}.npy", array)
