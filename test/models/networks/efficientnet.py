"""EfficientNet: depthwise blocks with swish and squeeze-and-excitation."""

from graph import Graph
from networks import Network, normal


def squeeze_and_excite(g, x, channels, reduced):
    pooled = g.op("GlobalAveragePool", x)
    hidden = g.swish(g.conv(pooled, channels, reduced, 1))
    return g.mul(g.sigmoid(g.conv(hidden, reduced, channels, 1)), x)


def block(g, x, before, after, kernel, stride, expansion):
    inner = before * expansion
    y = x if expansion == 1 else g.swish(g.batch_norm(g.conv(x, before, inner, 1, bias=False), inner))
    y = g.swish(g.batch_norm(g.conv(y, inner, inner, kernel, stride, groups=inner, bias=False), inner))
    y = squeeze_and_excite(g, y, inner, max(1, before // 4))
    y = g.batch_norm(g.conv(y, inner, after, 1, bias=False), after)
    return g.add(y, x) if before == after and stride == 1 else y


def efficientnet(name, batch, opset):
    g = Graph(name, opset)
    x = g.input("image", [batch, 3, 40, 40])
    x = g.swish(g.batch_norm(g.conv(x, 3, 16, 3, 2, bias=False), 16))
    blocks = ((16, 8, 3, 1, 1), (8, 12, 3, 2, 6), (12, 12, 3, 1, 6), (12, 20, 5, 2, 6), (20, 20, 5, 1, 4))
    for before, after, kernel, stride, expansion in blocks:
        x = block(g, x, before, after, kernel, stride, expansion)
    x = g.op("GlobalAveragePool", g.swish(g.conv(x, 20, 48, 1)))
    g.output(g.linear(g.flatten(x), 48, 10), "logits")
    return g.model()


def networks():
    images = [{"image": normal(n, n, 3, 40, 40)} for n in (1, 2)]
    yield Network("efficientnet", efficientnet("efficientnet", 1, 17), images[:1])
    yield Network("efficientnet_batch", efficientnet("efficientnet_batch", "N", 13), images)
