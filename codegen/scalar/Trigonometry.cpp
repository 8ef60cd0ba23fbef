//===- Trigonometry.cpp - Circular functions and inverse functions --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/scalar/VectorMath.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <limits>

using namespace mlir;

namespace ingot {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double pi = 3.14159265358979323846;

/// Sine and cosine of x - quadrant * pi/2, |that| <= pi/4.
struct Circle {
  Real sine, cosine;
  Bits quadrant;
};

// The reduction is done in float64, whose 53 digits and one correction leave 24 good ones for |x| < 2^28.
constexpr double largestAngle = 0x1p28;

Circle reduceAngle(Real x) {
  constexpr double magic = 6755399441055744.0; // 1.5 * 2^52
  Real wide = x.toDouble(), t = fma(wide, 2 / pi, magic), n = t - magic;
  Real r = fma(n, -6.123233995736766e-17, fma(n, -1.5707963267948966, wide)).toSingle();
  Bits low = t.bits();
  Type narrow = withElement(x.type(), x.at().builder.getI32Type());
  Bits quadrant(x.at(), x.at().create<arith::TruncIOp>(narrow, low.get()));
  Real z = r * r;
  Real sine = fma(polynomial(z, {-0.16666655242443085, 0.008332173340022564, -0.00019516656175255775}), z * r, r);
  Real cosine = polynomial(z, {1, -0.5, 0.04166664555668831, -0.001388736185617745, 2.4437729734927416e-05});
  return {sine, cosine, quadrant};
}

/// `fast` for moderate angles; when any lane is beyond, the C library's `name` for all lanes.
Real forAllAngles(Real x, StringRef name, Real (*fast)(Circle)) {
  const Place &at = x.at();
  Value isBeyond = x.abs().is(Compare::OGT, largestAngle).get();
  if (isa<VectorType>(isBeyond.getType()))
    isBeyond = at.create<vector::ReductionOp>(vector::CombiningKind::OR, isBeyond);
  auto branch = at.builder.create<scf::IfOp>(at.loc, x.type(), isBeyond, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(at.builder);
  at.builder.setInsertionPointToEnd(branch.thenBlock());
  at.builder.create<scf::YieldOp>(at.loc, callLibrary(at, name, x.get()));
  at.builder.setInsertionPointToEnd(branch.elseBlock());
  at.builder.create<scf::YieldOp>(at.loc, fast(reduceAngle(x)).get());
  return {at, branch.getResult(0)};
}

/// `value` with its sign flipped where bit 1 of `quadrant` is set.
Real signedBy(Bits quadrant, Real value) {
  return Real::fromBits(value.bits() ^ ((quadrant & quadrant.like(2)) << 30));
}

Truth isOdd(Bits quadrant) { return (quadrant & quadrant.like(1)).is(IntCompare::ne, 0); }

/// asin x = x + x^3 P(x^2) for |x| <= 1/2.
Real inverseSineSeries(Real x, Real square) {
  Real p = polynomial(square, {0.16666659712791443, 0.07500512152910233, 0.044515471905469894, 0.03181982412934303,
                               0.014393788762390614, 0.03757818043231964});
  return fma(p, square * x, x);
}

} // namespace

Real sine(Real x) {
  return forAllAngles(x, "sin",
                      [](Circle c) { return signedBy(c.quadrant, select(isOdd(c.quadrant), c.cosine, c.sine)); });
}

Real cosine(Real x) {
  return forAllAngles(x, "cos", [](Circle c) {
    Bits shifted = c.quadrant + c.quadrant.like(1);
    return signedBy(shifted, select(isOdd(c.quadrant), c.sine, c.cosine));
  });
}

Real tangent(Real x) {
  return forAllAngles(x, "tan", [](Circle c) {
    Truth isOddQuadrant = isOdd(c.quadrant);
    Real numerator = select(isOddQuadrant, -c.cosine, c.sine);
    return numerator / select(isOddQuadrant, c.sine, c.cosine);
  });
}

// asin x = pi/2 - 2 asin sqrt((1 - x) / 2) for x > 1/2
Real inverseSine(Real x) {
  Real magnitude = x.abs();
  Truth isLarge = magnitude > 0.5;
  Real square = select(isLarge, fma(magnitude, -0.5, 0.5), x * x);
  Real series = inverseSineSeries(select(isLarge, square.sqrt(), magnitude), square);
  return select(isLarge, fma(series, -2.0, pi / 2), series).withSign(x);
}

// acos x = 2 asin sqrt((1 - x) / 2) for x > 1/2, pi - that of -x for x < -1/2, else pi/2 - asin x
Real inverseCosine(Real x) {
  Real magnitude = x.abs();
  Truth isLarge = magnitude > 0.5;
  Real square = select(isLarge, fma(magnitude, -0.5, 0.5), x * x);
  Real series = inverseSineSeries(select(isLarge, square.sqrt(), x), square);
  // pi/2 rounds up to float32; the excess goes with the small term.
  constexpr double excess = double(float(pi / 2)) - pi / 2;
  Real small = x.like(pi / 2) - (series + excess);
  Real large = select(x < 0, fma(series, -2.0, pi), series * 2);
  return select(isLarge, large, small);
}

// atan x = pi/2 - atan(1/x), and pi/4 + atan((x - 1) / (x + 1)), which leave |x| <= tan(pi/8)
Real inverseTangent(Real x) {
  Real magnitude = x.abs();
  Truth isLarge = magnitude > 2.414213562373095, isMedium = magnitude > 0.4142135623730950;
  Real numerator = select(isLarge, -1.0, select(isMedium, magnitude - 1, magnitude));
  Real denominator = select(isLarge, magnitude, select(isMedium, magnitude + 1, 1.0));
  Real start = select(isLarge, pi / 2, select(isMedium, pi / 4, x.like(0)));
  Real t = numerator / denominator, square = t * t;
  Real p = polynomial(square, {-0.33333316445350647, 0.19998478889465332, -0.14243628084659576, 0.10594276338815689,
                               -0.06078857183456421});
  return (start + fma(p, square * t, t)).withSign(x);
}

// The inverse hyperbolic functions are logarithms of sums that cancel: float64 inside, and a series close to zero.

Real inverseHyperbolicSine(Real x) {
  Real wide = x.abs().toDouble();
  Real large = wideLogarithm(wide + fma(wide, wide, 1.0).sqrt()).toSingle().withSign(x);
  return select(x.abs() < 0x1p-11, fma(x * x, x * (-1.0 / 6), x), large);
}

Real inverseHyperbolicCosine(Real x) {
  Real wide = x.toDouble();
  Real result = wideLogarithm(wide + fma(wide, wide, -1.0).sqrt()).toSingle();
  return select(x < 1, nan, result);
}

Real inverseHyperbolicTangent(Real x) {
  Real wide = x.toDouble();
  Real large = (wideLogarithm((wide + 1) / (wide.like(1) - wide)) * 0.5).toSingle();
  return select(x.abs() < 0x1p-11, fma(x * x, x * (1.0 / 3), x), large);
}

} // namespace ingot
