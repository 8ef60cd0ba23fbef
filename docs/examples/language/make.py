"""Writes a corpus of made-up sentences, cut into windows of characters, and an untrained language model.

The sentences follow a small grammar with agreement over a distance: "the old sailor who sees two birds is glad."
"""

import pathlib
import sys

import numpy as np
from onnx import TensorProto

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from network import Network

LETTERS = "\n abcdefghijklmnopqrstuvwxyz.,"
WINDOW, WIDTH, HEADS, LAYERS = 48, 64, 4, 2
NOUNS = "sailor farmer teacher bird river mountain letter garden ship child".split()
ADJECTIVES = "old young quiet small bright distant".split()
MOODS = "glad tired ready lost here gone".split()
VERBS = {"sees": "see", "follows": "follow", "finds": "find", "remembers": "remember"}


def plural(noun):
    return "children" if noun == "child" else noun + "s"


def sentence(random):
    """The subject's number decides both verbs, and a word between subject and second verb must not confuse them."""
    isMany = random.random() < 0.5
    pick = lambda words: words[random.integers(len(words))]  # noqa: E731
    subject = pick(NOUNS)
    words = ["the"] + [pick(ADJECTIVES)] * (random.random() < 0.5) + [plural(subject) if isMany else subject]
    if random.random() < 0.5:
        verb = pick(list(VERBS))
        isOtherMany = random.random() < 0.5
        other = pick(NOUNS)
        words += ["who", VERBS[verb] if isMany else verb, "two" if isOtherMany else "a", plural(other) if isOtherMany else other]
    return " ".join([*words, "are" if isMany else "is", pick(MOODS)]) + ".\n"


def windows(text):
    """Characters and, for each, the one that follows: [rows, WINDOW] twice."""
    numbers = np.array([LETTERS.index(letter) for letter in text])
    rows = (len(numbers) - 1) // WINDOW
    tokens, target = numbers[: rows * WINDOW], numbers[1 : rows * WINDOW + 1]
    return {"tokens": tokens.reshape(rows, WINDOW), "target": target.reshape(rows, WINDOW)}


def network():
    net = Network(seed=1)
    tokens = net.embedding(net.input("tokens", WINDOW, dtype=TensorProto.INT64), "letters", len(LETTERS), WIDTH, 0.1)
    tokens = net.node("Add", tokens, net.parameter("position", net.random.normal(0, 0.1, (WINDOW, WIDTH))))
    tokens = net.transformer(tokens, WINDOW, WIDTH, HEADS, LAYERS, is_causal=True)
    logits = net.linear(tokens, "head", WIDTH, len(LETTERS))
    net.save("language.onnx", logits=net.node("Transpose", logits, perm=[0, 2, 1]))  # classes before places, as PyTorch has them


def main():
    random = np.random.default_rng(0)
    for name, sentences in (("train", 2500), ("val", 300)):
        np.savez(f"{name}.npz", **windows("".join(sentence(random) for _ in range(sentences))))
    network()


if __name__ == "__main__":
    main()
