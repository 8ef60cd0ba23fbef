//===- attention.cpp - Plain loops for attention --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/loops/Loops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <limits>

using namespace mlir;

namespace ingot::cpu {
namespace {

/// The point of an operand with these dimensions, which broadcast to `leading` and two axes.
Point operandPoint(ArrayRef<AffineExpr> dims, ArrayRef<AffineExpr> leading, AffineExpr row, AffineExpr column) {
  Point whole(leading);
  whole.append({row, column});
  Point point(ArrayRef(whole).take_back(dims.size()));
  for (auto [index, dim] : llvm::zip(point, dims))
    if (constantValue(dim) == 1)
      index = getAffineConstantExpr(0, dim.getContext());
  return point;
}

/// One score at a time.
class Scores {
public:
  Scores(AttentionOp op, LoopNest &nest, Arithmetic &math, ArrayRef<AffineExpr> leading, AffineExpr query)
      : op(op), nest(nest), math(math), leading(leading), query(query) {}

  Value at(AffineExpr key) {
    Evaluator &evaluator = nest.evaluator;
    SmallVector<AffineExpr> queries = evaluator.dims(op.getQueries()), keys = evaluator.dims(op.getKeys());
    AffineExpr depth = constantValue(queries.back()) ? queries.back() : keys.back();
    Value sum = nest.loops(depth, math.number(0, nullptr), [&](ArrayRef<AffineExpr> d, ValueRange carried) {
      Value q = evaluator.evaluate(op.getQueries(), operandPoint(queries, leading, query, d[0]));
      Value k = evaluator.evaluate(op.getKeys(), operandPoint(keys, leading, key, d[0]));
      return SmallVector<Value>{math.madd(math.widen(q), math.widen(k), carried[0])};
    })[0];
    return masked(math.mul(sum, math.number(op.getScale().convertToDouble(), nullptr)), key);
  }

private:
  Value masked(Value score, AffineExpr key) {
    KernelBuilder &builder = nest.builder;
    Evaluator &evaluator = nest.evaluator;
    if (op.getMask()) {
      Value mask = evaluator.evaluate(op.getMask(), operandPoint(evaluator.dims(op.getMask()), leading, key, query));
      bool isBoolean = getElementTypeOrSelf(op.getMask()).isInteger(1);
      Value fill = math.number(op.getFill().convertToDouble(), nullptr);
      score = isBoolean ? builder.create<arith::SelectOp>(mask, score, fill).getResult()
                        : math.add(score, math.widen(mask));
    }
    if (!op.getCausal())
      return score;
    AffineExpr last = query + evaluator.getSymbols().adopt(*op.getCausal()).front();
    Value isLater = builder.less(evaluator.materialize(last), evaluator.materialize(key));
    return builder.create<arith::SelectOp>(isLater, math.least(nullptr), score);
  }

  AttentionOp op;
  LoopNest &nest;
  Arithmetic &math;
  ArrayRef<AffineExpr> leading;
  AffineExpr query;
};

} // namespace

// m = max over j of s_j;  y_e = sum over j of e^(s_j - m) v_je / sum over j of e^(s_j - m)
Division loopAttention(AttentionOp op, Emission &emission) {
  LoopNest nest(emission);
  Evaluator &evaluator = nest.evaluator;
  KernelBuilder &builder = nest.builder;
  Arithmetic math(builder, getElementTypeOrSelf(op.getType()));
  SmallVector<AffineExpr> values = evaluator.dims(op.getValues()), queries = evaluator.dims(op.getQueries());
  AffineExpr count = values[values.size() - 2];
  int64_t work = 2 * roughly({count, queries.back()});
  return nest.forEachElement(op.getOutput(), false, work, [&](Point point, const Lanes *) {
    ArrayRef<AffineExpr> leading = ArrayRef(point).drop_back(2);
    Scores scores(op, nest, math, leading, point[point.size() - 2]);
    Value most = nest.loops(count, math.least(nullptr), [&](ArrayRef<AffineExpr> j, ValueRange carried) {
      return SmallVector<Value>{math.max(carried[0], scores.at(j[0]))};
    })[0];
    // Where every score is minus infinity nothing may be subtracted from it.
    Value zero = math.number(0, nullptr), isNone = math.equal(most, math.least(nullptr));
    most = builder.create<arith::SelectOp>(isNone, zero, most);
    SmallVector<Value> sums = nest.loops(count, {zero, zero}, [&](ArrayRef<AffineExpr> j, ValueRange carried) {
      Value power = math.exp(math.sub(scores.at(j[0]), most));
      Value value = evaluator.evaluate(op.getValues(), operandPoint(values, leading, j[0], point.back()));
      return SmallVector<Value>{math.add(carried[0], power), math.madd(power, math.widen(value), carried[1])};
    });
    Value quotient = math.div(sums[1], sums[0]);
    return math.narrow(builder.create<arith::SelectOp>(isNone, zero, quotient));
  });
}

} // namespace ingot::cpu
