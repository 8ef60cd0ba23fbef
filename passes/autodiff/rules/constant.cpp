//===- constant.cpp - Gradient rules: constant -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/GradientRules.h"

using namespace mlir;

namespace ingot {

// Constants, dimensions and counters have no operands: nothing to do.
void constantGradients(GradientRules &rules) { rules.addConstant<ConstantOp, DimensionsOp, IotaOp>(); }

} // namespace ingot
