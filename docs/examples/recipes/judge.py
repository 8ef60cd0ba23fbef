"""Says how good samples are: judge.py LIBRARY STATE

A classifier that was trained on the real digits looks at 500 of them. Told are the share of which it is
sure (at least 90 %), how many of the ten digits occur among those, and the distance to the nearest real digit, in pixels' units;
for comparison the same of real digits that the classifier has not seen, and of the untrained network.
"""

import sys

import ingot
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression


def figures(judge, known, images):
    sure = judge.predict_proba(images).max(1) >= 0.9
    counts = np.bincount(judge.predict(images)[sure], minlength=10)
    nearest = np.sqrt(((images[:, None] - known[None]) ** 2).sum(2)).min(1)
    return f"sure {sure.mean():.2f}  digits {(counts >= 0.01 * len(images)).sum()}  distance {nearest.mean():.1f}"


def main(library, state):
    digits = load_digits()
    known, unseen = digits.data[:1200], digits.data[1200:1700]
    judge = LogisticRegression(max_iter=2000, C=0.01).fit(known, digits.target[:1200])
    model = ingot.load(library)
    sample = model.entries["sample"]
    untrained = sample.run({})["image"].reshape(500, 64)
    model.state.load(state)
    trained = sample.run({})["image"].reshape(500, 64)
    for name, images in (("real", unseen), ("untrained", untrained), ("samples", trained)):
        print(f"{name}: {figures(judge, known, images)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
