//===- Activations.h - The functions of recurrent gates ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMITTERS_ACTIVATIONS_H
#define INGOT_CODEGEN_CPU_EMITTERS_ACTIVATIONS_H

#include "codegen/scalar/Real.h"
#include "dialects/ingot/Ingot.h"

namespace ingot::cpu {

/// One activation function with its parameters, on float32 or float64.
class ActivationFunction {
public:
  ActivationFunction(Activation kind, double alpha, double beta) : kind(kind), alpha(alpha), beta(beta) {}

  Real operator()(Real x) const;
  /// The derivative where the result is `y`: every function of the family can be differentiated without its argument.
  Real slope(Real y) const;

private:
  Activation kind;
  double alpha, beta;
};

/// The functions that an operation names, in its order.
llvm::SmallVector<ActivationFunction> readActivations(mlir::ArrayAttr names, llvm::ArrayRef<double> parameters);

} // namespace ingot::cpu

#endif
