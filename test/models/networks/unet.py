"""UNet: skips concatenated across scales, upsampling by transposed convolution or by Resize, group normalisation."""

import numpy as np

from graph import Graph
from networks import Network, normal


def double_conv(g, x, before, after):
    return g.relu(g.conv(g.relu(g.conv(x, before, after)), after, after))


def unet(name, batch, learned, opset, size=(32, 32)):
    g = Graph(name, opset)
    x = g.input("image", [batch, 3, *size])
    first = double_conv(g, x, 3, 8)
    second = double_conv(g, g.max_pool(first), 8, 16)
    x = double_conv(g, g.max_pool(second), 16, 24)
    for skip, before, after in ((second, 24, 16), (first, 16, 8)):
        x = g.conv_transpose(x, before, after, 2, 2, 0) if learned else g.conv(g.upsample(x, 2), before, after)
        x = double_conv(g, g.concat(skip, x), 2 * after, after)
    g.output(g.sigmoid(g.conv(x, 8, 2, 1)), "mask")
    return g.model()


def group_norm(g, x, channels, groups):
    """As PyTorch's legacy exporter writes it: InstanceNormalization over reshaped groups."""
    shape = g.op("Shape", x)
    y = g.reshape(x, 0, groups, -1)
    y = g.op("InstanceNormalization", y, g.vector(groups, 1, 0), g.vector(groups, 0, 0), epsilon=1e-5)
    y = g.op("Reshape", y, shape)
    scale, shift = (g.reshape(g.vector(channels, mean), 1, channels, 1, 1) for mean in (1, 0))
    return g.add(g.mul(y, scale), shift)


def denoiser(name, batch):
    """A step of a diffusion model in small: sinusoidal time embedding, group norm, swish, attention over pixels."""
    g = Graph(name, 17)
    image, time = g.input("image", [batch, 3, 16, 16]), g.input("time", [batch], np.int64)
    frequencies = g.constant(np.exp(-np.arange(8) * np.log(10000) / 8)[None].astype(np.float32))
    angles = g.mul(g.unsqueeze(g.op("Cast", time, to=1), 1), frequencies)
    t = g.concat(g.op("Sin", angles), g.op("Cos", angles), axis=1)
    t = g.swish(g.linear(t, 16, 16))
    x = g.conv(image, 3, 16)
    y = g.conv(g.swish(group_norm(g, x, 16, 4)), 16, 16)
    y = g.add(y, g.unsqueeze(g.linear(t, 16, 16), 2, 3))
    x = g.add(x, g.conv(g.swish(group_norm(g, y, 16, 4)), 16, 16))
    pixels = g.transpose(g.reshape(x, 0, 16, -1), 0, 2, 1)
    query, key, value = (g.dense(pixels, 16, 16) for _ in range(3))
    scores = g.mul(g.matmul(query, g.transpose(key, 0, 2, 1)), g.constant(0.25, np.float32))
    mixed = g.transpose(g.matmul(g.softmax(scores), value), 0, 2, 1)
    x = g.add(x, g.op("Reshape", mixed, g.op("Shape", x)))
    g.output(g.conv(x, 16, 3), "noise")
    return g.model()


def networks():
    images = [{"image": normal(n, n, 3, 32, 32)} for n in (1, 2)]
    yield Network("unet", unet("unet", 1, True, 13), images[:1])
    yield Network("unet_resize_o9", unet("unet_resize_o9", 1, False, 9), images[:1])
    yield Network("unet_batch", unet("unet_batch", "N", False, 17), images)
    sizes = [{"image": normal(n, 1, 3, n, 2 * n)} for n in (16, 24)]
    yield Network("unet_any_size", unet("unet_any_size", "N", True, 17, ("H", "W")), sizes)
    steps = [{"image": normal(n, n, 3, 16, 16), "time": np.arange(n, dtype=np.int64) * 37 + 5} for n in (1, 2)]
    yield Network("denoiser", denoiser("denoiser", 1), steps[:1])
    yield Network("denoiser_batch", denoiser("denoiser_batch", "N"), steps)
