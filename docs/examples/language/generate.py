"""Writes sentences with a compiled decoder, whose caches stay where they are.

python generate.py LIBRARY                     greedily: the likeliest character, always
python generate.py LIBRARY TEMPERATURE [K]     at random, of the K likeliest
python generate.py LIBRARY check WHOLE         compares with a library that looks at the whole window each time
"""

import sys
import time

import ingot
import numpy as np
from make import LETTERS, WINDOW


class Writer:
    def __init__(self, model, rows=1):
        self.model, self.length = model, 0
        self.caches = model.new_caches(N=rows, past_capacity=WINDOW)

    def read(self, tokens):
        """Logits [rows, letters] of what follows these characters [rows, steps] and those before them."""
        logits = self.model.run({"tokens": tokens, "past": self.length, **self.caches})["logits"]
        self.length += tokens.shape[1]
        return logits


def choose(logits, temperature, most, random):
    """The number of the next character."""
    if temperature == 0:
        return int(np.argmax(logits))
    likeliest = np.argsort(logits)[-most:]
    shares = np.exp((logits[likeliest] - logits[likeliest[-1]]) / temperature)
    return int(random.choice(likeliest, p=shares / shares.sum()))


def write(model, beginning, temperature, most, random):
    """A sentence, or as much of it as the window holds."""
    writer, text = Writer(model), beginning
    logits = writer.read(np.array([[LETTERS.index(letter) for letter in "\n" + beginning]]))
    while writer.length < WINDOW and not text.endswith("\n"):
        token = choose(logits[0], temperature, most, random)
        text += LETTERS[token]
        logits = writer.read(np.array([[token]]))
    return text


def check(model, whole):
    """Reads held-out text in pieces, and compares with a window that is read again from its start every time."""
    text, worst = np.load("val.npz")["tokens"][:3], 0
    writer = Writer(model, len(text))
    for steps in (1, 7, 1, 1, 30, 1, 1, 5, 1):
        begin = writer.length
        logits = writer.read(np.ascontiguousarray(text[:, begin : begin + steps]))
        tokens = np.zeros_like(text)
        tokens[:, : writer.length] = text[:, : writer.length]
        again = whole.run({"tokens": tokens})["logits"][:, :, writer.length - 1]
        worst = max(worst, np.abs(logits - again).max())
    print(f"difference {worst:.1e}, after {writer.length} characters")
    try:
        writer.read(text[:, :1])
    except ingot.InvalidInput as error:
        print(error)


def main(library, temperature="0", most=len(LETTERS)):
    model, random = ingot.load(library), np.random.default_rng(1)
    if temperature == "check":
        return check(model, ingot.load(most))
    texts, began = [], time.perf_counter()
    for beginning in ("the old ", "the ", "the children ", "the quiet letter who "):
        texts.append(write(model, beginning, float(temperature), int(most), random))
    seconds = time.perf_counter() - began
    print("".join(text if text.endswith("\n") else text + "\n" for text in texts), end="")
    print(f"{sum(map(len, texts)) / seconds:.0f} characters per second")


if __name__ == "__main__":
    main(*sys.argv[1:])
