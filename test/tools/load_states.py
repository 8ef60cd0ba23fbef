"""Loads states that may not fit, with `ingot step` and from Python: load_states.py LIB.so BATCH.npz NAME ..."""

import subprocess
import sys

import ingot

library, batch, names = sys.argv[1], sys.argv[2], sys.argv[3:]
model = ingot.load(library)
before = {name: array.copy() for name, array in model.state.items()}
for name in names:
    path = f"{name}.safetensors"
    done = subprocess.run(["ingot", "step", library, "--npz", batch, "--state", path], capture_output=True, text=True)
    print(f"ingot {name}: {done.returncode} {done.stderr.strip()}")
    try:
        fitting = ingot.load(library)
        (fitting if name == "plain" else model).state.load(path)
        print(f"python {name}: fits")
    except ingot.Error as error:
        print(f"python {name}: {type(error).__name__} {error}")
print("the state", "is as it was" if all((model.state[name] == before[name]).all() for name in before) else "has changed")
