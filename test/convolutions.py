"""Convolutions as the cases of a test: what they have in common, and what it defaults to."""

import dataclasses


@dataclasses.dataclass
class Convolution:
    """x [batch, channels, size...] with `filters` filters of `window`; `free` names the axes of x that are symbolic."""

    batch: int
    channels: int
    size: tuple
    filters: int
    window: tuple
    strides: tuple = ()
    dilations: tuple = ()
    pads: tuple = ()  # as ONNX has them: all before, then all behind
    free: tuple = ()
    transposed: bool = False

    def __post_init__(self):
        axes = len(self.size)
        self.strides, self.dilations = self.strides or (1,) * axes, self.dilations or (1,) * axes
        self.pads = self.pads or (0,) * (2 * axes)
