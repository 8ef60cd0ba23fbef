//===- matmul.cpp - Gradient rules: matmul -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/GradientRules.h"

using namespace mlir;

namespace ingot {

// y = a b   =>   da = dy b^T, db = a^T dy; where b is one matrix for all leading axes of a, they join the rows: one
// product instead of many that are then added.
void matmulGradients(GradientRules &rules) {
  rules.add<MatmulOp>([](MatmulOp op, Gradient &g) {
    Value a = op.getLhs(), b = op.getRhs(), dy = g.ofOutput();
    if (g.wantsInput(0))
      g.toInput(0, g.make<MatmulOp>(dy, g.transposeLast(b)));
    if (!g.wantsInput(1))
      return;
    SmallVector<AffineExpr> lhs = g.dims(a);
    if (lhs.size() > 2 && g.dims(b).size() == 2) {
      AffineExpr rows = product(ArrayRef(lhs).drop_back(), g.getContext());
      a = g.reshape(a, {rows, lhs.back()});
      dy = g.reshape(dy, {rows, g.dims(b).back()});
    }
    g.toInput(1, g.make<MatmulOp>(g.transposeLast(a), dy));
  });
}

} // namespace ingot
