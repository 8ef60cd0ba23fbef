# RUN: %python %s
"""Every pointwise operator against onnxruntime, broadcasting and element types included."""

import numpy as np

from rows import Constant, Row, check, integers, normal, uniform

F32, F64, I32, I64, U8, I8, BOOL = np.float32, np.float64, np.int32, np.int64, np.uint8, np.int8, np.bool_

REAL = "Abs Neg Sign Ceil Floor Round Exp Sin Cos Tan Atan Sinh Cosh Asinh Tanh Erf Sigmoid Relu Softplus Softsign Elu Selu"
REAL += " LeakyRelu HardSigmoid HardSwish ThresholdedRelu Celu"

rows = [Row(name, normal(5, 37), free=(0,)) for name in REAL.split()]
rows += [Row(name, uniform(0.01, 9, 3, 19)) for name in ("Sqrt", "Log", "Reciprocal")]
rows += [Row(name, uniform(-0.99, 0.99, 3, 19)) for name in ("Asin", "Acos", "Atanh")] + [Row("Acosh", uniform(1.01, 9, 57))]
rows += [Row(name, np.array([0, -0.0, np.inf, -np.inf, np.nan, 1e-40, 88, -104], F32), note="special values")
         for name in ("Abs", "Neg", "Exp", "Tanh", "Sigmoid", "Relu", "Erf", "Floor", "Sqrt", "Sign")]  # fmt: skip

# Broadcasting: equal shapes, a scalar, a row, a column, both sides, and more ranks on the right.
for name in ("Add", "Sub", "Mul", "Div"):
    rows += [Row(name, normal(4, 1, 7), normal(6, 7), free=(0,)), Row(name, normal(3, 5), uniform(1, 2, 3, 5), free=(0, 1))]
rows += [
    Row("Add", normal(3, 4), Constant(2, F32), free=(0,)),
    Row("Mul", Constant(normal(4, 1)), normal(3, 4, 5)),
    Row("Sub", normal(1), normal(2, 3, 4)),
    Row("Pow", uniform(0.1, 3, 4, 5), uniform(-2, 2, 5)),
    Row("Pow", normal(4, 5), Constant(2, F32)),
    Row("Pow", normal(4, 5), Constant(3, F32)),
    Row("PRelu", normal(2, 5, 4), Constant(normal(5, 1))),
    Row("Max", normal(3, 4), normal(4), normal(1)),
    Row("Min", normal(3, 4), normal(4), free=(0,)),
    Row("Sum", normal(3, 4), normal(4), normal(3, 1)),
    Row("Mean", normal(3, 4), normal(4), normal(3, 1)),
    Row("Clip", normal(40), Constant(-0.5, F32), Constant(0.7, F32)),
    Row("Clip", normal(40), None, Constant(0.7, F32)),
    Row("Mod", normal(20), uniform(0.5, 2, 20), fmod=1),
]

# Integers: truncation, signs, and the types ONNX gives operators.
for dtype in (I32, I64):
    a, b = integers(-20, 20, 30, dtype=dtype), integers(1, 7, 30, dtype=dtype)
    rows += [Row(name, a, b) for name in ("Add", "Sub", "Mul", "Div", "Mod", "Max", "Min")] + [Row("Abs", a), Row("Neg", a)]
    rows += [Row("Mod", a, b, fmod=1)]
rows += [Row("BitShift", integers(0, 99, 9, dtype=np.uint32), integers(0, 5, 9, dtype=np.uint32), direction=d) for d in ("LEFT", "RIGHT")]

rows += [Row("Shrink", integers(-9, 9, 40, dtype=I32), bias=0.5, lambd=1.5)]

# Comparisons and logic.
a, b = integers(0, 3, 4, 6).astype(F32), integers(0, 3, 6).astype(F32)
rows += [Row(name, a, b, free=(0,)) for name in ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual")]
rows += [Row("Equal", a.astype(I64), b.astype(I64))]
x, y = a > 1, b > 0
rows += [Row(name, x, y) for name in ("And", "Or", "Xor")] + [Row("Not", x)]
rows += [Row("Where", x, normal(4, 6), normal(6)), Row("Where", x, Constant(1, F32), normal(4, 1), free=(0,))]
odd = np.array([1, np.nan, np.inf, -np.inf], F32)
rows += [Row("IsNaN", odd), Row("IsInf", odd), Row("IsInf", odd, detect_negative=0)]

# Casts, through what a float can hold exactly.
for source in (F32, F64, I32, I64, U8, I8, BOOL):
    value = integers(0, 2, 12).astype(source) if source == BOOL else uniform(0, 100, 12).astype(source)
    rows += [Row("Cast", value, to=to) for to in (1, 2, 3, 6, 7, 9, 11)]
rows += [Row("Cast", normal(9) * 100, to=7), Row("Cast", normal(9) * 100, to=6)]

check(rows)
check([Row("Gelu", normal(5, 40)), Row("Gelu", normal(5, 40), approximate="tanh"), Row("Mish", normal(50))], opset=20)
