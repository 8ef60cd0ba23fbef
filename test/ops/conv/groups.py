# RUN: %python %s
"""Convolutions in groups, compared with sums in float64: few channels and filters in each, multiples of channels, and
transposed ones, depthwise or not."""

from convolutions import Case, compare

small = [
    Case(1, 32, (9, 23), 32, (3, 3), pads=(1, 1, 1, 1), groups=8, activation="Relu"),
    Case(2, 64, (8, 11), 64, (3, 3), pads=(1, 1, 1, 1), groups=8, free=(0,)),
    Case(1, 40, (13, 12), 40, (3, 3), strides=(2, 2), pads=(1, 1, 1, 1), groups=10, activation="Relu"),  # a block of two
    Case(1, 12, (7, 40), 12, (5, 2), dilations=(1, 3), pads=(2, 1, 2, 2), groups=6),
    Case(2, 18, (6, 31), 54, (3, 3), pads=(1, 1, 1, 1), groups=18),  # fifteen lanes, and nine in the last block
    Case(1, 16, (5, 9), 32, (3, 3), groups=16, activation="Relu"),
    Case(1, 24, (10, 10), 12, (1, 1), groups=3),
    Case(1, 15, (12, 14), 15, (3, 3), pads=(0, 1, 2, 1), groups=3),
    Case(2, 20, (37,), 20, (4,), strides=(2,), pads=(1, 2), groups=5),
    Case(1, 8, (70, 90), 16, (3, 3), pads=(1, 1, 1, 1), groups=4, activation="Relu"),  # lines of all channels
    Case(2, 16, (9, 14), 16, (3, 3), pads=(1, 1, 1, 1), groups=4, free=(0, 1, 2)),
    Case(1, 16, (9, 14), 16, (3, 3), pads=(1, 1, 1, 1), groups=4, free=(1,)),
    Case(1, 8, (4, 3), 8, (3, 3), pads=(2, 2, 2, 2), groups=2),
    Case(1, 36, (6, 6), 36, (3, 3), pads=(1, 1, 1, 1), groups=3),  # twelve: a group at a time
    Case(1, 8, (3, 4, 5), 8, (2, 2, 2), groups=4, activation="Relu"),
]
# Each filter has lanes for two or four channels.
paired = [
    Case(1, 48, (9, 23), 48, (3, 3), pads=(1, 1, 1, 1), groups=6, activation="Relu"),  # two groups of eight together
    Case(2, 24, (13, 12), 24, (3, 3), strides=(2, 2), pads=(1, 1, 1, 1), groups=3, free=(0,)),  # an odd number of them
    Case(1, 48, (7, 15), 48, (5, 3), pads=(2, 1, 2, 1), groups=2, activation="Relu"),  # sixteen and eight
    Case(2, 24, (6, 7), 120, (3, 3), pads=(1, 1, 1, 1), groups=3, free=(0, 1, 2)),
    Case(1, 16, (9, 14), 16, (3, 3), pads=(1, 1, 1, 1), groups=2, free=(1, 2), activation="Relu"),
    Case(1, 32, (3, 4, 5), 32, (2, 3, 3), pads=(1, 1, 1, 0, 1, 1), groups=8, activation="Relu"),  # fours
    Case(1, 24, (3, 4, 9), 24, (3, 3, 3), pads=(1, 1, 1, 1, 1, 1), groups=6, free=(0, 1, 2, 3)),
    Case(2, 32, (10, 10), 16, (1, 1), groups=2, free=(0,)),
    Case(2, 20, (37,), 24, (4,), strides=(2,), pads=(1, 2), groups=2),  # twelve
]
depthwise = [
    Case(1, 20, (9, 23), 20, (3, 3), pads=(1, 1, 1, 1), transposed=True, groups=20, activation="Relu"),
    Case(2, 33, (8, 7), 33, (4, 4), strides=(2, 2), pads=(1, 1, 1, 1), transposed=True, groups=33, free=(0,)),
    Case(1, 16, (5, 6), 16, (3, 3), strides=(2, 2), pads=(1, 1, 1, 1), transposed=True, groups=16),
    Case(1, 6, (5, 4), 6, (16, 16), strides=(8, 8), pads=(4, 4, 4, 4), transposed=True, groups=6),
    Case(1, 6, (5, 4), 6, (2, 2), strides=(3, 3), transposed=True, groups=6, activation="Relu"),  # phases without taps
    Case(2, 18, (6, 9), 18, (3, 5), strides=(1, 2), dilations=(2, 1), pads=(1, 0, 0, 2), transposed=True, groups=18),
    Case(1, 32, (60, 50), 32, (4, 4), strides=(2, 2), pads=(1, 1, 1, 1), transposed=True, groups=32, activation="Relu"),
    Case(2, 18, (7, 8), 18, (4, 4), strides=(2, 2), pads=(1, 1, 1, 1), transposed=True, groups=18, free=(0, 1, 2)),
    Case(1, 18, (7, 8), 18, (3, 3), strides=(2, 2), pads=(1, 0, 1, 1), transposed=True, groups=18, free=(1, 2)),
    Case(1, 24, (19,), 24, (4,), strides=(2,), pads=(1, 1), transposed=True, groups=24),
]
transposed = [
    Case(1, 32, (9, 6), 32, (4, 4), strides=(2, 2), pads=(1, 1, 1, 1), transposed=True, groups=2, activation="Relu"),
    Case(2, 24, (5, 9), 120, (3, 3), strides=(2, 2), pads=(1, 1, 1, 1), transposed=True, groups=3, free=(0,)),
    Case(1, 12, (7, 5), 12, (3, 3), pads=(1, 1, 1, 1), transposed=True, groups=3),
    Case(1, 8, (7, 5), 24, (3, 2), strides=(2, 1), transposed=True, groups=8, activation="Relu"),  # one channel, three filters
    Case(2, 20, (15,), 36, (5,), strides=(2,), pads=(1, 2), transposed=True, groups=2, free=(0, 1)),
    Case(1, 8, (3, 4, 5), 8, (2, 2, 2), strides=(2, 2, 2), transposed=True, groups=2),
]

if __name__ == "__main__":
    compare({"groups": small, "groups_paired": paired, "groups_depthwise": depthwise, "groups_transposed": transposed})
