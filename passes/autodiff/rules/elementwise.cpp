//===- elementwise.cpp - Gradient rules: elementwise -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/GradientRules.h"

using namespace mlir;

namespace ingot {
namespace {

/// dx = dy * f'(x, y), with the derivative as a function of the operation and its gradient's builder.
template <typename Op, typename Derivative>
void addUnary(GradientRules &rules, Derivative derivative) {
  rules.add<Op>([derivative](Op op, Gradient &gradient) {
    gradient.toInput(0, gradient.mul(gradient.ofOutput(), derivative(gradient, op.getInput(), op.getOutput())));
  });
}

void roots(GradientRules &rules) {
  // y = |x|   =>   dx = dy * sign(x)
  addUnary<AbsOp>(rules, [](Gradient &g, Value x, Value) { return g.make<SignOp>(x); });
  // y = -x   =>   dx = -dy
  rules.add<NegOp>([](NegOp, Gradient &g) { g.toInput(0, g.neg(g.ofOutput())); });
  // y = 1/x   =>   dx = -dy * y^2
  addUnary<ReciprocalOp>(rules, [](Gradient &g, Value, Value y) { return g.neg(g.square(y)); });
  // y = sqrt(x)   =>   dx = dy / (2 y)
  rules.add<SqrtOp>([](SqrtOp op, Gradient &g) { g.toInput(0, g.div(g.ofOutput(), g.mul(op.getOutput(), 2.0))); });
  // y = e^x   =>   dx = dy * y
  addUnary<ExpOp>(rules, [](Gradient &, Value, Value y) { return y; });
  // y = log x   =>   dx = dy / x
  rules.add<LogOp>([](LogOp op, Gradient &g) { g.toInput(0, g.div(g.ofOutput(), op.getInput())); });
}

void trigonometric(GradientRules &rules) {
  // y = sin x   =>   dx = dy * cos x;      y = cos x   =>   dx = -dy * sin x;      y = tan x   =>   dx = dy * (1 + y^2)
  addUnary<SinOp>(rules, [](Gradient &g, Value x, Value) { return g.make<CosOp>(x); });
  addUnary<CosOp>(rules, [](Gradient &g, Value x, Value) { return g.neg(g.make<SinOp>(x)); });
  addUnary<TanOp>(rules, [](Gradient &g, Value, Value y) { return g.add(g.square(y), 1); });
  // y = asin x   =>   dx = dy / sqrt(1 - x^2);      y = acos x   =>   dx = -dy / sqrt(1 - x^2)
  addUnary<AsinOp>(rules,
                   [](Gradient &g, Value x, Value) { return g.make<ReciprocalOp>(g.sqrt(g.sub(1, g.square(x)))); });
  addUnary<AcosOp>(
      rules, [](Gradient &g, Value x, Value) { return g.neg(g.make<ReciprocalOp>(g.sqrt(g.sub(1, g.square(x))))); });
  // y = atan x   =>   dx = dy / (1 + x^2)
  addUnary<AtanOp>(rules, [](Gradient &g, Value x, Value) { return g.make<ReciprocalOp>(g.add(g.square(x), 1)); });
  // y = sinh x   =>   dx = dy * cosh x;      y = cosh x   =>   dx = dy * sinh x;      y = tanh x   =>   dx = dy * (1 -
  // y^2)
  addUnary<SinhOp>(rules, [](Gradient &g, Value x, Value) { return g.make<CoshOp>(x); });
  addUnary<CoshOp>(rules, [](Gradient &g, Value x, Value) { return g.make<SinhOp>(x); });
  addUnary<TanhOp>(rules, [](Gradient &g, Value, Value y) { return g.sub(1, g.square(y)); });
  // y = asinh x   =>   dx = dy / sqrt(x^2 + 1);      y = acosh x   =>   dx = dy / sqrt(x^2 - 1)
  addUnary<AsinhOp>(rules,
                    [](Gradient &g, Value x, Value) { return g.make<ReciprocalOp>(g.sqrt(g.add(g.square(x), 1))); });
  addUnary<AcoshOp>(rules,
                    [](Gradient &g, Value x, Value) { return g.make<ReciprocalOp>(g.sqrt(g.add(g.square(x), -1))); });
  // y = atanh x   =>   dx = dy / (1 - x^2)
  addUnary<AtanhOp>(rules, [](Gradient &g, Value x, Value) { return g.make<ReciprocalOp>(g.sub(1, g.square(x))); });
}

void activations(GradientRules &rules) {
  // y = erf x   =>   dx = dy * 2/sqrt(pi) * e^(-x^2)
  addUnary<ErfOp>(rules, [](Gradient &g, Value x, Value) { return g.mul(g.exp(g.neg(g.square(x))), M_2_SQRTPI); });
  // y = 1 / (1 + e^-x)   =>   dx = dy * y * (1 - y)
  addUnary<SigmoidOp>(rules, [](Gradient &g, Value, Value y) { return g.mul(y, g.sub(1, y)); });
  // y = x P(x) with P(x) = (1 + erf(x / sqrt 2)) / 2   =>   dx = dy * (P(x) + x * e^(-x^2 / 2) / sqrt(2 pi))
  addUnary<GeluOp>(rules, [](Gradient &g, Value x, Value) {
    Value probability = g.add(g.mul(g.make<ErfOp>(g.mul(x, M_SQRT1_2)), 0.5), 0.5);
    Value density = g.mul(g.exp(g.mul(g.square(x), -0.5)), 0.5 * M_2_SQRTPI * M_SQRT1_2);
    return g.add(probability, g.mul(x, density));
  });
  // y = max(x, 0)   =>   dx = dy where y > 0
  rules.add<ReluOp>([](ReluOp op, Gradient &g) {
    g.toInput(0, g.where(g.less(g.scalar(0, op.getOutput()), op.getOutput()), g.ofOutput()));
  });
}

void arithmetic(GradientRules &rules) {
  // y = a + b   =>   da = dy, db = dy
  rules.add<AddOp>([](AddOp, Gradient &g) { g.toInput(0, g.ofOutput()), g.toInput(1, g.ofOutput()); });
  // y = a - b   =>   da = dy, db = -dy
  rules.add<SubOp>([](SubOp, Gradient &g) {
    g.toInput(0, g.ofOutput());
    if (g.wantsInput(1))
      g.toInput(1, g.neg(g.ofOutput()));
  });
  // y = a * b   =>   da = dy * b, db = dy * a
  rules.add<MulOp>([](MulOp op, Gradient &g) {
    if (g.wantsInput(0))
      g.toInput(0, g.mul(g.ofOutput(), op.getRhs()));
    if (g.wantsInput(1))
      g.toInput(1, g.mul(g.ofOutput(), op.getLhs()));
  });
  // y = a / b   =>   da = dy / b, db = -dy * y / b
  rules.add<DivOp>([](DivOp op, Gradient &g) {
    Value quotient = g.div(g.ofOutput(), op.getRhs());
    g.toInput(0, quotient);
    if (g.wantsInput(1))
      g.toInput(1, g.neg(g.mul(quotient, op.getOutput())));
  });
}

/// y = min(a, b) or max(a, b)   =>   da = dy where y is a, db = dy where y is b, half each where a = b
template <typename Op>
void addExtremum(GradientRules &rules) {
  rules.add<Op>([](Op op, Gradient &g) {
    Value a = op.getLhs(), b = op.getRhs(), isLess = g.less(a, b), isTie = g.equal(a, b);
    if constexpr (std::is_same_v<Op, MaxOp>)
      std::swap(a, b);
    unsigned less = a == op.getLhs() ? 0 : 1;
    Value half = g.select(isTie, g.mul(g.ofOutput(), 0.5), g.ofOutput());
    Value zero = g.scalar(0, half), ofLesser = g.make<OrOp>(isLess, isTie);
    g.toInput(less, g.select(ofLesser, half, zero));
    g.toInput(1 - less, g.select(isLess, zero, half));
  });
}

/// The number in a tensor that holds one number throughout.
std::optional<double> splatNumber(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  auto splat = constant ? dyn_cast<SplatElementsAttr>(constant.getValue()) : nullptr;
  if (!splat || !isa<FloatType>(splat.getElementType()))
    return std::nullopt;
  return splat.getSplatValue<APFloat>().convertToDouble();
}

/// da = dy * b * a^(b - 1), and 0 where b = 0
Value powerOfBase(PowOp op, Gradient &g) {
  if (auto exponent = splatNumber(op.getRhs())) {
    if (*exponent == 2)
      return g.mul(g.ofOutput(), g.mul(op.getLhs(), 2.0));
    return g.mul(g.ofOutput(), g.mul(g.make<PowOp>(op.getLhs(), g.scalar(*exponent - 1, op.getLhs())), *exponent));
  }
  Value exponent = g.cast(op.getRhs(), getElementTypeOrSelf(op.getLhs()));
  Value slope = g.mul(exponent, g.make<PowOp>(op.getLhs(), g.add(exponent, -1)));
  Value zero = g.scalar(0, exponent);
  return g.select(g.equal(exponent, zero), zero, g.mul(g.ofOutput(), slope));
}

void powers(GradientRules &rules) {
  // y = a^b   =>   da = dy * b * a^(b - 1), db = dy * y * log a (0 where a = 0)
  rules.add<PowOp>([](PowOp op, Gradient &g) {
    if (g.wantsInput(0))
      g.toInput(0, powerOfBase(op, g));
    if (g.wantsInput(1)) {
      Value zero = g.scalar(0, op.getLhs());
      Value slope = g.mul(op.getOutput(), g.log(op.getLhs()));
      Value gradient = g.mul(g.ofOutput(), g.select(g.equal(op.getLhs(), zero), zero, slope));
      g.toInput(1, g.cast(gradient, getElementTypeOrSelf(op.getRhs())));
    }
  });
  // y = a - b * floor(a / b)   =>   da = dy, db = -dy * floor(a / b)
  rules.add<ModOp>([](ModOp op, Gradient &g) {
    g.toInput(0, g.ofOutput());
    if (g.wantsInput(1))
      g.toInput(1, g.neg(g.mul(g.ofOutput(), g.make<FloorOp>(g.div(op.getLhs(), op.getRhs())))));
  });
  // y = a - b * trunc(a / b)   =>   da = dy, db = -dy * trunc(a / b)
  rules.add<RemOp>([](RemOp op, Gradient &g) {
    g.toInput(0, g.ofOutput());
    if (!g.wantsInput(1))
      return;
    Value quotient = g.div(op.getLhs(), op.getRhs());
    Value truncated = g.mul(g.make<SignOp>(quotient), g.make<FloorOp>(g.make<AbsOp>(quotient)));
    g.toInput(1, g.neg(g.mul(g.ofOutput(), truncated)));
  });
}

} // namespace

void elementwiseGradients(GradientRules &rules) {
  roots(rules);
  trigonometric(rules);
  activations(rules);
  arithmetic(rules);
  addExtremum<MinOp>(rules);
  addExtremum<MaxOp>(rules);
  powers(rules);
  // y = x where c, else z   =>   dx = dy where c, dz = dy where not c
  rules.add<SelectOp>([](SelectOp op, Gradient &g) {
    Value zero = g.scalar(0, op.getOutput());
    g.toInput(1, g.select(op.getCondition(), g.ofOutput(), zero));
    g.toInput(2, g.select(op.getCondition(), zero, g.ofOutput()));
  });
  // y = x as another type   =>   dx = dy as the first
  rules.add<CastOp>(
      [](CastOp op, Gradient &g) { g.toInput(0, g.cast(g.ofOutput(), getElementTypeOrSelf(op.getInput()))); });
  rules.addConstant<SignOp, CeilOp, FloorOp, RoundOp>();
  rules.addConstant<NotOp, AndOp, OrOp, XorOp, ShiftLeftOp, ShiftRightOp>();
  rules.addConstant<EqualOp, LessOp, LessOrEqualOp, IsNanOp, IsInfOp>();
}

} // namespace ingot
