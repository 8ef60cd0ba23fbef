"""Keras models as tf2onnx writes them: channels last at the edges, Transposes around every window, asymmetric pads."""

import numpy as np

from graph import Graph
from networks import Network, normal


class Keras:
    """Layers on channels-last values; each wraps its ONNX operator in the two Transposes that tf2onnx leaves."""

    def __init__(self, graph):
        self.g = graph

    def channels_first(self, x):
        return self.g.transpose(x, 0, 3, 1, 2)

    def channels_last(self, x):
        return self.g.transpose(x, 0, 2, 3, 1)

    def conv(self, x, before, after, kernel=3, stride=1, groups=1, pads=None):
        g = self.g
        # tf2onnx keeps TensorFlow's kernel layout and transposes the constant in the graph.
        kernel_hwio = g.constant(g.random.normal(0, 0.25, (kernel, kernel, before // groups, after)).astype(np.float32))
        weight = g.transpose(kernel_hwio, 3, 2, 0, 1)
        window = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "group": groups}
        window.update({"pads": pads} if pads else {"auto_pad": "SAME_UPPER"})
        y = g.op("Conv", self.channels_first(x), weight, **window)
        return g.add(self.channels_last(y), g.vector(after))

    def batch_norm(self, x, channels):
        return self.channels_last(self.g.batch_norm(self.channels_first(x), channels))

    def pool(self, x):
        y = self.g.op("MaxPool", self.channels_first(x), kernel_shape=[2, 2], strides=[2, 2], auto_pad="VALID")
        return self.channels_last(y)


def classifier(name, batch, opset):
    g = Graph(name, opset)
    k = Keras(g)
    x = g.input("input_1", [batch, 24, 24, 3])
    x = k.pool(g.relu(k.batch_norm(k.conv(x, 3, 16), 16)))
    x = g.relu(k.conv(x, 16, 16, stride=2, pads=[0, 0, 1, 1]))
    y = k.conv(x, 16, 16, groups=16)
    x = g.relu(g.add(k.conv(y, 16, 16, 1), x))
    x = g.mean(x, 1, 2, keepdims=0)
    g.output(g.softmax(g.dense(x, 16, 10)), "dense")
    return g.model()


def flattened(name):
    """Flatten over channels-last data, then a dense layer: the Transpose may not simply vanish."""
    g = Graph(name, 13)
    k = Keras(g)
    x = k.pool(g.relu(k.conv(g.input("input_1", ["N", 8, 8, 2]), 2, 6)))
    g.output(g.dense(g.reshape(x, -1, 4 * 4 * 6), 96, 5), "dense")
    return g.model()


def networks():
    images = [{"input_1": normal(n, n, 24, 24, 3)} for n in (1, 3)]
    yield Network("keras", classifier("keras", 1, 13), images[:1])
    yield Network("keras_batch", classifier("keras_batch", "unk__1", 15), images)
    yield Network("keras_flatten", flattened("keras_flatten"), [{"input_1": normal(2, 2, 8, 8, 2)}])
