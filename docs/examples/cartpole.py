"""A pole on a cart: Barto, Sutton and Anderson, "Neuronlike adaptive elements that can solve difficult learning control
problems" (1983), with the numbers that everybody uses. A step is 0.02 s; each one that the pole stays up counts 1.
"""

import numpy as np

GRAVITY, CART, POLE, HALF_LENGTH, FORCE, STEP = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02
FURTHEST, STEEPEST, LONGEST = 2.4, np.radians(12), 500


class CartPoles:
    """Several carts side by side. `state` is [count, 4]: place, speed, angle, angular speed."""

    def __init__(self, count, random):
        self.random, self.state, self.steps = random, np.zeros((count, 4)), np.zeros(count, int)
        self.restart(np.full(count, True))

    def restart(self, which):
        self.state[which] = self.random.uniform(-0.05, 0.05, (which.sum(), 4))
        self.steps[which] = 0

    def observe(self):
        """The state as a network sees it, angles in tenths of a radian: then all four are of a size."""
        return (self.state * [1, 1, 10, 1]).astype(np.float32)

    def move(self, action):
        """Pushes left (0) or right (1). Returns which poles fell and which episodes were ended at their greatest length; neither
        is restarted."""
        x, speed, angle, turning = self.state.T
        total = CART + POLE
        force = np.where(action == 1, FORCE, -FORCE)
        pull = (force + POLE * HALF_LENGTH * turning**2 * np.sin(angle)) / total
        turn = (GRAVITY * np.sin(angle) - np.cos(angle) * pull) / (HALF_LENGTH * (4 / 3 - POLE * np.cos(angle) ** 2 / total))
        push = pull - POLE * HALF_LENGTH * turn * np.cos(angle) / total
        self.state = self.state + STEP * np.stack([speed, push, turning, turn], 1)
        self.steps += 1
        fell = (np.abs(self.state[:, 0]) > FURTHEST) | (np.abs(self.state[:, 2]) > STEEPEST)
        return fell, ~fell & (self.steps >= LONGEST)


def balance(choose, episodes, random):
    """The mean number of steps of so many episodes; `choose` gives an action for each observation."""
    carts, alive = CartPoles(episodes, random), np.full(episodes, True)
    total = np.zeros(episodes)
    while alive.any():
        fell, ended = carts.move(choose(carts.observe()))
        total += alive
        alive &= ~(fell | ended)
    return total.mean()
