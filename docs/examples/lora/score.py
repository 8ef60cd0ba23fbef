"""The share of images that a compiled model gets right: python score.py LIBRARY DATA.npz"""

import sys

import ingot
import numpy as np

data = np.load(sys.argv[2])
logits = ingot.load(sys.argv[1]).run({"image": data["image"]})["logits"]
print(f"{sys.argv[1]}: right {(logits.argmax(1) == data['target']).mean():.4f}")
