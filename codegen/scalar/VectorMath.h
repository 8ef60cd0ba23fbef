//===- VectorMath.h - Transcendental functions of float32 -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Polynomials on scalars or vectors of any length, at most 4 units in the last place off (docs/numerics.md has the
// measured maxima). NaN, infinities, zeros of both signs and subnormal numbers are treated as C's library does.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_SCALAR_VECTORMATH_H
#define INGOT_CODEGEN_SCALAR_VECTORMATH_H

#include "codegen/scalar/Real.h"

namespace ingot {

// Exponential.cpp
Real exponential(Real x);
/// The same for x <= 0 alone: a third fewer operations.
Real exponentialOfNonPositive(Real x);
Real logarithm(Real x);
Real power(Real x, Real y);
Real sigmoid(Real x);
Real hyperbolicSine(Real x);
Real hyperbolicCosine(Real x);
Real hyperbolicTangent(Real x);
Real errorFunction(Real x);
/// Absolute error at most 2e-7 |x|; exactly 0 and x far out.
Real gelu(Real x);
/// ln x of float64 to about 1e-13, for functions that need more than float32 inside.
Real wideLogarithm(Real x);

// Trigonometry.cpp
Real sine(Real x);
Real cosine(Real x);
Real tangent(Real x);
Real inverseSine(Real x);
Real inverseCosine(Real x);
Real inverseTangent(Real x);
Real inverseHyperbolicSine(Real x);
Real inverseHyperbolicCosine(Real x);
Real inverseHyperbolicTangent(Real x);

// Library.cpp
/// `name` of the C library (the float64 form; float32 operands are widened by calling name + "f"), lane by lane.
mlir::Value callLibrary(const Place &place, llvm::StringRef name, mlir::ValueRange operands);

} // namespace ingot

#endif
