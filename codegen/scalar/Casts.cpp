//===- Casts.cpp - Between element types ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/scalar/Casts.h"
#include <cmath>

using namespace mlir;

namespace ingot {
namespace {

Type signless(Type element) {
  auto integer = dyn_cast<IntegerType>(element);
  return integer ? IntegerType::get(element.getContext(), integer.getWidth()) : element;
}

// Before AVX-512 BF16 the only instruction sequence is the integer one, and LLVM would call a function that libm lacks.
Value narrowToBFloat(const Place &at, Value value) {
  Real x(at, value);
  Bits bits = x.bits();
  Bits toEven = bits.shiftRightUnsigned(16) & bits.like(1);
  Bits rounded = (bits + bits.like(0x7FFF) + toEven).shiftRightUnsigned(16);
  Bits quiet = bits.shiftRightUnsigned(16) | bits.like(0x40);
  Value high = at.create<arith::TruncIOp>(withElement(value.getType(), at.builder.getI16Type()),
                                          select(x.isNan(), quiet, rounded).get());
  return at.create<arith::BitcastOp>(withElement(value.getType(), at.builder.getBF16Type()), high);
}

Value widenBFloat(const Place &at, Value value) {
  Type i16 = withElement(value.getType(), at.builder.getI16Type()),
       i32 = withElement(value.getType(), at.builder.getI32Type());
  Value bits = at.create<arith::ExtUIOp>(i32, at.create<arith::BitcastOp>(i16, value));
  return Real::fromBits(Bits(at, bits) << 16).get();
}

Value floatToFloat(const Place &at, Value value, Type from, Type to) {
  if (isHalf(from))
    return floatToFloat(at, widenHalf(at, value), at.builder.getF32Type(), to);
  if (isHalf(to))
    return narrowToHalf(at, from.isF64() ? Real(at, value).toSingle().get() : value, to);
  if (from == to)
    return value;
  return from.isF32() ? Real(at, value).toDouble().get() : Real(at, value).toSingle().get();
}

// An x beyond the integers' range is clamped in float; the greatest integer itself may not be a float, so it is chosen
// by comparison.
Value floatToInteger(const Place &at, Value value, IntegerType to) {
  bool isUnsigned = to.isUnsigned();
  unsigned digits = to.getWidth() - (isUnsigned ? 0 : 1);
  Real x(at, value);
  double limit = std::ldexp(1.0, digits), least = isUnsigned ? 0 : -limit;
  Real inside = select(x.isNan() | x.is(Compare::OGE, limit), 0.0, x).atLeast(least);
  Type type = withElement(value.getType(), signless(to));
  Value converted =
      isUnsigned ? at.create<arith::FPToUIOp>(type, inside.get()) : at.create<arith::FPToSIOp>(type, inside.get());
  llvm::APInt greatest =
      isUnsigned ? llvm::APInt::getMaxValue(to.getWidth()) : llvm::APInt::getSignedMaxValue(to.getWidth());
  Value most = at.constant(type, at.builder.getIntegerAttr(signless(to), greatest));
  return at.create<arith::SelectOp>(x.is(Compare::OGE, limit).get(), most, converted);
}

Value integerToFloat(const Place &at, Value value, bool isUnsigned, Type to) {
  Type type = withElement(value.getType(), to);
  return isUnsigned ? at.create<arith::UIToFPOp>(type, value) : at.create<arith::SIToFPOp>(type, value);
}

Value integerToInteger(const Place &at, Value value, bool isUnsigned, IntegerType to) {
  unsigned width = getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth();
  Type type = withElement(value.getType(), signless(to));
  if (width == to.getWidth())
    return value;
  if (width > to.getWidth())
    return at.create<arith::TruncIOp>(type, value);
  return isUnsigned ? at.create<arith::ExtUIOp>(type, value) : at.create<arith::ExtSIOp>(type, value);
}

Value isNotZero(const Place &at, Value value, Type from) {
  if (isa<FloatType>(from))
    return Real(at, value).is(Compare::UNE, 0).get();
  return Bits(at, value).is(IntCompare::ne, 0).get();
}

} // namespace

Value widenHalf(const Place &at, Value value) {
  if (getElementTypeOrSelf(value.getType()).isBF16())
    return widenBFloat(at, value);
  return at.create<arith::ExtFOp>(withElement(value.getType(), at.builder.getF32Type()), value);
}

Value narrowToHalf(const Place &at, Value value, Type half) {
  if (half.isBF16())
    return narrowToBFloat(at, value);
  return at.create<arith::TruncFOp>(withElement(value.getType(), half), value);
}

Value convert(const Place &at, Value value, Type from, Type to) {
  if (from == to)
    return value;
  if (isHalf(from) && !isHalf(to))
    return convert(at, widenHalf(at, value), at.builder.getF32Type(), to);
  if (to.isInteger(1))
    return from.isInteger(1) ? value : isNotZero(at, value, from);
  if (isa<FloatType>(from) && isa<FloatType>(to))
    return floatToFloat(at, value, from, to);
  if (isa<FloatType>(from))
    return floatToInteger(at, value, llvm::cast<IntegerType>(to));
  bool isUnsigned = from.isUnsignedInteger() || from.isInteger(1);
  if (isHalf(to))
    return narrowToHalf(at, integerToFloat(at, value, isUnsigned, at.builder.getF32Type()), to);
  if (isa<FloatType>(to))
    return integerToFloat(at, value, isUnsigned, to);
  return integerToInteger(at, value, isUnsigned, llvm::cast<IntegerType>(to));
}

} // namespace ingot
