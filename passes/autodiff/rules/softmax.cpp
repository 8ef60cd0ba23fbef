//===- softmax.cpp - Gradient rules: softmax -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/GradientRules.h"

using namespace mlir;

namespace ingot {

// y = softmax(x)   =>   dx = y * (dy - sum of dy * y), and 0 where y is NaN but nothing arrives: the rows of masks that
// exclude everything, whose results are replaced later.
// y = log softmax(x)   =>   dx = dy - e^y * sum of dy
void softmaxGradients(GradientRules &rules) {
  rules.add<SoftmaxOp>([](SoftmaxOp op, Gradient &g) {
    Value y = op.getOutput(), dy = g.ofOutput();
    int64_t axis = op.getAxis();
    if (op.getLogarithm())
      g.toInput(0, g.sub(dy, g.mul(g.exp(y), g.sum(dy, axis))));
    else
      g.toInput(0, g.where(g.make<OrOp>(g.equal(y, y), g.make<NotOp>(g.equal(dy, g.scalar(0, dy)))),
                           g.mul(y, g.sub(dy, g.sum(g.mul(dy, y), axis)))));
  });
}

} // namespace ingot
