//===- IterationSpace.cpp - Which axes can be walked as one ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/IterationSpace.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// expr at variable + 1 minus expr, when that is the same everywhere; null otherwise.
AffineExpr strideAlong(AffineExpr expr, AffineExpr variable, Extents extents) {
  AffineExpr next = expr.replace(variable, variable + 1);
  if (next == expr)
    return getAffineConstantExpr(0, expr.getContext());
  AffineExpr step = simplifyDimension(next - expr);
  bool isUniform = true;
  step.walk([&](AffineExpr part) { isUniform &= part.getKind() != AffineExprKind::DimId; });
  // Inside a division a step of one does not show everywhere.
  expr.walk([&](AffineExpr part) {
    if (part.getKind() == AffineExprKind::FloorDiv || part.getKind() == AffineExprKind::Mod)
      isUniform &= !part.isFunctionOfDim(cast<AffineDimExpr>(variable).getPosition());
  });
  return isUniform ? step : AffineExpr();
}

} // namespace

IterationSpace::IterationSpace(Evaluator &evaluator, ArrayRef<Value> tensors, ArrayRef<int64_t> reduced)
    : dims(evaluator.dims(tensors.front())) {
  Point point;
  for (AffineExpr dim : dims)
    point.push_back(constantValue(dim) == 1 ? evaluator.constant(0) : evaluator.unknown(dim));
  SmallVector<SmallVector<AffineExpr>> all;
  auto visit = [&](const Access &access) {
    SmallVector<AffineExpr> list;
    for (AffineExpr variable : point)
      list.push_back(isa<AffineDimExpr>(variable) ? strideAlong(access.offset, variable, evaluator.extents())
                                                  : evaluator.constant(0));
    if (!llvm::is_contained(all, list))
      all.push_back(list);
  };
  for (Value tensor : tensors)
    evaluator.visitAccesses(tensor, point, visit);
  SmallVector<size_t> lastDim;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (constantValue(dims[axis]) == 1)
      continue;
    auto continues = [&](ArrayRef<AffineExpr> list) {
      AffineExpr outer = list[lastDim.back()], inner = list[axis];
      return outer && inner && outer == simplifyDimension(inner * dims[axis]);
    };
    auto isReduced = [&](size_t axis) { return llvm::is_contained(reduced, int64_t(axis)); };
    if (!axes.empty() && isReduced(axis) == isReduced(lastDim.back()) && llvm::all_of(all, continues)) {
      axes.back() = simplifyDimension(axes.back() * dims[axis]);
      lastDim.back() = axis;
      continue;
    }
    axes.push_back(dims[axis]);
    first.push_back(axis);
    lastDim.push_back(axis);
  }
  for (ArrayRef<AffineExpr> list : all)
    strides.push_back(llvm::map_to_vector(lastDim, [&](size_t axis) { return list[axis]; }));
}

Point IterationSpace::point(ArrayRef<AffineExpr> indices, Extents extents) const {
  Point result;
  MLIRContext *context = dims.empty() ? nullptr : dims.front().getContext();
  size_t leading = first.empty() ? dims.size() : first.front();
  for (size_t axis = 0; axis < leading; ++axis)
    result.push_back(getAffineConstantExpr(0, context));
  for (size_t axis = 0; axis < axes.size(); ++axis) {
    size_t end = axis + 1 < first.size() ? first[axis + 1] : dims.size();
    ArrayRef<AffineExpr> merged = ArrayRef(dims).slice(first[axis], end - first[axis]);
    result.append(reshapePoint(indices[axis], axes[axis], merged, extents));
  }
  return result;
}

bool IterationSpace::joinLastAxes() {
  if (axes.size() < 2)
    return false;
  size_t last = axes.size() - 1;
  bool continues = llvm::all_of(strides, [&](ArrayRef<AffineExpr> list) {
    return list[last] && list[last - 1] == simplifyDimension(list[last] * axes[last]);
  });
  if (!continues)
    return false;
  AffineExpr inner = axes.pop_back_val();
  axes.back() = simplifyDimension(axes.back() * inner);
  first.pop_back();
  for (SmallVector<AffineExpr> &list : strides)
    list.erase(list.end() - 2);
  return true;
}

std::optional<size_t> IterationSpace::transposedAxis() const {
  for (ArrayRef<AffineExpr> list : strides) {
    if (list.empty() || !list.back() || constantValue(list.back()) == 0 || constantValue(list.back()) == 1)
      continue;
    for (size_t axis = 0; axis + 1 < list.size(); ++axis)
      if (list[axis] && constantValue(list[axis]) == 1)
        return axis;
  }
  return std::nullopt;
}

} // namespace ingot::cpu
