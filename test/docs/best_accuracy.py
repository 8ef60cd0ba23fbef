"""best_accuracy.py best.safetensors LEAST: fails unless the validation of the best epoch was at least so accurate."""

import json
import sys

with open(sys.argv[1], "rb") as file:
    header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
history = json.loads(header["__metadata__"]["history"])
accuracy = history["epochs"][-1]["validation"][1 + history["metrics"].index("accuracy")]
print(f"accuracy {accuracy:.4f}")
sys.exit(accuracy < float(sys.argv[2]))
