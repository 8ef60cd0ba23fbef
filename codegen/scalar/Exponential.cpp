//===- Exponential.cpp - exp, log, pow, tanh, erf and their kin -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All rest on one reduction, e^x = 2^n e^r with n = round(x / ln 2) and |r| <= ln(2)/2, and one polynomial for e^r - 1.
// The coefficients are minimax fits for the error measure of the function that uses them.
//
//===----------------------------------------------------------------------===//
#include "codegen/scalar/VectorMath.h"
#include <limits>

using namespace mlir;

namespace ingot {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// Adding this to |t| < 2^22 leaves round(t) in the low bits of the sum.
constexpr double roundingMagic = 12582912.0; // 1.5 * 2^23
constexpr double logTwoHigh = 0.693359375, logTwoLow = -2.12194440054690583e-4;

/// e^x = 2^n (1 + q).
struct Reduced {
  Real q;
  /// 2^(n + offset).
  Real scale;
};

/// `magic` = roundingMagic + offset. n + offset must lie in -126..127.
Reduced reduce(Real x, Real magic) {
  Real t = fma(x, 1.44269504088896341, magic), n = t - magic;
  Real r = fma(n, -logTwoLow, fma(n, -logTwoHigh, x));
  Real q = polynomial(r, {0.5, 0.166665181517601, 0.04166620597243309, 0.008368953131139278, 0.0013950602151453495});
  // The low bits of t, moved to the exponent's place; those of the magic number itself are shifted out.
  Bits exponent = t.bits() << 23;
  Real scale = Real::fromBits(exponent + exponent.like(0x3F800000));
  return {fma(q, r * r, r), scale};
}

/// factor * e^x. Powers of two are applied in two steps, so that results may be subnormal or overflow.
Real scaledExponential(Real x, double factor) {
  x = x.atLeast(-104.5).atMost(89.5);
  Truth isNegative = x < 0;
  Real magic = select(isNegative, roundingMagic + 75, x.like(roundingMagic - 2));
  Real rest = select(isNegative, 0x1p-75 * factor, x.like(4 * factor));
  Reduced e = reduce(x, magic);
  return fma(e.q, e.scale, e.scale) * rest;
}

/// e^x - 1 for -87 <= x <= 87, with small relative error near 0 too.
Real exponentialMinusOne(Real x) {
  Reduced e = reduce(x, x.like(roundingMagic));
  return fma(e.scale, e.q, e.scale - 1);
}

/// x = 2^exponent * mantissa with sqrt(1/2) <= mantissa < sqrt(2); x normal and positive.
struct Decomposed {
  Real mantissa, exponent;
};

Decomposed decompose(Real x) {
  bool isWide = x.width() == 64;
  int64_t digits = isWide ? 52 : 23, sqrtHalf = isWide ? 0x3FE6A09E667F3BCD : 0x3F3504F3;
  Bits bits = x.bits();
  Bits exponent = (bits - bits.like(sqrtHalf)) >> digits;
  return {Real::fromBits(bits - (exponent << digits)), Real::fromInteger(exponent, x.element())};
}

/// The logarithm's values outside the finite positive numbers.
Real logarithmLimits(Real x, Real inside) {
  Real finite = select(x < infinity, inside, x); // NaN stays as well
  Real atOrBelowZero = select(x.is(Compare::OEQ, 0), -infinity, x.like(nan));
  return select(x.is(Compare::OLE, 0), atOrBelowZero, finite);
}

} // namespace

Real exponential(Real x) { return scaledExponential(x, 1); }

Real exponentialOfNonPositive(Real x) {
  x = x.atLeast(-104.5);
  Reduced e = reduce(x, x.like(roundingMagic + 75));
  return fma(e.q, e.scale, e.scale) * 0x1p-75;
}

Real logarithm(Real x) {
  Truth isTiny = x < 0x1p-126;
  Decomposed parts = decompose(select(isTiny, x * 0x1p23, x));
  Real exponent = parts.exponent + select(isTiny, -23.0, x.like(0));
  // ln(1 + f) = f - f^2 / 2 + f^3 P(f)
  Real f = parts.mantissa - 1, square = f * f;
  Real p = polynomial(f, {0.3333331346511841, -0.25000008940696716, 0.2000211924314499, -0.16667985916137695,
                          0.1421952098608017, -0.12405753135681152, 0.11888588964939117, -0.11674819141626358,
                          0.06744587421417236});
  Real tail = fma(exponent, logTwoLow, f * square * p);
  Real sum = f + fma(square, -0.5, tail);
  return logarithmLimits(x, fma(exponent, logTwoHigh, sum));
}

Real wideLogarithm(Real x) {
  Decomposed parts = decompose(x);
  // ln m = 2 artanh(s) with s = (m - 1) / (m + 1), |s| < 0.172
  Real s = (parts.mantissa - 1) / (parts.mantissa + 1), square = s * s;
  Real series = polynomial(square, {2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13, 2.0 / 15});
  Real logarithmOfMantissa = fma(s * square, series, s * 2);
  return logarithmLimits(x, fma(parts.exponent, 0.69314718055994530942, logarithmOfMantissa));
}

namespace {

/// e^x of float64 to about 1e-13, for |x| <= 200.
Real wideExponential(Real x) {
  constexpr double magic = 6755399441055744.0; // 1.5 * 2^52
  Real t = fma(x, 1.44269504088896341, magic), n = t - magic;
  Real r = fma(n, -1.90821492927058770e-10, fma(n, -6.93147180369123816e-01, x));
  Real e = polynomial(r, {1, 1, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880,
                          1.0 / 3628800});
  return Real::fromBits(e.bits() + (t.bits() << 52));
}

} // namespace

// x^y = e^(y ln |x|), negated where x is negative and y odd. float64 inside: the error of ln x is multiplied by up to
// 100.
Real power(Real x, Real y) {
  Real magnitude = x.abs();
  Real exponent = y.atLeast(-3.4e38).atMost(3.4e38).toDouble() * wideLogarithm(magnitude.toDouble());
  Real result = wideExponential(exponent.atLeast(-200).atMost(200)).toSingle();
  result = select(exponent.isNan(), nan, result);
  Truth isWhole = y.truncate().is(Compare::OEQ, y), isHalfWhole = (y * 0.5).truncate().is(Compare::OEQ, y * 0.5);
  Truth isOdd = isWhole & !isHalfWhole;
  Truth isNegative = x.bits().is(IntCompare::slt, 0);
  result = select(isNegative & isOdd, -result, result);
  Truth hasRoot = isWhole | magnitude.is(Compare::OEQ, infinity);
  result = select((x < 0) & !hasRoot, nan, result);
  // 1^y and x^0 are 1 even for NaN.
  return select(y.is(Compare::OEQ, 0) | x.is(Compare::OEQ, 1), 1.0, result);
}

namespace {

/// 1 / x for 1 <= x <= 2: six operations, where a division takes the time of sixteen to thirty.
Real reciprocalOfOneToTwo(Real x) {
  // Chebyshev: e = 1 - x r = -T3(2x - 3) / 99 is the least possible for a parabola, and 1/x = r (1 + e) (1 + e^2) ...
  Real r = polynomial(x, {210.0 / 99, -144.0 / 99, 32.0 / 99});
  Real e = fma(-x, r, 1.0);
  r = fma(r, e, r);
  return fma(r, e * e, r);
}

} // namespace

Real sigmoid(Real x) {
  // 1 / (1 + e^-x), and e^x / (1 + e^x) for x < 0, where the first would lose the result's digits.
  Real e = exponentialOfNonPositive(-x.abs());
  return select(x < 0, e, 1.0) * reciprocalOfOneToTwo(e + 1);
}

Real hyperbolicTangent(Real x) {
  // (e^2|x| - 1) / (e^2|x| + 1); beyond 10 the result rounds to 1.
  Real t = exponentialMinusOne(x.abs().atMost(10) * 2);
  return (t / (t + 2)).withSign(x);
}

Real hyperbolicSine(Real x) {
  Real magnitude = x.abs(), half = scaledExponential(magnitude, 0.5), square = x * x;
  Real series =
      polynomial(square, {0.1666666716337204, 0.008333350531756878, 0.000198360561626032, 2.817501808749512e-06});
  Real large = (half - (half.like(0.25) / half)).withSign(x);
  return select(magnitude < 1, fma(series, square * x, x), large);
}

Real hyperbolicCosine(Real x) {
  Real half = scaledExponential(x.abs(), 0.5);
  return half + half.like(0.25) / half;
}

Real errorFunction(Real x) {
  // erf x = 1 - e^-w(x), w(x) = x P(x); beyond 3.92 the result rounds to 1.
  Real magnitude = x.abs().atMost(4);
  Real w = magnitude * polynomial(magnitude, {1.128379225730896, 0.6366193890571594, 0.10277783870697021,
                                              -0.019153088331222534, -0.00016035365115385503, 0.0016669878968968987,
                                              -0.0006328164599835873, 0.00011763584188884124, -9.255685654352419e-06});
  return (-exponentialMinusOne(-w)).withSign(x);
}

Real gelu(Real x) {
  // erf by one quotient, whose clamp is chosen so that it is exactly 1 there: x/2 (1 + erf) then is exactly x or 0.
  Real t = (x * 0.7071067811865476).atMost(4).atLeast(-4), square = t * t;
  Real numerator = polynomial(square, {1.1283791065216064, 0.19354303181171417, 0.05310147628188133,
                                       0.0038832558784633875, 0.0002845637791324407, 1.9867966329911724e-06});
  Real denominator = polynomial(square, {1, 0.5048555731773376, 0.11534915864467621, 0.015207075513899326,
                                         0.001185549539513886, 3.742020999197848e-05});
  Real erf = t * numerator / denominator, half = x * 0.5;
  return fma(half, erf, half);
}

} // namespace ingot
