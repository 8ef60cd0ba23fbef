//===- attention.cpp - Gradient rules: attention -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/AttentionWeights.h"
#include "passes/autodiff/GradientRules.h"

using namespace mlir;

namespace ingot {

// o = p v, p = softmax(s), s = scale q k^T + mask   =>   dv = p^T do, dp = do v^T, ds = p * (dp - sum of do * o),
// dq = scale ds k, dk = scale ds^T q, dmask = ds
void attentionGradients(GradientRules &rules) {
  rules.add<AttentionOp>([](AttentionOp op, Gradient &g) {
    Value output = op.getOutput(), dy = g.ofOutput(), weights = attentionWeights(op, g);
    int64_t last = g.dims(output).size() - 1;
    g.toInput(2, g.make<MatmulOp>(g.transposeLast(weights), dy));
    Value dWeights = g.make<MatmulOp>(dy, g.transposeLast(op.getValues()));
    Value dScores = g.mul(weights, g.sub(dWeights, g.sum(g.mul(dy, output), last)));
    Value scaled = g.mul(dScores, op.getScale().convertToDouble());
    g.toInput(0, g.make<MatmulOp>(scaled, op.getKeys()));
    g.toInput(1, g.make<MatmulOp>(g.transposeLast(scaled), op.getQueries()));
    if (op.getMask() && !getElementTypeOrSelf(op.getMask()).isInteger(1))
      g.toInput(3, g.transposeLast(dScores));
  });
}

} // namespace ingot
