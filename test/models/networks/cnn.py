"""Convolutional classifiers without shortcuts: LeNet, the MNIST example, AlexNet and VGG in small."""

from graph import Graph
from networks import Network, normal


def lenet(name, batch):
    g = Graph(name)
    x = g.input("image", [batch, 1, 28, 28])
    x = g.average_pool(g.tanh(g.conv(x, 1, 6, 5)))
    x = g.average_pool(g.tanh(g.conv(x, 6, 16, 5, pad=0)))
    x = g.flatten(x)
    x = g.tanh(g.linear(x, 400, 120))
    g.output(g.linear(g.tanh(g.linear(x, 120, 84)), 84, 10), "logits")
    return g.model()


def mnist(name, batch, opset):
    g = Graph(name, opset)
    x = g.input("image", [batch, 1, 20, 20])
    x = g.relu(g.conv(x, 1, 16, pad=0))
    x = g.max_pool(g.relu(g.conv(x, 16, 24, pad=0)))
    x = g.relu(g.linear(g.flatten(x), 24 * 64, 40))
    g.output(g.op("LogSoftmax", g.linear(x, 40, 10), axis=-1), "log_probabilities")
    return g.model()


def alexnet(name, batch):
    """Wide strided first window, overlapping pooling, local response normalisation, Dropout left in."""
    g = Graph(name, 13)
    x = g.input("image", [batch, 3, 63, 63])
    x = g.relu(g.conv(x, 3, 16, 11, stride=4, pad=2))
    x = g.op("LRN", x, size=5, alpha=1e-3, beta=0.75, bias=1.0)
    x = g.max_pool(x, 3, 2)
    x = g.max_pool(g.relu(g.conv(x, 16, 32, 5, groups=2)), 3, 2)
    x = g.relu(g.conv(x, 32, 48))
    x = g.relu(g.conv(x, 48, 32, groups=2))
    x = g.op("Dropout", g.flatten(x))
    x = g.relu(g.linear(x, 32 * 9, 64))
    g.output(g.softmax(g.linear(x, 64, 10)), "probabilities")
    return g.model()


def vgg(name, batch, batch_norm):
    g = Graph(name, 11)
    x, channels = g.input("image", [batch, 3, 32, 32]), 3
    for width in (8, "pool", 16, "pool", 24, 24, "pool", 32, "pool"):
        if width == "pool":
            x = g.max_pool(x)
            continue
        x = g.conv(x, channels, width)
        x = g.relu(g.batch_norm(x, width) if batch_norm else x)
        channels = width
    x = g.relu(g.linear(g.flatten(x), 32 * 4, 64))
    g.output(g.linear(x, 64, 10), "logits")
    return g.model()


def images(channels, size, *batches):
    return [{"image": normal(n, n, channels, size, size)} for n in batches]


def networks():
    yield Network("lenet", lenet("lenet", 1), images(1, 28, 1))
    yield Network("lenet_batch", lenet("lenet_batch", "batch"), images(1, 28, 1, 3))
    yield Network("mnist_o9", mnist("mnist_o9", 2, 9), images(1, 20, 2))
    yield Network("mnist_batch", mnist("mnist_batch", "N", 20), images(1, 20, 1, 4))
    yield Network("alexnet", alexnet("alexnet", 1), images(3, 63, 1))
    yield Network("alexnet_batch", alexnet("alexnet_batch", "N"), images(3, 63, 2))
    yield Network("vgg", vgg("vgg", 1, False), images(3, 32, 1))
    yield Network("vgg_bn_batch", vgg("vgg_bn_batch", "N", True), images(3, 32, 1, 2))
