//===- Linear.cpp - Operands that are linear in loop counters -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Linear.h"

using namespace mlir;

namespace ingot::cpu {

AffineExpr probe(Evaluator &evaluator, AffineExpr extent) { return evaluator.variable(Index(Value()), extent); }

AffineExpr strideOf(AffineExpr offset, AffineExpr variable) {
  unsigned position = cast<AffineDimExpr>(variable).getPosition();
  AffineExpr next = offset.replace(variable, variable + 1);
  AffineExpr stride = simplifyDimension(next - offset);
  bool hasDims = false;
  stride.walk([&](AffineExpr part) { hasDims |= isa<AffineDimExpr>(part); });
  // What depends on the variable only inside a division could still have a constant difference by chance.
  bool isDivided = false;
  offset.walk([&](AffineExpr part) {
    auto binary = dyn_cast<AffineBinaryOpExpr>(part);
    if (binary && binary.getKind() != AffineExprKind::Add && binary.getKind() != AffineExprKind::Mul)
      isDivided |= part.isFunctionOfDim(position);
  });
  return hasDims || isDivided ? AffineExpr() : stride;
}

Point delinearize(AffineExpr linear, ArrayRef<AffineExpr> extents) {
  Point point(extents.size());
  AffineExpr zero = getAffineConstantExpr(0, linear.getContext());
  for (size_t axis = extents.size(); axis-- > 0;) {
    bool isOuter = llvm::all_of(extents.take_front(axis), [](AffineExpr extent) { return constantValue(extent) == 1; });
    if (constantValue(extents[axis]) == 1) {
      point[axis] = zero;
    } else if (isOuter) {
      point[axis] = linear;
      linear = zero;
    } else {
      point[axis] = linear % extents[axis];
      linear = linear.floorDiv(extents[axis]);
    }
  }
  return point;
}

Point delinearize(Evaluator &evaluator, Index linear, ArrayRef<AffineExpr> extents) {
  KernelBuilder &builder = evaluator.getBuilder();
  Point point(extents.size());
  for (size_t axis = extents.size(); axis-- > 0;) {
    if (constantValue(extents[axis]) == 1) {
      point[axis] = evaluator.getSymbols().constant(0);
      continue;
    }
    Index extent = evaluator.materialize(extents[axis]);
    bool isOuter = llvm::all_of(extents.take_front(axis), [](AffineExpr size) { return constantValue(size) == 1; });
    point[axis] = evaluator.variable(isOuter ? linear : builder.mod(linear, extent), extents[axis]);
    if (!isOuter)
      linear = builder.div(linear, extent);
  }
  return point;
}

Point broadcastPoint(ArrayRef<AffineExpr> point, ArrayRef<AffineExpr> extents) {
  Point result(point.take_back(extents.size()));
  for (auto [coordinate, extent] : llvm::zip(result, extents))
    if (constantValue(extent) == 1)
      coordinate = getAffineConstantExpr(0, extent.getContext());
  return result;
}

} // namespace ingot::cpu
