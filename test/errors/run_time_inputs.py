"""Runs a library on wrong inputs and prints each error, then on a right one: run_time_inputs.py model.so"""

import sys

import numpy as np

import ingot

model = ingot.load(sys.argv[1])
mistakes = {
    "columns": {"x": np.ones((2, 5), np.float32)},
    "rank": {"x": np.ones(4, np.float32)},
    "element": {"x": np.ones((2, 4), np.int64)},
    "missing": {},
    "unknown": {"x": np.ones((2, 4), np.float32), "z": np.ones(1, np.float32)},
}
for mistake, inputs in mistakes.items():
    try:
        model.run(inputs)
        sys.exit(f"{mistake}: ran without an error")
    except Exception as error:  # noqa: BLE001: which exception it is belongs to the loader's own tests
        print(f"{mistake}: {error}")
print("right:", model.run({"x": np.ones((2, 4), np.float32)})["y"][1].tolist())
