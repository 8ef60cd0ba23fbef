//===- elementwise.cpp - Pointwise operations on scalars and vectors ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A table: one row for each pointwise operation. float16 and bfloat16 are computed in float32; functions of float64 are
// the C library's.
//
//===----------------------------------------------------------------------===//
#include "codegen/scalar/Casts.h"
#include "codegen/scalar/Integers.h"
#include "codegen/scalar/Scalar.h"
#include "codegen/scalar/VectorMath.h"
#include "dialects/ingot/Ingot.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include <cmath>
#include <functional>
#include <limits>

using namespace mlir;

namespace ingot {
namespace {

/// What a row of the table computes from.
struct Operands {
  const Place &at;
  Operation *op;
  /// The first operand's tensor element (for halves: float32, in which they are computed).
  Type element;
  SmallVector<Value, 3> values;

  bool isFloat() const { return isa<FloatType>(element); }
  bool isUnsigned() const { return element.isUnsignedInteger() || element.isInteger(1); }
  Real real(unsigned number) const { return {at, values[number]}; }
  Bits bits(unsigned number) const { return {at, values[number]}; }
  /// `sum`, say, for floats and integers alike.
  template <typename Float, typename Integer>
  Value binary() const {
    return isFloat() ? at.create<Float>(values[0], values[1]) : at.create<Integer>(values[0], values[1]);
  }
};

using Rule = std::function<Value(const Operands &)>;

/// The number that a value is in every lane, if known.
std::optional<double> constantOf(Value value) {
  if (auto broadcast = value.getDefiningOp<vector::BroadcastOp>())
    value = broadcast.getSource();
  if (auto splat = value.getDefiningOp<vector::SplatOp>())
    value = splat.getInput();
  Attribute attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return std::nullopt;
  if (auto elements = dyn_cast<DenseElementsAttr>(attr); elements && elements.isSplat())
    attr = elements.getSplatValue<Attribute>();
  auto number = dyn_cast<FloatAttr>(attr);
  return number ? std::optional(number.getValueAsDouble()) : std::nullopt;
}

// Rows that need more than a line
// ---------------------------------------------------------------------------------------

Value absolute(const Operands &in) {
  if (in.isFloat())
    return in.real(0).abs().get();
  Bits x = in.bits(0);
  return in.isUnsigned() ? x.get() : select(x.is(IntCompare::slt, 0), x.like(0) - x, x).get();
}

Value sign(const Operands &in) {
  if (in.isFloat()) {
    Real x = in.real(0);
    return select(x > 0, 1.0, select(x < 0, -1.0, x)).get(); // zeros and NaN stay
  }
  Bits x = in.bits(0);
  Bits positive = select(x.is(IntCompare::ne, 0), x.like(1), x.like(0));
  return in.isUnsigned() ? positive.get() : select(x.is(IntCompare::slt, 0), x.like(-1), positive).get();
}

Value relu(const Operands &in) {
  if (in.isFloat())
    return in.real(0).atLeast(0).get();
  Bits x = in.bits(0);
  return in.isUnsigned() ? x.get() : select(x.is(IntCompare::slt, 0), x.like(0), x).get();
}

Value reciprocal(const Operands &in) {
  if (in.isFloat())
    return (in.real(0).like(1) / in.real(0)).get();
  return quotient(in.bits(0).like(1), in.bits(0), in.isUnsigned()).get();
}

template <typename Op>
Value rounding(const Operands &in) {
  return in.isFloat() ? in.at.create<Op>(in.values[0]) : in.values[0];
}

Value complement(const Operands &in) { return (in.bits(0) ^ in.bits(0).like(-1)).get(); }

Value isNan(const Operands &in) {
  return in.isFloat() ? in.real(0).isNan().get() : in.bits(0).is(IntCompare::ne, in.bits(0)).get();
}

Value isInfinite(const Operands &in) {
  if (!in.isFloat())
    return isNan(in);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  auto op = cast<IsInfOp>(in.op);
  Real x = in.real(0);
  if (op.getPositive() && op.getNegative())
    return x.abs().is(Compare::OEQ, infinity).get();
  // Neither sign: nothing equals NaN.
  double wanted = op.getPositive() ? infinity : op.getNegative() ? -infinity : std::numeric_limits<double>::quiet_NaN();
  return x.is(Compare::OEQ, wanted).get();
}

Value divide(const Operands &in) {
  if (!in.isFloat())
    return quotient(in.bits(0), in.bits(1), in.isUnsigned()).get();
  // By a power of two, multiplication is exact too, and five times as fast.
  int exponent = 0;
  std::optional<double> divisor = constantOf(in.values[1]);
  if (divisor && std::abs(std::frexp(*divisor, &exponent)) == 0.5 && std::abs(exponent) < 100)
    return (in.real(0) * (1 / *divisor)).get();
  return (in.real(0) / in.real(1)).get();
}

/// The greater (or lesser) of two, NaN if one is. A constant bound costs one instruction.
template <Compare prefers, bool isMaximum>
Value extremum(const Operands &in) {
  if (!in.isFloat()) {
    IntCompare isSigned = isMaximum ? IntCompare::sgt : IntCompare::slt;
    IntCompare isUnsigned = isMaximum ? IntCompare::ugt : IntCompare::ult;
    Bits x = in.bits(0), y = in.bits(1);
    return select(x.is(in.isUnsigned() ? isUnsigned : isSigned, y), x, y).get();
  }
  for (unsigned number : {1, 0})
    if (std::optional<double> bound = constantOf(in.values[number]); bound && !std::isnan(*bound)) {
      Real x = in.real(1 - number);
      return (isMaximum ? x.atLeast(*bound) : x.atMost(*bound)).get();
    }
  Real x = in.real(0), y = in.real(1);
  return select(x.isNan(), x, select(x.is(prefers, y), x, y)).get();
}

Value raise(const Operands &in) {
  if (!in.isFloat())
    return power(in.bits(0), in.bits(1), in.isUnsigned()).get();
  Real x = in.real(0);
  std::optional<double> exponent = constantOf(in.values[1]);
  if (exponent == 1)
    return x.get();
  if (exponent == 2)
    return (x * x).get();
  if (exponent == 3)
    return (x * x * x).get();
  if (exponent == 0.5)
    return x.sqrt().get();
  if (exponent == -1)
    return (x.like(1) / x).get();
  if (exponent == -0.5)
    return (x.like(1) / x.sqrt()).get();
  return in.element.isF64() ? callLibrary(in.at, "pow", in.values) : power(x, in.real(1)).get();
}

Value floatRemainder(const Operands &in) {
  // No machine has this in vectors, and it is rare.
  return callLibrary(in.at, "fmod", in.values);
}

Value floatModulo(const Operands &in) {
  Real rest(in.at, floatRemainder(in)), y = in.real(1);
  Truth anyNegative = (rest < 0) | (y < 0), bothNegative = (rest < 0) & (y < 0);
  return select(anyNegative & !bothNegative & rest.is(Compare::UNE, 0), rest + y, rest).get();
}

Value compare(const Operands &in, Compare ofFloats, IntCompare ofSigned, IntCompare ofUnsigned) {
  if (in.isFloat())
    return in.real(0).is(ofFloats, in.real(1)).get();
  return in.bits(0).is(in.isUnsigned() ? ofUnsigned : ofSigned, in.bits(1)).get();
}

Value wideSigmoid(const Operands &in) {
  Real e(in.at, callLibrary(in.at, "exp", (-in.real(0)).get()));
  return (e.like(1) / (e + 1)).get();
}

Value wideGelu(const Operands &in) {
  Real erf(in.at, callLibrary(in.at, "erf", (in.real(0) * 0.70710678118654752440).get())), half = in.real(0) * 0.5;
  return fma(half, erf, half).get();
}

// The table
// -------------------------------------------------------------------------------------------------------------

/// A function of floats: `narrow` for float32, `wide` for float64; integers have none.
Rule function(Real (*narrow)(Real), Rule wide) {
  return [narrow, wide](const Operands &in) {
    if (!in.isFloat())
      return Value();
    return in.element.isF64() ? wide(in) : narrow(in.real(0)).get();
  };
}

Rule function(Real (*narrow)(Real), const char *wide) {
  return function(narrow, [wide](const Operands &in) { return callLibrary(in.at, wide, in.values); });
}

Rule comparison(Compare ofFloats, IntCompare ofSigned, IntCompare ofUnsigned) {
  return [=](const Operands &in) { return compare(in, ofFloats, ofSigned, ofUnsigned); };
}

class Table {
public:
  Table() {
    addArithmetic();
    addFunctions();
    addLogic();
  }
  const Rule *find(Operation *op) const {
    auto row = rows.find(op->getName().getTypeID());
    return row == rows.end() ? nullptr : &row->second;
  }

private:
  template <typename Op>
  void add(Rule rule) {
    rows[TypeID::get<Op>()] = std::move(rule);
  }
  void addArithmetic();
  void addFunctions();
  void addLogic();

  llvm::DenseMap<TypeID, Rule> rows;
};

void Table::addArithmetic() {
  add<AbsOp>(absolute);
  add<NegOp>(
      [](const Operands &in) { return in.isFloat() ? (-in.real(0)).get() : (in.bits(0).like(0) - in.bits(0)).get(); });
  add<SignOp>(sign);
  add<CeilOp>(rounding<math::CeilOp>);
  add<FloorOp>(rounding<math::FloorOp>);
  add<RoundOp>(rounding<math::RoundEvenOp>);
  add<ReciprocalOp>(reciprocal);
  add<ReluOp>(relu);
  add<AddOp>([](const Operands &in) { return in.binary<arith::AddFOp, arith::AddIOp>(); });
  add<SubOp>([](const Operands &in) { return in.binary<arith::SubFOp, arith::SubIOp>(); });
  add<MulOp>([](const Operands &in) { return in.binary<arith::MulFOp, arith::MulIOp>(); });
  add<DivOp>(divide);
  add<MinOp>(extremum<Compare::OLT, false>);
  add<MaxOp>(extremum<Compare::OGT, true>);
  add<PowOp>(raise);
  add<ModOp>([](const Operands &in) {
    return in.isFloat() ? floatModulo(in) : modulo(in.bits(0), in.bits(1), in.isUnsigned()).get();
  });
  add<RemOp>([](const Operands &in) {
    return in.isFloat() ? floatRemainder(in) : remainder(in.bits(0), in.bits(1), in.isUnsigned()).get();
  });
}

void Table::addFunctions() {
  add<SqrtOp>([](const Operands &in) { return in.isFloat() ? in.real(0).sqrt().get() : Value(); });
  add<ExpOp>(function(exponential, "exp"));
  add<LogOp>(function(logarithm, "log"));
  add<SinOp>(function(sine, "sin"));
  add<CosOp>(function(cosine, "cos"));
  add<TanOp>(function(tangent, "tan"));
  add<AsinOp>(function(inverseSine, "asin"));
  add<AcosOp>(function(inverseCosine, "acos"));
  add<AtanOp>(function(inverseTangent, "atan"));
  add<SinhOp>(function(hyperbolicSine, "sinh"));
  add<CoshOp>(function(hyperbolicCosine, "cosh"));
  add<AsinhOp>(function(inverseHyperbolicSine, "asinh"));
  add<AcoshOp>(function(inverseHyperbolicCosine, "acosh"));
  add<AtanhOp>(function(inverseHyperbolicTangent, "atanh"));
  add<TanhOp>(function(hyperbolicTangent, "tanh"));
  add<ErfOp>(function(errorFunction, "erf"));
  add<SigmoidOp>(function(sigmoid, wideSigmoid));
  add<GeluOp>(function(gelu, wideGelu));
}

void Table::addLogic() {
  add<NotOp>(complement);
  add<AndOp>([](const Operands &in) { return (in.bits(0) & in.bits(1)).get(); });
  add<OrOp>([](const Operands &in) { return (in.bits(0) | in.bits(1)).get(); });
  add<XorOp>([](const Operands &in) { return (in.bits(0) ^ in.bits(1)).get(); });
  add<ShiftLeftOp>([](const Operands &in) { return shiftLeft(in.bits(0), in.bits(1)).get(); });
  add<ShiftRightOp>([](const Operands &in) { return shiftRight(in.bits(0), in.bits(1), in.isUnsigned()).get(); });
  add<IsNanOp>(isNan);
  add<IsInfOp>(isInfinite);
  add<EqualOp>(comparison(Compare::OEQ, IntCompare::eq, IntCompare::eq));
  add<LessOp>(comparison(Compare::OLT, IntCompare::slt, IntCompare::ult));
  add<LessOrEqualOp>(comparison(Compare::OLE, IntCompare::sle, IntCompare::ule));
  add<SelectOp>(
      [](const Operands &in) { return in.at.create<arith::SelectOp>(in.values[0], in.values[1], in.values[2]); });
  add<CastOp>([](const Operands &in) {
    return convert(in.at, in.values[0], getElementTypeOrSelf(in.op->getOperand(0).getType()),
                   cast<CastOp>(in.op).getElement());
  });
}

} // namespace

Value emitScalar(OpBuilder &builder, Location loc, Operation *op, ValueRange operands) {
  static const Table table;
  const Rule *rule = table.find(op);
  if (!rule)
    return {};
  Place at{builder, loc};
  Operands in{at, op, getElementTypeOrSelf(op->getOperand(0).getType()), SmallVector<Value, 3>(operands)};
  if (!isHalf(in.element) || isa<CastOp, SelectOp>(op))
    return (*rule)(in);
  Type half = std::exchange(in.element, builder.getF32Type());
  for (Value &value : in.values)
    value = widenHalf(at, value);
  Value result = (*rule)(in);
  return result && getElementTypeOrSelf(result.getType()).isF32() ? narrowToHalf(at, result, half) : result;
}

Value emitExp(OpBuilder &builder, Location loc, Value x) {
  Place at{builder, loc};
  return exponential(Real(at, x)).get();
}

Value emitExpOfNonPositive(OpBuilder &builder, Location loc, Value x) {
  Place at{builder, loc};
  return exponentialOfNonPositive(Real(at, x)).get();
}

Value emitLog(OpBuilder &builder, Location loc, Value x) {
  Place at{builder, loc};
  return logarithm(Real(at, x)).get();
}

} // namespace ingot
