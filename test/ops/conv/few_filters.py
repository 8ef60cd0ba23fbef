# RUN: %python %s
"""Convolutions to few channels, plain and transposed, compared with sums in float64: their lanes are the input's channels.
Also convolutions with many filters, of which transposed ones read weights ahead from phase to phase, and all compute lines
in blocks where weights are small."""

from convolutions import Case, compare

few = [
    Case(1, 64, (9, 37), 3, (3, 3), pads=(1, 1, 1, 1)),
    Case(2, 17, (8, 11), 1, (3, 3), pads=(1, 1, 1, 1), free=(0,)),  # a channel beside the sixteen
    Case(1, 33, (6, 5), 5, (3, 2), pads=(0, 1, 2, 0), strides=(2, 1), activation="Relu"),  # two groups of filters
    Case(3, 16, (7, 7), 2, (5, 5), pads=(2, 2, 2, 2), dilations=(1, 2)),
    Case(1, 70, (4, 4), 1, (4, 4)),  # one pixel: a dot product
    Case(2, 48, (10, 13), 9, (1, 1), free=(0,)),
    Case(1, 32, (41,), 3, (7,), pads=(3, 3)),
    Case(1, 20, (5, 6, 7), 2, (3, 3, 3), pads=(1, 1, 1, 1, 1, 1)),
    Case(2, 24, (9, 14), 3, (3, 3), pads=(1, 1, 1, 1), free=(0, 1, 2)),
    Case(1, 64, (6, 32), 3, (4, 4), strides=(2, 2), pads=(1, 1, 1, 1), transposed=True),
    Case(2, 19, (5, 9), 2, (3, 3), strides=(2, 2), pads=(1, 1, 1, 1), transposed=True, free=(0,)),
    Case(1, 40, (7, 3), 7, (5, 2), strides=(3, 1), transposed=True, activation="Relu"),
    Case(2, 16, (6, 5), 4, (3, 3), dilations=(2, 1), pads=(1, 0, 0, 1), transposed=True),
    Case(1, 32, (8, 10), 3, (4, 4), strides=(2, 2), pads=(1, 1, 1, 1), transposed=True, free=(1, 2)),
]
many = [
    Case(1, 20, (4, 4), 40, (4, 4), strides=(2, 2), pads=(1, 1, 1, 1), transposed=True, activation="Relu"),
    Case(2, 33, (9, 8), 33, (4, 4), strides=(2, 2), pads=(1, 1, 1, 1), transposed=True, free=(0,), activation="Relu"),
    Case(1, 16, (3, 5), 96, (6, 2), strides=(2, 2), pads=(2, 0, 2, 0), transposed=True, activation="Relu"),
    Case(2, 16, (21, 6), 40, (3, 3), pads=(1, 1, 1, 1), free=(0, 1)),
    Case(2, 20, (11, 9), 70, (3, 3), strides=(1, 2), pads=(1, 0, 0, 1)),
    Case(1, 6, (5, 7, 4), 50, (2, 3, 3), pads=(1, 1, 1, 0, 1, 1), free=(1, 2)),
    Case(2, 18, (14, 5), 37, (3, 3), strides=(2, 2), pads=(1, 1, 0, 0), transposed=True, free=(0, 1)),
    Case(1, 18, (17,), 70, (4,), strides=(2,), pads=(1, 1), transposed=True, activation="Relu"),
]


if __name__ == "__main__":
    compare({"few_filters": few, "many_filters": many})
