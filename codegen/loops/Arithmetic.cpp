//===- Arithmetic.cpp - Combining elements of any type --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/loops/Loops.h"
#include "codegen/scalar/Casts.h"
#include "codegen/scalar/Scalar.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace ingot::cpu {

Arithmetic::Arithmetic(KernelBuilder &builder, Type type)
    : builder(builder), element(type), computed(type), isFloat(isa<FloatType>(type)), isUnsigned(false) {
  MLIRContext *context = type.getContext();
  if (auto integer = dyn_cast<IntegerType>(type)) {
    isUnsigned = integer.isUnsigned() || integer.getWidth() == 1;
    element = computed = IntegerType::get(context, integer.getWidth());
  } else if (type.getIntOrFloatBitWidth() < 32) {
    computed = Float32Type::get(context);
  }
}

Type Arithmetic::type(const Lanes *lanes) const {
  return lanes ? Type(VectorType::get({lanes->count}, computed)) : computed;
}

Value Arithmetic::widen(Value value) {
  if (computed == element)
    return value;
  return widenHalf({builder.op(), builder.getLoc()}, value);
}

Value Arithmetic::narrow(Value value) {
  if (computed == element)
    return value;
  return narrowToHalf({builder.op(), builder.getLoc()}, value, element);
}

Value Arithmetic::number(double value, const Lanes *lanes) { return builder.constant(type(lanes), value); }

Value Arithmetic::extreme(bool isLeast, const Lanes *lanes) {
  OpBuilder &op = builder.op();
  if (isFloat)
    return number(isLeast ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity(), lanes);
  unsigned width = computed.getIntOrFloatBitWidth();
  APInt bits = isUnsigned ? (isLeast ? APInt::getMinValue(width) : APInt::getMaxValue(width))
                          : (isLeast ? APInt::getSignedMinValue(width) : APInt::getSignedMaxValue(width));
  TypedAttr value = op.getIntegerAttr(computed, bits);
  if (lanes)
    value = DenseElementsAttr::get(cast<ShapedType>(type(lanes)), Attribute(value));
  return builder.create<arith::ConstantOp>(value);
}

Value Arithmetic::least(const Lanes *lanes) { return extreme(true, lanes); }
Value Arithmetic::greatest(const Lanes *lanes) { return extreme(false, lanes); }

Value Arithmetic::add(Value a, Value b) {
  return isFloat ? builder.create<arith::AddFOp>(a, b).getResult() : builder.create<arith::AddIOp>(a, b).getResult();
}

Value Arithmetic::sub(Value a, Value b) {
  return isFloat ? builder.create<arith::SubFOp>(a, b).getResult() : builder.create<arith::SubIOp>(a, b).getResult();
}

Value Arithmetic::mul(Value a, Value b) {
  return isFloat ? builder.create<arith::MulFOp>(a, b).getResult() : builder.create<arith::MulIOp>(a, b).getResult();
}

Value Arithmetic::div(Value a, Value b) {
  if (isFloat)
    return builder.create<arith::DivFOp>(a, b);
  return isUnsigned ? builder.create<arith::DivUIOp>(a, b).getResult()
                    : builder.create<arith::DivSIOp>(a, b).getResult();
}

Value Arithmetic::madd(Value a, Value b, Value c) { return isFloat ? builder.fma(a, b, c) : add(mul(a, b), c); }

Value Arithmetic::max(Value a, Value b) {
  if (isFloat)
    return builder.create<arith::MaximumFOp>(a, b);
  return isUnsigned ? builder.create<arith::MaxUIOp>(a, b).getResult()
                    : builder.create<arith::MaxSIOp>(a, b).getResult();
}

Value Arithmetic::min(Value a, Value b) {
  if (isFloat)
    return builder.create<arith::MinimumFOp>(a, b);
  return isUnsigned ? builder.create<arith::MinUIOp>(a, b).getResult()
                    : builder.create<arith::MinSIOp>(a, b).getResult();
}

Value Arithmetic::less(Value a, Value b) {
  if (isFloat)
    return builder.create<arith::CmpFOp>(arith::CmpFPredicate::OLT, a, b);
  return builder.create<arith::CmpIOp>(isUnsigned ? arith::CmpIPredicate::ult : arith::CmpIPredicate::slt, a, b);
}

Value Arithmetic::equal(Value a, Value b) {
  if (isFloat)
    return builder.create<arith::CmpFOp>(arith::CmpFPredicate::OEQ, a, b);
  return builder.create<arith::CmpIOp>(arith::CmpIPredicate::eq, a, b);
}

Value Arithmetic::exp(Value a) {
  return computed.isF32() ? emitExp(builder.op(), builder.getLoc(), a) : builder.create<math::ExpOp>(a).getResult();
}

Value Arithmetic::log(Value a) {
  return computed.isF32() ? emitLog(builder.op(), builder.getLoc(), a) : builder.create<math::LogOp>(a).getResult();
}

Value Arithmetic::sqrt(Value a) { return builder.create<math::SqrtOp>(a); }

Value Arithmetic::fromIndex(Index index, const Lanes *lanes) {
  Value value = builder.value(index);
  if (isFloat)
    value = builder.create<arith::SIToFPOp>(computed, value);
  else if (computed.getIntOrFloatBitWidth() < 64)
    value = builder.create<arith::TruncIOp>(computed, value);
  return lanes ? builder.splat(value, lanes->count) : value;
}

} // namespace ingot::cpu
