"""Deep Q-learning with a target network and double estimates: Mnih et al., "Human-level control through deep reinforcement
learning" (2015); van Hasselt et al., "Deep reinforcement learning with double Q-learning" (2016)."""

import pathlib
import sys

import ingot
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from cartpole import CartPoles, balance

STEPS, CARTS, KEPT, BATCH, RATE = 6000, 8, 40000, 128, 1e-3


class Memory:
    """The last KEPT moves: what was seen before and after, what was done, and whether the pole fell."""

    def __init__(self):
        self.before, self.after = np.zeros((2, KEPT, 4), np.float32)
        self.action, self.fell = np.zeros(KEPT, np.int64), np.zeros(KEPT, np.float32)
        self.count = 0

    def add(self, before, action, after, fell):
        rows = (self.count + np.arange(len(before))) % KEPT
        self.before[rows], self.after[rows] = before, after
        self.action[rows], self.fell[rows] = action, fell
        self.count += len(before)

    def draw(self, random):
        rows = random.integers(0, min(self.count, KEPT), BATCH)
        return {"before": self.before[rows], "action": self.action[rows], "after": self.after[rows], "fell": self.fell[rows]}


def main():
    random, memory = np.random.default_rng(0), Memory()
    model = ingot.load("libdqn.so")
    best = lambda observation: model.entries["play"].run({"observation": observation})["values"].argmax(1)  # noqa: E731
    print(f"untrained: {balance(best, 50, np.random.default_rng(9)):.1f} steps")
    carts, most = CartPoles(CARTS, random), 0
    for step in range(STEPS):
        before, tries = carts.observe(), random.random(CARTS) < max(0.05, 1 - step / 1500)
        action = np.where(tries, random.integers(0, 2, CARTS), best(before))
        fell, ended = carts.move(action)
        memory.add(before, action, carts.observe(), fell)
        carts.restart(fell | ended)
        if step >= 100:
            model.steps["learn"].run({**memory.draw(random), "lr": RATE * (1 - step / STEPS)})
        if step % 500 == 499:
            balanced = balance(best, 10, np.random.default_rng(7))
            print(f"step {step + 1}: {balanced:.1f} steps")
            if balanced > most:  # the best of these is kept
                most = balanced
                model.state.save("best.safetensors")
    model.state.load("best.safetensors")
    print(f"balances {balance(best, 50, np.random.default_rng(9)):.1f} steps of 500")


if __name__ == "__main__":
    main()
