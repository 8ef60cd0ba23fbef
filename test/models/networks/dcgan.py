"""DCGAN: a generator of transposed convolutions and a strided discriminator."""

from graph import Graph
from networks import Network, normal


def generator(name, batch, opset):
    g = Graph(name, opset)
    x, channels = g.input("z", [batch, 16, 1, 1]), 16
    for width, stride, pad in ((32, 1, 0), (24, 2, 1), (16, 2, 1)):
        x = g.relu(g.batch_norm(g.conv_transpose(x, channels, width, 4, stride, pad, bias=False), width))
        channels = width
    g.output(g.tanh(g.conv_transpose(x, channels, 3)), "image")
    return g.model()


def discriminator(name, batch):
    g = Graph(name, 13)
    x, channels = g.input("image", [batch, 3, 32, 32]), 3
    for width in (16, 24, 32):
        x = g.conv(x, channels, width, 4, 2, pad=1, bias=channels == 3)
        x = g.op("LeakyRelu", x if channels == 3 else g.batch_norm(x, width), alpha=0.2)
        channels = width
    x = g.sigmoid(g.conv(x, channels, 1, 4, pad=0))
    g.output(g.reshape(x, -1), "probability")
    return g.model()


def odd_transposed(name):
    """Kernel, stride, dilation, groups and output padding that share no divisor."""
    g = Graph(name, 11)
    x = g.input("x", [2, 6, 7, 5])
    window = {"kernel_shape": [3, 2], "strides": [3, 2], "dilations": [2, 1], "pads": [1, 0, 2, 1]}
    x = g.op("ConvTranspose", x, g.weight(6, 4, 3, 2), g.vector(8), group=2, output_padding=[1, 0], **window)
    g.output(x, "y")
    return g.model()


def networks():
    yield Network("dcgan_generator", generator("dcgan_generator", 1, 17), [{"z": normal(1, 1, 16, 1, 1)}])
    batches = [{"z": normal(n, n, 16, 1, 1)} for n in (1, 4)]
    yield Network("dcgan_generator_batch", generator("dcgan_generator_batch", "N", 11), batches)
    yield Network("dcgan_discriminator", discriminator("dcgan_discriminator", 2), [{"image": normal(1, 2, 3, 32, 32)}])
    images = [{"image": normal(n, n, 3, 32, 32)} for n in (1, 5)]
    yield Network("dcgan_discriminator_batch", discriminator("dcgan_discriminator_batch", "N"), images)
    yield Network("transposed_odd", odd_transposed("transposed_odd"), [{"x": normal(1, 2, 6, 7, 5)}])
