"""How often the held-out film is among the first ten, of it and 99 films that the user has not watched."""

import ingot
import numpy as np


def main():
    pairs = np.load("ranking.npz")
    scores = ingot.load("librecommender.so").run({"user": pairs["user"], "film": pairs["film"]})["score"]
    scores = scores.reshape(-1, 100)  # the held-out film is the first of its hundred
    place = (scores[:, 1:] > scores[:, :1]).sum(1)
    print(f"hit rate {(place < 10).mean():.3f} (chance: 0.100)")


if __name__ == "__main__":
    main()
