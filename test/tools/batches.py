"""Writes batches of random 8x8 images with their classes: batches.py FOLDER COUNT SIZE makes FOLDER/b0.npz, ..."""

import sys

import numpy as np

folder, count, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random = np.random.default_rng(7)
for i in range(count):
    image = random.uniform(0, 16, (size, 1, 8, 8)).astype(np.float32)
    np.savez(f"{folder}/b{i}.npz", image=image, target=random.integers(0, 10, size))
