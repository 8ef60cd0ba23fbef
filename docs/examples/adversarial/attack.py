"""Accuracy of a trained library as it is, and under attack by projected gradients: Madry et al., "Towards deep learning models resistant
to adversarial attacks" (2018).

python attack.py LIBRARY STATE NAME
"""

import sys

import ingot
import numpy as np

EPSILON, STEPS = 0.15, 20


def accuracy(model, image, target):
    return (model.entries["evaluation"].run({"image": image, "target": target})["logits"].argmax(1) == target).mean()


def attacked(model, image, target):
    """The images, moved by up to EPSILON in each pixel so that the loss grows."""
    low, high = np.maximum(image - EPSILON, 0), np.minimum(image + EPSILON, 1)
    moved = image
    for _ in range(STEPS):
        slope = model.entries["slope"].run({"image": moved, "target": target})["slope"]
        moved = np.clip(moved + EPSILON / 5 * np.sign(slope), low, high)
    return moved


def main(library, state, name):
    model, data = ingot.load(library), np.load("val.npz")
    model.state.load(state)
    image, target = data["image"], data["target"]
    print(f"{name}: accuracy {accuracy(model, image, target):.4f}, under attack {accuracy(model, attacked(model, image, target), target):.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
