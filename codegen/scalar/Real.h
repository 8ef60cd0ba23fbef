//===- Real.h - Numbers in registers, written as formulas -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A Real is a float (or a vector of floats) being computed, a Bits an integer, a Truth an i1. Operators emit one
// operation each; nothing is reordered or contracted, so that error bounds hold as written.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_SCALAR_REAL_H
#define INGOT_CODEGEN_SCALAR_REAL_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/TypeUtilities.h"

namespace ingot {

/// `element` as the element of a scalar or vector shaped like `type`.
inline mlir::Type withElement(mlir::Type type, mlir::Type element) {
  if (auto vector = llvm::dyn_cast<mlir::VectorType>(type))
    return mlir::VectorType::get(vector.getShape(), element);
  return element;
}

/// Where operations are emitted.
struct Place {
  mlir::OpBuilder &builder;
  mlir::Location loc;

  template <typename Op, typename... Args>
  mlir::Value create(Args &&...args) const {
    return builder.create<Op>(loc, std::forward<Args>(args)...);
  }
  /// The same attribute in every lane of `type`.
  mlir::Value constant(mlir::Type type, mlir::Attribute attr) const {
    if (auto vector = llvm::dyn_cast<mlir::VectorType>(type))
      attr = mlir::DenseElementsAttr::get(vector, attr);
    return create<mlir::arith::ConstantOp>(llvm::cast<mlir::TypedAttr>(attr));
  }
};

using Compare = mlir::arith::CmpFPredicate;
using IntCompare = mlir::arith::CmpIPredicate;

/// A value and where it was made; what Real, Bits and Truth have in common.
class Register {
public:
  Register(const Place &place, mlir::Value value) : place(&place), value(value) {}
  mlir::Value get() const { return value; }
  mlir::Type type() const { return value.getType(); }
  mlir::Type element() const { return mlir::getElementTypeOrSelf(value.getType()); }
  unsigned width() const { return element().getIntOrFloatBitWidth(); }
  const Place &at() const { return *place; }

protected:
  template <typename Op>
  mlir::Value emit(mlir::Value rhs) const {
    return place->create<Op>(value, rhs);
  }

private:
  const Place *place;
  mlir::Value value;
};

/// i1, one per lane.
class Truth : public Register {
public:
  using Register::Register;
  Truth operator&(Truth rhs) const { return {at(), emit<mlir::arith::AndIOp>(rhs.get())}; }
  Truth operator|(Truth rhs) const { return {at(), emit<mlir::arith::OrIOp>(rhs.get())}; }
  Truth operator!() const {
    mlir::Value on = at().constant(type(), at().builder.getBoolAttr(true));
    return {at(), emit<mlir::arith::XOrIOp>(on)};
  }
};

/// An integer; signed unless an operation says otherwise.
class Bits : public Register {
public:
  using Register::Register;
  Bits like(int64_t number) const {
    return {at(), at().constant(type(), at().builder.getIntegerAttr(element(), llvm::APInt(width(), number, true)))};
  }
  Bits operator+(Bits rhs) const { return {at(), emit<mlir::arith::AddIOp>(rhs.get())}; }
  Bits operator-(Bits rhs) const { return {at(), emit<mlir::arith::SubIOp>(rhs.get())}; }
  Bits operator*(Bits rhs) const { return {at(), emit<mlir::arith::MulIOp>(rhs.get())}; }
  Bits operator&(Bits rhs) const { return {at(), emit<mlir::arith::AndIOp>(rhs.get())}; }
  Bits operator|(Bits rhs) const { return {at(), emit<mlir::arith::OrIOp>(rhs.get())}; }
  Bits operator^(Bits rhs) const { return {at(), emit<mlir::arith::XOrIOp>(rhs.get())}; }
  Bits operator<<(int64_t places) const { return {at(), emit<mlir::arith::ShLIOp>(like(places).get())}; }
  /// Keeps the sign.
  Bits operator>>(int64_t places) const { return {at(), emit<mlir::arith::ShRSIOp>(like(places).get())}; }
  Bits shiftRightUnsigned(int64_t places) const { return {at(), emit<mlir::arith::ShRUIOp>(like(places).get())}; }
  Truth is(IntCompare predicate, Bits rhs) const {
    return {at(), at().create<mlir::arith::CmpIOp>(predicate, get(), rhs.get())};
  }
  Truth is(IntCompare predicate, int64_t rhs) const { return is(predicate, like(rhs)); }
};

/// A float.
class Real : public Register {
public:
  using Register::Register;
  Real like(double number) const { return {at(), at().constant(type(), at().builder.getFloatAttr(element(), number))}; }
  Real operator+(Real rhs) const { return {at(), emit<mlir::arith::AddFOp>(rhs.get())}; }
  Real operator-(Real rhs) const { return {at(), emit<mlir::arith::SubFOp>(rhs.get())}; }
  Real operator*(Real rhs) const { return {at(), emit<mlir::arith::MulFOp>(rhs.get())}; }
  Real operator/(Real rhs) const { return {at(), emit<mlir::arith::DivFOp>(rhs.get())}; }
  Real operator+(double rhs) const { return *this + like(rhs); }
  Real operator-(double rhs) const { return *this - like(rhs); }
  Real operator*(double rhs) const { return *this * like(rhs); }
  Real operator/(double rhs) const { return *this / like(rhs); }
  Real operator-() const { return {at(), at().create<mlir::arith::NegFOp>(get())}; }
  Truth is(Compare predicate, Real rhs) const {
    return {at(), at().create<mlir::arith::CmpFOp>(predicate, get(), rhs.get())};
  }
  Truth is(Compare predicate, double rhs) const { return is(predicate, like(rhs)); }
  Truth operator<(double rhs) const { return is(Compare::OLT, rhs); }
  Truth operator>(double rhs) const { return is(Compare::OGT, rhs); }
  Truth isNan() const { return is(Compare::UNO, *this); }

  Real abs() const { return {at(), at().create<mlir::math::AbsFOp>(get())}; }
  Real sqrt() const { return {at(), at().create<mlir::math::SqrtOp>(get())}; }
  /// Toward zero.
  Real truncate() const { return {at(), at().create<mlir::math::TruncOp>(get())}; }
  /// The magnitude of this with the sign of `sign`.
  Real withSign(Real sign) const { return {at(), at().create<mlir::math::CopySignOp>(get(), sign.get())}; }
  /// max(this, low) and min(this, high) that keep NaN; one instruction each.
  Real atLeast(double low) const {
    return {at(), at().create<mlir::arith::SelectOp>(like(low).is(Compare::OGT, *this).get(), like(low).get(), get())};
  }
  Real atMost(double high) const {
    return {at(),
            at().create<mlir::arith::SelectOp>(like(high).is(Compare::OLT, *this).get(), like(high).get(), get())};
  }

  /// The representation, and back.
  Bits bits() const {
    mlir::Type integer = withElement(type(), at().builder.getIntegerType(width()));
    return {at(), at().create<mlir::arith::BitcastOp>(integer, get())};
  }
  static Real fromBits(Bits bits) {
    mlir::Type element =
        bits.width() == 64 ? mlir::Type(bits.at().builder.getF64Type()) : bits.at().builder.getF32Type();
    return {bits.at(), bits.at().create<mlir::arith::BitcastOp>(withElement(bits.type(), element), bits.get())};
  }
  static Real fromInteger(Bits number, mlir::Type element) {
    return {number.at(), number.at().create<mlir::arith::SIToFPOp>(withElement(number.type(), element), number.get())};
  }
  Real toDouble() const {
    return {at(), at().create<mlir::arith::ExtFOp>(withElement(type(), at().builder.getF64Type()), get())};
  }
  Real toSingle() const {
    return {at(), at().create<mlir::arith::TruncFOp>(withElement(type(), at().builder.getF32Type()), get())};
  }
};

inline Real fma(Real a, Real b, Real c) {
  return {a.at(), a.at().create<mlir::math::FmaOp>(a.get(), b.get(), c.get())};
}
inline Real fma(Real a, double b, Real c) { return fma(a, a.like(b), c); }
inline Real fma(Real a, Real b, double c) { return fma(a, b, a.like(c)); }
inline Real fma(Real a, double b, double c) { return fma(a, a.like(b), a.like(c)); }

template <typename Number>
Number select(Truth condition, Number then, Number otherwise) {
  return {then.at(), then.at().template create<mlir::arith::SelectOp>(condition.get(), then.get(), otherwise.get())};
}
inline Real select(Truth condition, double then, Real otherwise) {
  return select(condition, otherwise.like(then), otherwise);
}
inline Real select(Truth condition, Real then, double otherwise) {
  return select(condition, then, then.like(otherwise));
}

/// c[0] + c[1] x + c[2] x^2 + ... by Horner's rule.
inline Real polynomial(Real x, llvm::ArrayRef<double> coefficients) {
  Real sum = x.like(coefficients.back());
  for (double coefficient : llvm::reverse(coefficients.drop_back()))
    sum = fma(sum, x, coefficient);
  return sum;
}

} // namespace ingot

#endif
