//===- attention.cpp - Gradient rules: attention -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/GradientRules.h"
#include <limits>

using namespace mlir;

namespace ingot {
namespace {

/// The weights p = softmax of the masked scores, [..., query, key], zero in rows without any key.
Value weightsOf(AttentionOp op, Gradient &g) {
  Value scores = g.make<MatmulOp>(op.getQueries(), g.transposeLast(op.getKeys()));
  scores = g.mul(scores, op.getScale().convertToDouble());
  if (Value mask = op.getMask()) {
    SmallVector<AffineExpr> dims = g.dims(mask),
                            padded(std::max<int64_t>(0, 2 - int64_t(dims.size())), g.scope().constant(1));
    padded.append(dims);
    Value across = g.transposeLast(g.reshape(mask, padded));
    bool isBoolean = getElementTypeOrSelf(mask).isInteger(1);
    scores =
        isBoolean ? g.select(across, scores, g.scalar(op.getFill().convertToDouble(), scores)) : g.add(scores, across);
  }
  SmallVector<AffineExpr> dims = g.dims(scores);
  int64_t rank = dims.size();
  if (op.getCausal()) {
    Type i64 = IntegerType::get(g.getContext(), 64);
    SmallVector<AffineExpr> plane(ArrayRef(dims).take_back(2));
    Value last = g.add(g.iota(plane, 0, i64), g.number(g.scope().adopt(*op.getCausal()).front(), i64));
    Value isLater = g.less(last, g.iota(plane, 1, i64));
    scores = g.select(isLater, g.scalar(-std::numeric_limits<double>::infinity(), scores), scores);
  }
  Value weights = g.make<SoftmaxOp>(scores, rank - 1, /*logarithm=*/false);
  return g.select(g.make<IsNanOp>(weights), g.scalar(0, weights), weights);
}

} // namespace

// o = p v, p = softmax(s), s = scale q k^T + mask   =>   dv = p^T do, dp = do v^T, ds = p * (dp - sum of do * o),
// dq = scale ds k, dk = scale ds^T q, dmask = ds
void attentionGradients(GradientRules &rules) {
  rules.add<AttentionOp>([](AttentionOp op, Gradient &g) {
    Value output = op.getOutput(), dy = g.ofOutput(), weights = weightsOf(op, g);
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
