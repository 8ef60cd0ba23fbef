//===- Placement.cpp - The opposites of slice and gather ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/TensorBuilder.h"

using namespace mlir;

namespace ingot {

/// The value backwards along one axis.
Value TensorBuilder::reversed(Value value, int64_t axis) {
  SmallVector<AffineExpr> extents = dims(value), start(extents.size(), symbols.constant(0));
  SmallVector<int64_t> step(extents.size(), 1);
  start[axis] = simplifyDimension(extents[axis] - 1);
  step[axis] = -1;
  return slice(value, start, step, extents);
}

/// Each element along the axis followed by step - 1 zeros.
Value TensorBuilder::spreadOut(Value value, int64_t axis, int64_t step) {
  SmallVector<AffineExpr> extents = dims(value), split = extents;
  split.insert(split.begin() + axis + 1, symbols.constant(1));
  SmallVector<int64_t> low(split.size(), 0), high(split.size(), 0);
  high[axis + 1] = step - 1;
  extents[axis] = simplifyDimension(extents[axis] * step);
  return reshape(pad(reshape(value, split), low, high), extents);
}

/// result[j] = value[j - start] along the axis where that exists, else 0, for 0 <= j < extent: `pad` when its amounts
/// depend on symbols.
Value TensorBuilder::window(Value value, int64_t axis, AffineExpr start, AffineExpr extent) {
  Type i64 = builder.getI64Type();
  Value zero = scalar(0, i64), from = sub(iota(extent, 0, i64), number(start, i64));
  Value isInside = make<AndOp>(make<LessOrEqualOp>(zero, from), less(from, number(dims(value)[axis], i64)));
  Value chosen = make<GatherOp>(value, select(isInside, from, zero), axis);
  SmallVector<AffineExpr> along(dims(value).size(), symbols.constant(1));
  along[axis] = extent;
  return where(reshape(isInside, along), chosen);
}

Value TensorBuilder::place(Value piece, ArrayRef<AffineExpr> start, ArrayRef<int64_t> step,
                           ArrayRef<AffineExpr> target) {
  if (!piece)
    return {};
  SmallVector<int64_t> low(target.size(), 0), high(target.size(), 0);
  for (int64_t axis : allAxes(piece)) {
    AffineExpr extent = dims(piece)[axis], first = start[axis];
    int64_t stride = constantValue(extent) == 1 ? 1 : step[axis];
    if (stride < 0) {
      piece = reversed(piece, axis);
      first = first + (extent - 1) * stride;
      stride = -stride;
    }
    if (stride > 1)
      piece = spreadOut(piece, axis, stride);
    first = simplifyDimension(first);
    auto before = constantValue(first),
         behind = constantValue(simplifyDimension(target[axis] - first - extent * stride));
    if (before && behind) {
      low[axis] = *before;
      high[axis] = *behind;
    } else {
      piece = window(piece, axis, first, target[axis]);
    }
  }
  return pad(piece, low, high);
}

Value TensorBuilder::scatterAdd(Value updates, Value indices, int64_t axis, ArrayRef<AffineExpr> target) {
  if (!updates || !indices)
    return {};
  SmallVector<AffineExpr> tuples = dims(indices), moved{target[axis]};
  int64_t rank = target.size(), count = tuples.size();
  // The axes of the indices come first, so that each index names a slice: [i..., a..., b...] onto [axis, a..., b...].
  SmallVector<int64_t> permutation, back(rank);
  for (int64_t i = 0; i < count; ++i)
    permutation.push_back(axis + i);
  for (int64_t a = 0; a < rank; ++a) {
    if (a == axis)
      continue;
    permutation.push_back(a < axis ? a : a + count - 1);
    back[a] = moved.size();
    moved.push_back(target[a]);
  }
  back[axis] = 0;
  tuples.push_back(symbols.constant(1));
  Value zeros = broadcast(scalar(0, updates), moved);
  Value sum = make<ScatterNdOp>(zeros, reshape(indices, tuples), transpose(updates, permutation), ScatterKind::Add);
  return transpose(sum, back);
}

} // namespace ingot
