// Element-by-element operations. One line is one operation; the scalar code is in codegen/scalar/elementwise.cpp.
#ifndef INGOT_OPS_ELEMENTWISE_TD
#define INGOT_OPS_ELEMENTWISE_TD

include "dialects/ingot/Ingot.td"

class Ingot_Unary<string mnemonic, string text> : Ingot_PureOp<mnemonic, [Pointwise]> {
  let summary = text;
  let arguments = (ins Ingot_Tensor:$input);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

// Operands broadcast as in NumPy and have one element type.
class Ingot_Binary<string mnemonic, string text> : Ingot_PureOp<mnemonic, [Pointwise]> {
  let summary = text;
  let arguments = (ins Ingot_Tensor:$lhs, Ingot_Tensor:$rhs);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs)";
  let hasCanonicalizer = 1;
}

// As Ingot_Binary, but the result is i1.
class Ingot_Comparison<string mnemonic, string text> : Ingot_PureOp<mnemonic, [Pointwise]> {
  let summary = text;
  let arguments = (ins Ingot_Tensor:$lhs, Ingot_Tensor:$rhs);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs)";
}

def Ingot_AbsOp : Ingot_Unary<"abs", "|x|">;
def Ingot_NegOp : Ingot_Unary<"neg", "-x">;
def Ingot_SignOp : Ingot_Unary<"sign", "-1, 0 or 1 by the sign of x">;
def Ingot_CeilOp : Ingot_Unary<"ceil", "least integer >= x">;
def Ingot_FloorOp : Ingot_Unary<"floor", "greatest integer <= x">;
def Ingot_RoundOp : Ingot_Unary<"round", "nearest integer, halves to even">;
def Ingot_ReciprocalOp : Ingot_Unary<"reciprocal", "1 / x">;
def Ingot_SqrtOp : Ingot_Unary<"sqrt", "square root of x">;
def Ingot_ExpOp : Ingot_Unary<"exp", "e^x">;
def Ingot_LogOp : Ingot_Unary<"log", "natural logarithm of x">;
def Ingot_SinOp : Ingot_Unary<"sin", "sine of x">;
def Ingot_CosOp : Ingot_Unary<"cos", "cosine of x">;
def Ingot_TanOp : Ingot_Unary<"tan", "tangent of x">;
def Ingot_AsinOp : Ingot_Unary<"asin", "inverse sine of x">;
def Ingot_AcosOp : Ingot_Unary<"acos", "inverse cosine of x">;
def Ingot_AtanOp : Ingot_Unary<"atan", "inverse tangent of x">;
def Ingot_SinhOp : Ingot_Unary<"sinh", "hyperbolic sine of x">;
def Ingot_CoshOp : Ingot_Unary<"cosh", "hyperbolic cosine of x">;
def Ingot_AsinhOp : Ingot_Unary<"asinh", "inverse hyperbolic sine of x">;
def Ingot_AcoshOp : Ingot_Unary<"acosh", "inverse hyperbolic cosine of x">;
def Ingot_AtanhOp : Ingot_Unary<"atanh", "inverse hyperbolic tangent of x">;
def Ingot_TanhOp : Ingot_Unary<"tanh", "hyperbolic tangent of x">;
def Ingot_ErfOp : Ingot_Unary<"erf", "Gauss error function of x">;
def Ingot_SigmoidOp : Ingot_Unary<"sigmoid", "1 / (1 + e^-x)">;
def Ingot_GeluOp : Ingot_Unary<"gelu", "x/2 * (1 + erf(x / sqrt 2))">;
def Ingot_ReluOp : Ingot_Unary<"relu", "max(x, 0), NaN stays NaN">;
def Ingot_NotOp : Ingot_Unary<"not", "logical negation of booleans, bitwise complement of integers">;
def Ingot_IsNanOp : Ingot_Unary<"is_nan", "whether x is NaN (i1)">;
def Ingot_IsInfOp : Ingot_PureOp<"is_inf", [Pointwise]> {
  let summary = "whether x is infinite, of the chosen signs (i1)";
  let arguments = (ins Ingot_Tensor:$input, DefaultValuedAttr<BoolAttr, "true">:$positive,
                   DefaultValuedAttr<BoolAttr, "true">:$negative);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$input prop-dict attr-dict `:` type($input)";
}

def Ingot_AddOp : Ingot_Binary<"add", "x + y">;
def Ingot_SubOp : Ingot_Binary<"sub", "x - y">;
def Ingot_MulOp : Ingot_Binary<"mul", "x * y">;
def Ingot_DivOp : Ingot_Binary<"div", "x / y; integers truncate toward zero, x / 0 is 0">;
def Ingot_MinOp : Ingot_Binary<"min", "lesser of x and y, NaN if one is">;
def Ingot_MaxOp : Ingot_Binary<"max", "greater of x and y, NaN if one is">;
def Ingot_PowOp : Ingot_Binary<"pow", "x to the power y">;
def Ingot_ModOp : Ingot_Binary<"mod", "x modulo y with the sign of y (integers, Python's %)">;
def Ingot_RemOp : Ingot_Binary<"rem", "remainder of x / y with the sign of x (C's fmod and %)">;
def Ingot_AndOp : Ingot_Binary<"and", "bitwise (on i1: logical) and">;
def Ingot_OrOp : Ingot_Binary<"or", "bitwise (on i1: logical) or">;
def Ingot_XorOp : Ingot_Binary<"xor", "bitwise (on i1: logical) exclusive or">;
def Ingot_ShiftLeftOp : Ingot_Binary<"shift_left", "x * 2^y in integers">;
def Ingot_ShiftRightOp : Ingot_Binary<"shift_right", "x / 2^y in integers">;
def Ingot_EqualOp : Ingot_Comparison<"equal", "x == y">;
def Ingot_LessOp : Ingot_Comparison<"less", "x < y">;
def Ingot_LessOrEqualOp : Ingot_Comparison<"less_or_equal", "x <= y">;

def Ingot_SelectOp : Ingot_PureOp<"select", [Pointwise]> {
  let summary = "x where the condition holds, else y; all three broadcast";
  let arguments = (ins TensorOf<[I1]>:$condition, Ingot_Tensor:$lhs, Ingot_Tensor:$rhs);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$condition `,` $lhs `,` $rhs attr-dict `:` type($condition) `,` type($lhs) `,` type($rhs)";
}

def Ingot_CastOp : Ingot_PureOp<"cast", [Pointwise]> {
  let summary = "x as another element type; float to integer truncates, anything to i1 is x != 0";
  let arguments = (ins Ingot_Tensor:$input, TypeAttr:$element);
  let results = (outs Ingot_Tensor:$output);
  let assemblyFormat = "$input `to` $element attr-dict `:` type($input)";
  let hasFolder = 1;
}

#endif
