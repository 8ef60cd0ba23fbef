"""MobileNetV2: inverted residuals with depthwise convolutions and clipped activations."""

from graph import Graph
from networks import Network, normal


def inverted_residual(g, x, before, after, stride, expansion):
    inner = before * expansion
    y = x if expansion == 1 else g.clip(g.conv(x, before, inner, 1), 0, 6)
    y = g.clip(g.conv(y, inner, inner, 3, stride, groups=inner), 0, 6)
    y = g.conv(y, inner, after, 1)
    return g.add(x, y) if before == after and stride == 1 else y


def mobilenet(name, batch, opset):
    g = Graph(name, opset)
    x = g.input("image", [batch, 3, 48, 48])
    x = g.clip(g.conv(x, 3, 16, 3, 2), 0, 6)
    for before, after, stride, expansion in ((16, 8, 1, 1), (8, 12, 2, 6), (12, 12, 1, 6), (12, 20, 2, 3)):
        x = inverted_residual(g, x, before, after, stride, expansion)
    x = g.clip(g.conv(x, 20, 64, 1), 0, 6)
    x = g.mean(x, 2, 3, keepdims=0)
    g.output(g.linear(x, 64, 10), "logits")
    return g.model()


def networks():
    images = [{"image": normal(n, n, 3, 48, 48)} for n in (1, 2)]
    yield Network("mobilenet_o9", mobilenet("mobilenet_o9", 1, 9), images[:1])
    yield Network("mobilenet", mobilenet("mobilenet", 1, 13), images[:1])
    yield Network("mobilenet_batch", mobilenet("mobilenet_batch", "N", 18), images)
