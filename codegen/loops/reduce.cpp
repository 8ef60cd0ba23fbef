//===- reduce.cpp - Plain loops for reductions ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/loops/Loops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

Value initialOf(ReduceKind kind, Arithmetic &math, const Lanes *lanes) {
  switch (kind) {
  case ReduceKind::Max:
    return math.least(lanes);
  case ReduceKind::Min:
    return math.greatest(lanes);
  case ReduceKind::Product:
    return math.number(1, lanes);
  default:
    return math.number(0, lanes);
  }
}

Value combine(ReduceKind kind, Arithmetic &math, Value a, Value b) {
  switch (kind) {
  case ReduceKind::Max:
    return math.max(a, b);
  case ReduceKind::Min:
    return math.min(a, b);
  case ReduceKind::Product:
    return math.mul(a, b);
  default:
    return math.add(a, b);
  }
}

} // namespace

Division loopReduce(ReduceOp op, Emission &emission) {
  LoopNest nest(emission);
  Evaluator &evaluator = nest.evaluator;
  Arithmetic math(nest.builder, getElementTypeOrSelf(op.getType()));
  SmallVector<AffineExpr> dims = evaluator.dims(op.getInput()), extents;
  for (int64_t axis : op.getAxes())
    extents.push_back(dims[axis]);
  AffineExpr count = product(extents, op.getContext());
  return nest.forEachElement(op.getOutput(), true, roughly(extents), [&](Point point, const Lanes *lanes) {
    auto step = [&](ArrayRef<AffineExpr> indices, ValueRange carried) {
      Point source(point);
      for (auto [axis, index] : llvm::zip(op.getAxes(), indices))
        source[axis] = index;
      Value x = math.widen(evaluator.evaluate(op.getInput(), source, lanes));
      return SmallVector<Value>{combine(op.getKind(), math, carried[0], x)};
    };
    Value result = nest.loops(extents, initialOf(op.getKind(), math, lanes), step)[0];
    if (op.getKind() == ReduceKind::Mean) {
      Index number = evaluator.materialize(count);
      if (!isa<FloatType>(getElementTypeOrSelf(op.getType()))) // of nothing: 0, for dividing integers by 0 would trap
        number = nest.builder.max(number, 1);
      result = math.div(result, math.fromIndex(number, lanes));
    }
    return math.narrow(result);
  });
}

Division loopArgReduce(ArgReduceOp op, Emission &emission) {
  LoopNest nest(emission);
  Evaluator &evaluator = nest.evaluator;
  KernelBuilder &builder = nest.builder;
  Arithmetic math(builder, getElementTypeOrSelf(op.getInput().getType()));
  Arithmetic indices(builder, builder.op().getI64Type());
  int64_t axis = op.getAxis();
  AffineExpr extent = evaluator.dims(op.getInput())[axis];
  bool isMax = op.getKind() == ReduceKind::Max;
  return nest.forEachElement(op.getOutput(), true, roughly(extent), [&](Point point, const Lanes *lanes) {
    auto at = [&](AffineExpr index) {
      Point source(point);
      source[axis] = index;
      return math.widen(evaluator.evaluate(op.getInput(), source, lanes));
    };
    // A NaN is no better than this.
    SmallVector<Value> initial{isMax ? math.least(lanes) : math.greatest(lanes), indices.number(0, lanes)};
    SmallVector<Value> best = nest.loops(extent, initial, [&](ArrayRef<AffineExpr> index, ValueRange carried) {
      Value x = at(index[0]), isBetter = isMax ? math.less(carried[0], x) : math.less(x, carried[0]);
      if (op.getLast())
        isBetter = builder.create<arith::OrIOp>(isBetter, math.equal(x, carried[0]));
      Value number = indices.fromIndex(evaluator.materialize(index[0]), lanes);
      return SmallVector<Value>{builder.create<arith::SelectOp>(isBetter, x, carried[0]),
                                builder.create<arith::SelectOp>(isBetter, number, carried[1])};
    });
    return best[1];
  });
}

Division loopCumulate(CumulateOp op, Emission &emission) {
  LoopNest nest(emission);
  Evaluator &evaluator = nest.evaluator;
  Arithmetic math(nest.builder, getElementTypeOrSelf(op.getType()));
  int64_t axis = op.getAxis();
  SmallVector<AffineExpr> dims = evaluator.dims(op.getInput());
  AffineExpr extent = dims[axis];
  return nest.forEachPoint(dims, axis, true, roughly(extent), [&](Point point, const Lanes *lanes) {
    nest.loops(extent, initialOf(op.getKind(), math, lanes), [&](ArrayRef<AffineExpr> index, ValueRange carried) {
      point[axis] = op.getReverse() ? simplifyDimension(extent - 1 - index[0]) : index[0];
      Value x = math.widen(evaluator.evaluate(op.getInput(), point, lanes));
      Value next = combine(op.getKind(), math, carried[0], x);
      nest.storeResult(op.getOutput(), math.narrow(op.getExclusive() ? carried[0] : next), point, lanes);
      return SmallVector<Value>{next};
    });
  });
}

} // namespace ingot::cpu
