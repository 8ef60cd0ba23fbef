//===- softmax.cpp - Gradient rules: softmax -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/GradientRules.h"

using namespace mlir;

namespace ingot {

// y = softmax(x)   =>   dx = y * (dy - sum of dy * y)
// y = log softmax(x)   =>   dx = dy - e^y * sum of dy
void softmaxGradients(GradientRules &rules) {
  rules.add<SoftmaxOp>([](SoftmaxOp op, Gradient &g) {
    Value y = op.getOutput(), dy = g.ofOutput();
    int64_t axis = op.getAxis();
    if (op.getLogarithm())
      g.toInput(0, g.sub(dy, g.mul(g.exp(y), g.sum(dy, axis))));
    else
      g.toInput(0, g.mul(y, g.sub(dy, g.sum(g.mul(dy, y), axis))));
  });
}

} // namespace ingot
