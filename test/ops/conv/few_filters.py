# RUN: %python %s
"""Convolutions to few channels, plain and transposed, compared with sums in float64: their lanes are the input's channels.
The same with eight filters or less, or the last eight, in panels with several channels for each filter.
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
# Panels of eight or four filters, with two or four channels each.
part = [
    Case(1, 24, (9, 37), 24, (3, 3), pads=(1, 1, 1, 1), activation="Relu"),  # a panel of eight besides sixteen
    Case(2, 8, (11, 15), 8, (3, 3), pads=(1, 1, 1, 1), free=(0,)),
    Case(1, 8, (13, 12), 4, (5, 3), strides=(2, 1), pads=(2, 1, 2, 1), activation="Relu"),
    Case(2, 40, (7, 5), 40, (3, 3), pads=(1, 1, 1, 1), free=(0, 1)),  # three tiles of panels
    Case(1, 12, (8, 9), 12, (3, 3), pads=(0, 1, 2, 1), dilations=(1, 2)),  # four channels for each of twelve
    Case(1, 20, (6, 31), 19, (3, 3), pads=(1, 1, 1, 1), activation="Relu"),  # the last panel is not full
    Case(1, 6, (33,), 7, (5,), pads=(2, 2)),
    Case(2, 8, (4, 5, 6), 24, (3, 3, 3), pads=(1, 1, 1, 1, 1, 1), free=(0,), activation="Relu"),
    Case(2, 10, (10, 13), 8, (3, 3), pads=(1, 1, 1, 1), free=(0, 1, 2)),
    Case(1, 30, (9, 6), 24, (4, 4), strides=(2, 2), pads=(1, 1, 1, 1), transposed=True, activation="Relu"),
    Case(2, 8, (5, 7), 5, (3, 3), strides=(2, 2), pads=(1, 1, 1, 1), transposed=True, free=(0, 1)),
    Case(1, 12, (6, 5), 8, (1, 1), transposed=True),
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
    compare({"few_filters": few, "part_of_a_panel": part, "many_filters": many})
