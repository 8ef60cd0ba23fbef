"""Deep Q-learning with a target network and double estimates: Mnih et al., "Human-level control through deep reinforcement
learning" (2015); van Hasselt et al., "Deep reinforcement learning with double Q-learning" (2016)."""

import pathlib
import sys

import ingot
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from cartpole import CartPoles, balance

STEPS, CARTS, KEPT, BATCH, COPY_EVERY, DISCOUNT, RATE = 6000, 8, 40000, 128, 50, 0.99, 1e-3


def values(model, observation):
    count = len(observation)
    feed = {"observation": observation, "action": np.zeros((count, 1), np.int64), "goal": np.zeros((count, 1), np.float32)}
    return model.evaluation.run(feed)["values"]


class Memory:
    """The last KEPT moves: what was seen before and after, what was done, and whether the pole fell."""

    def __init__(self):
        self.before, self.after = np.zeros((2, KEPT, 4), np.float32)
        self.action, self.fell = np.zeros((KEPT, 1), np.int64), np.zeros((KEPT, 1), np.float32)
        self.count = 0

    def add(self, before, action, after, fell):
        rows = (self.count + np.arange(len(before))) % KEPT
        self.before[rows], self.after[rows] = before, after
        self.action[rows, 0], self.fell[rows, 0] = action, fell
        self.count += len(before)

    def draw(self, random):
        rows = random.integers(0, min(self.count, KEPT), BATCH)
        return self.before[rows], self.action[rows], self.after[rows], self.fell[rows]


def update(online, target, batch, rate):
    """One step towards 1 - discount + discount * the target network's value of what the online network would do next. So values
    lie between 0 and 1, the share of a future without end."""
    before, action, after, fell = batch
    next_action = values(online, after).argmax(1)[:, None]
    ahead = np.take_along_axis(values(target, after), next_action, 1)
    goal = (1 - DISCOUNT + DISCOUNT * (1 - fell) * ahead).astype(np.float32)
    online.run({"observation": before, "action": action, "goal": goal, "lr": rate})


def copy(source, destination):
    for name, role in source.state.roles.items():
        if role == "parameter":
            destination.state[name] = source.state[name]


def main():
    random, memory = np.random.default_rng(0), Memory()
    online, target = ingot.load("libdqn.so"), ingot.load("libdqn.so")
    best = lambda observation: values(online, observation).argmax(1)  # noqa: E731
    print(f"untrained: {balance(best, 50, np.random.default_rng(9)):.1f} steps")
    carts, most = CartPoles(CARTS, random), 0
    for step in range(STEPS):
        before, tries = carts.observe(), random.random(CARTS) < max(0.05, 1 - step / 1500)
        action = np.where(tries, random.integers(0, 2, CARTS), best(before))
        fell, ended = carts.move(action)
        memory.add(before, action, carts.observe(), fell)
        carts.restart(fell | ended)
        if step >= 100:
            update(online, target, memory.draw(random), RATE * (1 - step / STEPS))
        if step % COPY_EVERY == 0:
            copy(online, target)
        if step % 500 == 499:
            balanced = balance(best, 10, np.random.default_rng(7))
            print(f"step {step + 1}: {balanced:.1f} steps")
            if balanced > most:  # the best of these is kept
                most = balanced
                online.state.save("best.safetensors")
    online.state.load("best.safetensors")
    print(f"balances {balance(best, 50, np.random.default_rng(9)):.1f} steps of 500")


if __name__ == "__main__":
    main()
