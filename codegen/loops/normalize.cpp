//===- normalize.cpp - Plain loops for normalisation ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/loops/Loops.h"

using namespace mlir;

namespace ingot::cpu {

// y = (x - mean) / sqrt(variance + epsilon), the mean being 0 without `center`
Division loopNormalize(NormalizeOp op, Emission &emission) {
  LoopNest nest(emission);
  Evaluator &evaluator = nest.evaluator;
  Arithmetic math(nest.builder, getElementTypeOrSelf(op.getType()));
  SmallVector<AffineExpr> dims = evaluator.dims(op.getInput()), extents;
  for (int64_t axis : op.getAxes())
    extents.push_back(dims[axis]);
  AffineExpr number = product(extents, op.getContext());
  return nest.forEachPoint(dims, op.getAxes(), true, 4 * roughly(extents), [&](Point point, const Lanes *lanes) {
    auto at = [&](ArrayRef<AffineExpr> indices) {
      for (auto [axis, index] : llvm::zip(op.getAxes(), indices))
        point[axis] = index;
      return math.widen(evaluator.evaluate(op.getInput(), point, lanes));
    };
    Value count = math.fromIndex(evaluator.materialize(number), lanes), mean;
    if (op.getCenter()) {
      Value sum = nest.loops(extents, math.number(0, lanes), [&](ArrayRef<AffineExpr> i, ValueRange carried) {
        return SmallVector<Value>{math.add(carried[0], at(i))};
      })[0];
      mean = math.div(sum, count);
    }
    auto centred = [&](ArrayRef<AffineExpr> i) { return mean ? math.sub(at(i), mean) : at(i); };
    Value squares = nest.loops(extents, math.number(0, lanes), [&](ArrayRef<AffineExpr> i, ValueRange carried) {
      Value x = centred(i);
      return SmallVector<Value>{math.madd(x, x, carried[0])};
    })[0];
    Value epsilon = math.number(op.getEpsilon().convertToDouble(), lanes);
    Value scale = math.div(math.number(1, lanes), math.sqrt(math.add(math.div(squares, count), epsilon)));
    nest.loops(extents, {}, [&](ArrayRef<AffineExpr> i, ValueRange) {
      nest.storeResult(op.getOutput(), math.narrow(math.mul(centred(i), scale)), point, lanes);
      return SmallVector<Value>();
    });
  });
}

} // namespace ingot::cpu
