//===- LoopNest.cpp - The loops around one root ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/loops/Loops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// A last axis with fewer elements is not worth lanes.
constexpr int64_t fewestLanes = 8;

} // namespace

int64_t roughly(ArrayRef<AffineExpr> extents) {
  int64_t count = 1;
  for (AffineExpr extent : extents)
    count *= constantValue(extent).value_or(32);
  return count;
}

Division LoopNest::forEachPoint(ArrayRef<AffineExpr> dims, ArrayRef<int64_t> held, bool areLanesAllowed, int64_t work,
                                Body body) {
  MLIRContext *context = builder.op().getContext();
  int64_t last = int64_t(dims.size()) - 1;
  bool hasLanes = areLanesAllowed && last >= 0 && !llvm::is_contained(held, last) &&
                  constantValue(dims[last]).value_or(fewestLanes) >= fewestLanes;
  SmallVector<AffineExpr> outer;
  SmallVector<int64_t> axes;
  for (int64_t axis = 0; axis <= last; ++axis) {
    if (llvm::is_contained(held, axis) || (hasLanes && axis == last))
      continue;
    outer.push_back(dims[axis]);
    axes.push_back(axis);
  }
  AffineExpr rows = product(outer, context);
  builder.loop(emission.begin, emission.end, 1, [&](Index item) {
    Point point(dims.size());
    AffineExpr row = evaluator.variable(item, rows);
    for (auto [axis, index] : llvm::zip(axes, reshapePoint(row, rows, outer, evaluator.extents())))
      point[axis] = evaluator.variable(evaluator.materialize(index), dims[axis]);
    if (!hasLanes)
      return body(point, nullptr);
    Index length = evaluator.materialize(dims[last]), blocks = builder.ceilDiv(length, panelLanes);
    builder.loop(0, blocks, 1, [&](Index block) {
      bool isWhole = length.constant() && *length.constant() % panelLanes == 0;
      Value mask =
          isWhole ? Value() : builder.maskBelow(builder.sub(length, builder.mul(block, panelLanes)), panelLanes);
      Lanes lanes = evaluator.lanes(panelLanes, mask);
      point[last] =
          evaluator.variable(block, simplifyDimension(dims[last].ceilDiv(panelLanes))) * panelLanes + lanes.variable;
      body(point, &lanes);
    });
  });
  int64_t cost = work * (hasLanes ? roughly(dims[last]) : 1);
  return {rows, std::max<int64_t>(1, 2000 / std::max<int64_t>(1, cost))};
}

void LoopNest::storeResult(Value result, Value element, ArrayRef<AffineExpr> point, const Lanes *lanes) {
  evaluator.bind(result, element);
  evaluator.storeResults(result, point, lanes);
  evaluator.unbind(result);
}

Division LoopNest::forEachElement(Value result, bool areLanesAllowed, int64_t work,
                                  llvm::function_ref<Value(Point, const Lanes *)> element) {
  return forEachPoint(evaluator.dims(result), {}, areLanesAllowed, work, [&](Point point, const Lanes *lanes) {
    storeResult(result, element(point, lanes), point, lanes);
  });
}

SmallVector<Value> LoopNest::loops(ArrayRef<AffineExpr> extents, ValueRange carried, Step step) {
  SmallVector<AffineExpr> indices;
  std::function<SmallVector<Value>(size_t, ValueRange)> nest = [&](size_t depth,
                                                                   ValueRange values) -> SmallVector<Value> {
    if (depth == extents.size())
      return step(indices, values);
    return builder.loop(0, evaluator.materialize(extents[depth]), 1, values, [&](Index iv, ValueRange inner) {
      indices.push_back(evaluator.variable(iv, extents[depth]));
      SmallVector<Value> next = nest(depth + 1, inner);
      indices.pop_back();
      return next;
    });
  };
  return nest(0, carried);
}

SmallVector<Value> LoopNest::onlyIf(Value condition, ValueRange carried,
                                    llvm::function_ref<SmallVector<Value>()> then) {
  if (!condition)
    return then();
  auto branch = builder.create<scf::IfOp>(carried.getTypes(), condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder.op());
  builder.op().setInsertionPointToEnd(branch.thenBlock());
  builder.create<scf::YieldOp>(then());
  builder.op().setInsertionPointToEnd(branch.elseBlock());
  builder.create<scf::YieldOp>(carried);
  return SmallVector<Value>(branch.getResults());
}

Value LoopNest::isInside(Index index, AffineExpr extent) {
  Value value = builder.value(index), size = builder.value(evaluator.materialize(extent));
  return builder.create<arith::CmpIOp>(arith::CmpIPredicate::ult, value,
                                       size); // a negative one is a large unsigned one
}

Value LoopNest::both(Value a, Value b) {
  return a && b ? builder.create<arith::AndIOp>(a, b).getResult() : (a ? a : b);
}

} // namespace ingot::cpu
