# RUN: %python %s
"""Gradients of normalisations."""

from gradients import check_derivatives
from rows import Row, normal, uniform

check_derivatives([
    Row("LayerNormalization", normal(3, 4, 8), normal(8), normal(8), free=(0,)),
    Row("LayerNormalization", normal(3, 4, 8), normal(4, 8), axis=1),
    Row("InstanceNormalization", normal(2, 3, 5, 4), normal(3), normal(3), free=(0,)),
    Row("BatchNormalization", normal(2, 3, 5, 4), normal(3), normal(3), normal(3), uniform(0.5, 2, 3), free=(0,)),
    Row("BatchNormalization", normal(4, 3, 5, 4), normal(3), normal(3), normal(3), uniform(0.5, 2, 3), training_mode=1, results=3),
    Row("LpNormalization", normal(3, 5), axis=1),
    Row("LRN", normal(1, 6, 3, 3), size=3),
])
check_derivatives([Row("GroupNormalization", normal(2, 6, 4, 3), normal(6), normal(6), num_groups=3)], opset=21)
check_derivatives([Row("RMSNormalization", normal(3, 4, 8), normal(8))], opset=23)
