"""REINFORCE: Williams, "Simple statistical gradient-following algorithms for connectionist reinforcement learning" (1992)."""

import pathlib
import sys

import ingot
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from cartpole import CartPoles, balance

ROUNDS, CARTS, LENGTH, DISCOUNT, RATE = 60, 32, 200, 0.99, 1e-2


def logits(model, observation):
    """What the network says; action and advantage matter to its loss only."""
    count = len(observation)
    feed = {"observation": observation, "action": np.zeros((count, 1), np.int64), "advantage": np.zeros((count, 1), np.float32)}
    return model.evaluation.run(feed)["logits"]


def draw(scores, random):
    """An action for each row, by the shares of softmax (the largest of scores with Gumbel noise)."""
    return (scores + random.gumbel(0, 1, scores.shape)).argmax(1)


def play(model, random):
    """LENGTH steps of CARTS carts: observations, actions and the discounted number of steps that each pole still stays up."""
    carts, kept = CartPoles(CARTS, random), []
    for _ in range(LENGTH):
        observation = carts.observe()
        action = draw(logits(model, observation), random)
        fell, ended = carts.move(action)
        kept.append((observation, action, fell, ended))
        carts.restart(fell | ended)
    observations, actions, fell, ended = (np.stack(part) for part in zip(*kept))
    returns, ahead = np.zeros((LENGTH, CARTS)), np.full(CARTS, 1 / (1 - DISCOUNT))  # whoever is up at the end stays up
    for step in reversed(range(LENGTH)):
        ahead = np.where(fell[step], 0, np.where(ended[step], 1 / (1 - DISCOUNT), ahead))
        returns[step] = ahead = 1 + DISCOUNT * ahead
    return observations.reshape(-1, 4), actions.reshape(-1, 1), returns.reshape(-1, 1)


def main():
    random, model = np.random.default_rng(0), ingot.load("libpolicy.so")
    best = lambda observation: logits(model, observation).argmax(1)  # noqa: E731
    print(f"untrained: {balance(best, 50, np.random.default_rng(9)):.1f} steps")
    for number in range(ROUNDS):
        observation, action, returns = play(model, random)
        advantage = (returns - returns.mean()) / (returns.std() + 1e-6)
        feed = {"observation": observation, "action": action, "advantage": advantage.astype(np.float32)}
        model.run({**feed, "lr": RATE * (1 - number / ROUNDS)})
        if number % 10 == 9:
            print(f"round {number + 1}: {balance(best, 10, random):.1f} steps")
    model.state.save("policy.safetensors")
    print(f"balances {balance(best, 50, np.random.default_rng(9)):.1f} steps of 500")


if __name__ == "__main__":
    main()
