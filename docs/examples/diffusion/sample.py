"""Makes points out of noise: Ho, Jain and Abbeel, "Denoising diffusion probabilistic models" (2020), and says how far they are
from the data. python sample.py LIBRARY [STATE]"""

import sys

import ingot
import numpy as np

from make import moons

TIMES = 200


def kept(time):
    """As in diffusion.toml."""
    return np.exp(-0.1 * time - 4.95 * time * time)


def sample(model, count, random):
    """From noise to points, one time after the other."""
    point = random.normal(0, 1, (count, 2))
    for step in reversed(range(1, TIMES + 1)):
        now, before = kept(step / TIMES), kept((step - 1) / TIMES)
        feed = {"point": point.astype(np.float32), "time": np.full((count, 1), step / TIMES, np.float32)}
        noise = model.entries["noise"].run(feed)["noise"]
        added = 1 - now / before  # the variance of the noise that this time has added
        point = (point - added / np.sqrt(1 - now) * noise) / np.sqrt(1 - added)
        if step > 1:
            point += np.sqrt(added * (1 - before) / (1 - now)) * random.normal(0, 1, point.shape)
    return point


def energy_distance(first, second):
    """2 E|X - Y| - E|X - X'| - E|Y - Y'|, which is zero for equal distributions alone (Székely and Rizzo)."""
    mean = lambda a, b: np.linalg.norm(a[:, None] - b[None], axis=2).mean()  # noqa: E731
    return 2 * mean(first, second) - mean(first, first) - mean(second, second)


def main(library, *states):
    model = ingot.load(library)
    for state in states:
        model.state.load(state)
    points = sample(model, 1000, np.random.default_rng(1))
    np.savez("samples.npz", point=points)
    print(f"energy distance {energy_distance(points, moons(1000, 1)):.4f} (of other data {energy_distance(moons(1000, 2), moons(1000, 1)):.4f})")


if __name__ == "__main__":
    main(*sys.argv[1:])
