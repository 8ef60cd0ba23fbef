"""Perplexity of a compiled language model on the held-out text, or sentences that it writes.

python write.py LIBRARY perplexity        python write.py LIBRARY sentences
"""

import sys

import ingot
import numpy as np

from make import LETTERS, WINDOW


def log_shares(logits):
    """Logarithms of the probabilities; classes on axis 1."""
    logits = logits - logits.max(1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(1, keepdims=True))


def perplexity(model):
    text = np.load("val.npz")
    logs = log_shares(model.run({"tokens": text["tokens"]})["logits"])
    return np.exp(-np.take_along_axis(logs, text["target"][:, None], 1).mean())


def write(model, count, temperature=0.7):
    random, text = np.random.default_rng(1), "\n"
    while text.count("\n") <= count and len(text) < 1000:
        recent = [LETTERS.index(letter) for letter in text[-WINDOW:]]
        tokens = np.zeros((1, WINDOW), np.int64)
        tokens[0, : len(recent)] = recent  # what comes later is not looked at
        shares = np.exp(log_shares(model.run({"tokens": tokens})["logits"] / temperature))[0, :, len(recent) - 1]
        text += LETTERS[random.choice(len(LETTERS), p=shares / shares.sum())]
    return text[1:]


if __name__ == "__main__":
    model = ingot.load(sys.argv[1])
    if sys.argv[2] == "perplexity":
        print(f"perplexity {perplexity(model):.3f} for each character")
    else:
        print(write(model, 8), end="")
