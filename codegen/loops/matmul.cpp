//===- matmul.cpp - Plain loops for matmul --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/loops/Loops.h"

using namespace mlir;

namespace ingot::cpu {

// output[..., m, n] = sum over k of lhs[..., m, k] * rhs[..., k, n]
Division loopMatmul(MatmulOp op, Emission &emission) {
  LoopNest nest(emission);
  Evaluator &evaluator = nest.evaluator;
  Arithmetic math(nest.builder, getElementTypeOrSelf(op.getType()));
  AffineExpr depth = evaluator.dims(op.getLhs()).back();
  auto operandPoint = [&](Value operand, ArrayRef<AffineExpr> batch, AffineExpr row, AffineExpr column) {
    SmallVector<AffineExpr> dims = evaluator.dims(operand);
    Point point(batch.take_back(dims.size() - 2));
    for (auto [index, dim] : llvm::zip(point, dims))
      if (constantValue(dim) == 1)
        index = evaluator.constant(0);
    point.append({row, column});
    return point;
  };
  return nest.forEachElement(op.getOutput(), true, roughly(depth), [&](Point point, const Lanes *lanes) {
    ArrayRef<AffineExpr> batch = ArrayRef(point).drop_back(2);
    AffineExpr m = point[point.size() - 2], n = point.back();
    SmallVector<Value> sum = nest.loops(depth, math.number(0, lanes), [&](ArrayRef<AffineExpr> k, ValueRange carried) {
      Value left = evaluator.evaluate(op.getLhs(), operandPoint(op.getLhs(), batch, m, k[0]), lanes);
      Value right = evaluator.evaluate(op.getRhs(), operandPoint(op.getRhs(), batch, k[0], n), lanes);
      return SmallVector<Value>{math.madd(math.widen(left), math.widen(right), carried[0])};
    });
    return math.narrow(sum[0]);
  });
}

} // namespace ingot::cpu
