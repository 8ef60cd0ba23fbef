//===- Activations.cpp - The functions of recurrent gates -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Activations.h"
#include "codegen/scalar/VectorMath.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

// float64 has no polynomials of its own: the C library's functions, lane by lane.
Real library(StringRef name, Real x) { return {x.at(), callLibrary(x.at(), name, x.get())}; }
Real exponentialOf(Real x) { return x.width() == 64 ? library("exp", x) : exponential(x); }
Real tangentOf(Real x) { return x.width() == 64 ? library("tanh", x) : hyperbolicTangent(x); }
Real sigmoidOf(Real x) { return x.width() == 64 ? x.like(1) / (library("exp", -x) + 1) : sigmoid(x); }

/// ln(1 + e^x) without overflow: max(x, 0) + ln(1 + e^-|x|).
Real softplusOf(Real x) {
  Real tail = exponentialOf(-x.abs()) + 1;
  return x.atLeast(0) + (x.width() == 64 ? library("log", tail) : logarithm(tail));
}

} // namespace

Real ActivationFunction::operator()(Real x) const {
  switch (kind) {
  case Activation::Sigmoid:
    return sigmoidOf(x);
  case Activation::Tanh:
    return tangentOf(x);
  case Activation::Relu:
    return x.atLeast(0);
  case Activation::Affine:
    return fma(x, alpha, beta);
  case Activation::LeakyRelu:
    return select(x < 0, x * alpha, x);
  case Activation::ThresholdedRelu:
    return select(x > alpha, x, 0.0);
  case Activation::ScaledTanh:
    return tangentOf(x * beta) * alpha;
  case Activation::HardSigmoid:
    return fma(x, alpha, beta).atLeast(0).atMost(1);
  case Activation::Elu:
    return select(x < 0, (exponentialOf(x.atMost(0)) - 1) * alpha, x);
  case Activation::Softsign:
    return x / (x.abs() + 1);
  case Activation::Softplus:
    return softplusOf(x);
  }
  llvm_unreachable("an activation of no kind");
}

Real ActivationFunction::slope(Real y) const {
  Real one = y.like(1);
  switch (kind) {
  case Activation::Sigmoid:
    return y * (one - y);
  case Activation::Tanh:
    return one - y * y;
  case Activation::Relu:
    return select(y > 0, 1.0, y.like(0));
  case Activation::Affine:
    return y.like(alpha);
  case Activation::LeakyRelu:
    return select(y < 0, alpha, one);
  case Activation::ThresholdedRelu: // its result is 0 or its argument
    return select(y.is(Compare::OEQ, 0), 0.0, one);
  case Activation::ScaledTanh:
    return (y.like(alpha) - y * y / alpha) * beta;
  case Activation::HardSigmoid:
    return select((y > 0) & (y < 1), alpha, y.like(0));
  case Activation::Elu:
    return select(y < 0, y + alpha, 1.0);
  case Activation::Softsign: {
    Real rest = one - y.abs();
    return rest * rest;
  }
  case Activation::Softplus:
    return one - exponentialOf(-y);
  }
  llvm_unreachable("an activation of no kind");
}

SmallVector<ActivationFunction> readActivations(ArrayAttr names, ArrayRef<double> parameters) {
  SmallVector<ActivationFunction> functions;
  for (auto [index, name] : llvm::enumerate(names.getAsValueRange<StringAttr>()))
    functions.emplace_back(*symbolizeActivation(name), parameters[2 * index], parameters[2 * index + 1]);
  return functions;
}

} // namespace ingot::cpu
