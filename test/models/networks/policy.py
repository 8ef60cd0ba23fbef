"""Policies of reinforcement learning: actor-critic, a continuous actor, and a dueling DQN on bytes."""

import numpy as np

from graph import Graph
from networks import Network, integers, normal


def actor_critic(name, batch):
    g = Graph(name, 13)
    x = g.input("observation", [batch, 4])
    hidden = g.tanh(g.linear(g.tanh(g.linear(x, 4, 32)), 32, 32))
    logits = g.linear(hidden, 32, 2, gain=1)
    g.output(g.softmax(logits), "policy")
    g.output(g.linear(hidden, 32, 1, gain=1), "value")
    g.output(g.op("ArgMax", logits, axis=1, keepdims=0), "action", np.int64)
    return g.model()


def continuous(name):
    """A squashed Gaussian: bounded mean, clipped spread."""
    g = Graph(name, 17)
    x = g.input("observation", ["N", 11])
    hidden = g.relu(g.linear(x, 11, 24))
    g.output(g.mul(g.tanh(g.linear(hidden, 24, 3)), g.constant(2, np.float32)), "mean")
    g.output(g.op("Exp", g.clip(g.linear(hidden, 24, 3), -2, 1)), "spread")
    return g.model()


def dueling_dqn(name, batch):
    g = Graph(name, 17)
    frames = g.input("frames", [batch, 4, 42, 42], np.uint8)
    x = g.op("Div", g.op("Cast", frames, to=1), g.constant(255, np.float32))
    x = g.relu(g.conv(x, 4, 16, 8, 4, pad=0))
    x = g.relu(g.conv(x, 16, 24, 4, 2, pad=0))
    x = g.flatten(x)
    value = g.linear(g.relu(g.linear(x, 24 * 9, 32)), 32, 1)
    advantage = g.linear(g.relu(g.linear(x, 24 * 9, 32)), 32, 6)
    q = g.add(value, g.op("Sub", advantage, g.mean(advantage, 1)))
    g.output(q, "q")
    g.output(g.op("ArgMax", q, axis=1, keepdims=0), "action", np.int64)
    return g.model()


def networks():
    yield Network("actor_critic", actor_critic("actor_critic", 1), [{"observation": normal(1, 1, 4)}])
    batches = [{"observation": normal(n, n, 4)} for n in (1, 8)]
    yield Network("actor_critic_batch", actor_critic("actor_critic_batch", "N"), batches)
    yield Network("continuous_batch", continuous("continuous_batch"), [{"observation": normal(3, 3, 11)}])
    frames = [{"frames": integers(n, 256, n, 4, 42, 42, dtype=np.uint8)} for n in (1, 3)]
    yield Network("dueling_dqn", dueling_dqn("dueling_dqn", 1), frames[:1])
    yield Network("dueling_dqn_batch", dueling_dqn("dueling_dqn_batch", "N"), frames)
