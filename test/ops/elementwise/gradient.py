# RUN: %python %s
"""Gradients of pointwise operators, broadcasting included."""

import numpy as np

from gradients import check_derivatives
from rows import Constant, Row, integers, normal, uniform

F32 = np.float32
SMOOTH = "Neg Exp Sin Cos Tanh Atan Sinh Cosh Asinh Erf Sigmoid Softplus Softsign Elu Selu Celu Mish Identity"
KINKED = "Abs Relu LeakyRelu HardSigmoid HardSwish ThresholdedRelu"  # random operands do not meet the kinks
FLAT = "Sign Floor Ceil Round"

rows = [Row(name, normal(5, 7)) for name in (SMOOTH + " " + KINKED + " " + FLAT).split() if name != "Mish"]
rows += [Row(name, uniform(0.1, 4, 3, 9)) for name in ("Sqrt", "Log", "Reciprocal")]
rows += [Row(name, uniform(-0.9, 0.9, 3, 9)) for name in ("Asin", "Acos", "Atanh", "Tan")] + [Row("Acosh", uniform(1.2, 5, 13))]
rows += [Row("Sub", normal(5, 1), normal(4), free=(0,)), Row("Exp", normal(4, 3), free=(0,)), Row("Relu", normal(4, 3), free=(0,))]

# Broadcasting: the engine sums a gradient back to its operand's shape.
for name in ("Add", "Sub", "Mul", "Div"):
    rows += [
        Row(name, normal(4, 1, 7), uniform(1, 2, 6, 7)),
        Row(name, normal(3, 5), uniform(1, 2, 3, 5), free=(0, 1)),
        Row(name, normal(1), uniform(1, 2, 2, 3, 4)),
        Row(name, normal(2, 3, 4), uniform(1, 2, 1, 4), free=(0,)),
    ]
rows += [
    Row("Pow", uniform(0.5, 3, 4, 5), uniform(-2, 2, 5)),
    Row("Pow", normal(4, 5), Constant(2, F32)),
    Row("Pow", normal(4, 5), Constant(3, F32)),
    Row("Pow", uniform(0.5, 3, 4, 5), Constant(0.5, F32)),
    Row("Pow", normal(4, 5), Constant(3, np.int64), note="an integer exponent"),
    Row("Pow", normal(4, 5), integers(-2, 4, 5), note="integer exponents, 0 among them"),
    Row("PRelu", normal(2, 5, 4), normal(5, 1)),
    Row("Max", normal(3, 4), normal(4), normal(1)),
    Row("Min", normal(3, 4), normal(4)),
    Row("Sum", normal(3, 4), normal(4), normal(3, 1)),
    Row("Mean", normal(3, 4), normal(4), normal(3, 1)),
    Row("Clip", normal(40), Constant(-0.5, F32), Constant(0.7, F32)),
    Row("Mod", uniform(0.1, 0.9, 20) + np.arange(20, dtype=F32), uniform(20, 30, 20), fmod=1),
    Row("Where", normal(3, 4) > 0, normal(3, 4), normal(4)),
    Row("Where", normal(3, 1) > 0, normal(1), normal(3, 4)),
]

check_derivatives(rows)
