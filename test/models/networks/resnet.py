"""Residual networks: basic and bottleneck blocks, normalisation folded by the exporter or left as nodes."""

from graph import Graph
from networks import Network, normal


class Builder:
    """The pieces of a residual network over one graph."""

    def __init__(self, graph, folded):
        self.g, self.folded = graph, folded

    def conv(self, x, before, after, kernel=3, stride=1, **options):
        x = self.g.conv(x, before, after, kernel, stride, bias=self.folded, **options)
        return x if self.folded else self.g.batch_norm(x, after)

    def shortcut(self, x, before, after, stride):
        return x if before == after and stride == 1 else self.conv(x, before, after, 1, stride)

    def basic(self, x, before, after, stride):
        y = self.conv(self.g.relu(self.conv(x, before, after, 3, stride)), after, after)
        return self.g.relu(self.g.add(y, self.shortcut(x, before, after, stride)))

    def bottleneck(self, x, before, after, stride):
        inner = after // 4
        y = self.g.relu(self.conv(x, before, inner, 1))
        y = self.g.relu(self.conv(y, inner, inner, 3, stride))
        y = self.conv(y, inner, after, 1)
        return self.g.relu(self.g.add(y, self.shortcut(x, before, after, stride)))


def resnet(name, batch, block, folded, opset=13, size=40):
    g = Graph(name, opset)
    builder = Builder(g, folded)
    x = g.input("image", [batch, 3, *([size] * 2 if isinstance(size, int) else size)])
    x = g.max_pool(g.relu(builder.conv(x, 3, 16, 7, 2)), 3, 2, 1)
    for before, after, stride in ((16, 32, 1), (32, 32, 1), (32, 48, 2), (48, 48, 1)):
        x = getattr(builder, block)(x, before, after, stride)
    x = g.flatten(g.op("GlobalAveragePool", x))
    g.output(g.linear(x, 48, 10, gain=1), "logits")
    return g.model()


def networks():
    image = normal(1, 1, 3, 40, 40)
    batches = [{"image": normal(n, n, 3, 40, 40)} for n in (1, 3)]
    sizes = [{"image": normal(n, 1, 3, n, n + 8)} for n in (40, 57)]
    yield Network("resnet_basic", resnet("resnet_basic", 1, "basic", True), [{"image": image}])
    yield Network("resnet_basic_bn_o9", resnet("resnet_basic_bn_o9", 1, "basic", False, 9), [{"image": image}])
    yield Network("resnet_bottleneck_batch", resnet("resnet_bottleneck_batch", "N", "bottleneck", True), batches)
    yield Network("resnet_bottleneck_bn", resnet("resnet_bottleneck_bn", 1, "bottleneck", False, 17), [{"image": image}])
    yield Network("resnet_any_size", resnet("resnet_any_size", "N", "basic", True, 17, ("H", "W")), sizes)
