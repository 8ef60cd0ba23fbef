//===- normalize.cpp - Gradient rules: normalize -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/GradientRules.h"

using namespace mlir;

namespace ingot {

// y = (x - mean x) r with r = 1 / sqrt(mean of (x - mean x)^2 + epsilon)   =>   dx = r (dy - mean dy - y * mean of dy *
// y); not centred, y = x r with r = 1 / sqrt(mean of x^2 + epsilon)            =>   dx = r (dy - y * mean of dy * y)
void normalizeGradients(GradientRules &rules) {
  rules.add<NormalizeOp>([](NormalizeOp op, Gradient &g) {
    ArrayRef<int64_t> axes = op.getAxes();
    Value x = op.getInput(), y = op.getOutput(), dy = g.ofOutput();
    Value centred = op.getCenter() ? g.sub(x, g.mean(x, axes)) : x;
    Value variance = g.mean(g.square(centred), axes);
    Value factor = g.make<ReciprocalOp>(g.sqrt(g.add(variance, op.getEpsilon().convertToDouble())));
    Value along = g.mul(y, g.mean(g.mul(dy, y), axes));
    Value rest = op.getCenter() ? g.sub(dy, g.mean(dy, axes)) : dy;
    g.toInput(0, g.mul(factor, g.sub(rest, along)));
  });
}

} // namespace ingot
