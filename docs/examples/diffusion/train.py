"""Denoising diffusion: Ho, Jain and Abbeel, "Denoising diffusion probabilistic models" (2020), on two half moons."""

import ingot
import numpy as np
from sklearn.datasets import make_moons

STEPS, BATCH, RATE, TIMES = 4000, 256, 2e-3, 100
BETAS = np.linspace(1e-3, 0.1, TIMES)
KEPT = np.cumprod(1 - BETAS)  # how much of the variance is the point's after so many times of noise


def data(count, seed):
    points, _ = make_moons(count, noise=0.05, random_state=seed)
    return (points - [0.5, 0.25]) / [0.87, 0.5]


def network(model, point, time):
    feed = {"point": point.astype(np.float32), "time": np.full((len(point), 1), time / TIMES, np.float32)}
    return model.evaluation.run({**feed, "target": np.zeros_like(feed["point"])})["noise"]


def sample(model, count, random):
    """From noise to points, one time after the other."""
    point = random.normal(0, 1, (count, 2))
    for time in reversed(range(TIMES)):
        noise = network(model, point, time)
        point = (point - BETAS[time] / np.sqrt(1 - KEPT[time]) * noise) / np.sqrt(1 - BETAS[time])
        if time:
            point += np.sqrt(BETAS[time]) * random.normal(0, 1, point.shape)
    return point


def energy_distance(first, second):
    """2 E|X - Y| - E|X - X'| - E|Y - Y'|, which is zero for equal distributions alone (Székely and Rizzo)."""
    mean = lambda a, b: np.linalg.norm(a[:, None] - b[None], axis=2).mean()  # noqa: E731
    return 2 * mean(first, second) - mean(first, first) - mean(second, second)


def main():
    random, model, points = np.random.default_rng(0), ingot.load("libdiffusion.so"), data(4000, 0)
    fresh = data(1000, 1)
    print(f"untrained: energy distance {energy_distance(sample(model, 1000, np.random.default_rng(1)), fresh):.4f}")
    for step in range(STEPS):
        point, noise = points[random.integers(0, len(points), BATCH)], random.normal(0, 1, (BATCH, 2))
        time = random.integers(0, TIMES, (BATCH, 1))
        noisy = np.sqrt(KEPT[time]) * point + np.sqrt(1 - KEPT[time]) * noise
        feed = {"point": noisy, "time": time / TIMES, "target": noise}
        loss = model.run({name: value.astype(np.float32) for name, value in feed.items()} | {"lr": RATE * (1 - step / STEPS)})["loss"]
        if step % 1000 == 999:
            print(f"step {step + 1}: loss {float(loss):.3f}")
    model.state.save("diffusion.safetensors")
    samples = sample(model, 1000, np.random.default_rng(1))
    np.savez("samples.npz", points=samples)
    print(f"two sets of data: energy distance {energy_distance(data(1000, 2), fresh):.4f}")
    print(f"energy distance {energy_distance(samples, fresh):.4f}")


if __name__ == "__main__":
    main()
