//===- AttentionWeights.cpp - The softmax within an attention -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/AttentionWeights.h"
#include <limits>

using namespace mlir;

namespace ingot {
namespace {

Value maskScores(Value scores, AttentionOp op, TensorBuilder &make) {
  Value mask = op.getMask();
  SmallVector<AffineExpr> dims = make.dims(mask),
                          padded(std::max<int64_t>(0, 2 - int64_t(dims.size())), make.scope().constant(1));
  padded.append(dims);
  Value across = make.transposeLast(make.reshape(mask, padded));
  if (!getElementTypeOrSelf(mask).isInteger(1))
    return make.add(scores, across);
  return make.select(across, scores, make.scalar(op.getFill().convertToDouble(), scores));
}

/// Minus infinity for the keys that lie behind a query.
Value hideLaterKeys(Value scores, AttentionOp op, TensorBuilder &make) {
  Type i64 = IntegerType::get(make.getContext(), 64);
  SmallVector<AffineExpr> dims = make.dims(scores), plane(ArrayRef(dims).take_back(2));
  Value last = make.add(make.iota(plane, 0, i64), make.number(make.scope().adopt(*op.getCausal()).front(), i64));
  Value isLater = make.less(last, make.iota(plane, 1, i64));
  return make.select(isLater, make.scalar(-std::numeric_limits<double>::infinity(), scores), scores);
}

} // namespace

Value attentionWeights(AttentionOp op, TensorBuilder &make) {
  Value scores = make.make<MatmulOp>(op.getQueries(), make.transposeLast(op.getKeys()));
  scores = make.mul(scores, op.getScale().convertToDouble());
  if (op.getMask())
    scores = maskScores(scores, op, make);
  if (op.getCausal())
    scores = hideLaterKeys(scores, op, make);
  Value weights = make.make<SoftmaxOp>(scores, int64_t(make.dims(scores).size()) - 1, /*logarithm=*/false);
  return make.select(make.make<IsNanOp>(weights), make.scalar(0, weights), weights);
}

} // namespace ingot
