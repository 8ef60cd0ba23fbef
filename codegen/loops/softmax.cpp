//===- softmax.cpp - Plain loops for softmax ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/loops/Loops.h"

using namespace mlir;

namespace ingot::cpu {

// m = max x;  s = sum e^(x - m);  y = e^(x - m) / s, or x - m - log s
Division loopSoftmax(SoftmaxOp op, Emission &emission) {
  LoopNest nest(emission);
  Evaluator &evaluator = nest.evaluator;
  Arithmetic math(nest.builder, getElementTypeOrSelf(op.getType()));
  int64_t axis = op.getAxis();
  SmallVector<AffineExpr> dims = evaluator.dims(op.getInput());
  AffineExpr extent = dims[axis];
  return nest.forEachPoint(dims, axis, true, 10 * roughly(extent), [&](Point point, const Lanes *lanes) {
    auto at = [&](AffineExpr index) {
      point[axis] = index;
      return math.widen(evaluator.evaluate(op.getInput(), point, lanes));
    };
    Value most = nest.loops(extent, math.least(lanes), [&](ArrayRef<AffineExpr> i, ValueRange carried) {
      return SmallVector<Value>{math.max(carried[0], at(i[0]))};
    })[0];
    Value sum = nest.loops(extent, math.number(0, lanes), [&](ArrayRef<AffineExpr> i, ValueRange carried) {
      return SmallVector<Value>{math.add(carried[0], math.exp(math.sub(at(i[0]), most)))};
    })[0];
    Value logarithm = op.getLogarithm() ? math.log(sum) : Value();
    nest.loops(extent, {}, [&](ArrayRef<AffineExpr> i, ValueRange) {
      Value shifted = math.sub(at(i[0]), most);
      Value y = logarithm ? math.sub(shifted, logarithm) : math.div(math.exp(shifted), sum);
      nest.storeResult(op.getOutput(), math.narrow(y), point, lanes);
      return SmallVector<Value>();
    });
  });
}

} // namespace ingot::cpu
