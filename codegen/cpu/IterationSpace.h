//===- IterationSpace.h - Which axes can be walked as one -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A pointwise kernel computes every point of its result's shape. Neighbouring axes that lie one behind the other in
// every buffer that is read or written are walked as one axis: [8, 56, 56, 64] of a residual addition is one axis of
// 1605632 elements; with a bias along the last axis it is two, [25088, 64].
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_ITERATIONSPACE_H
#define INGOT_CODEGEN_CPU_ITERATIONSPACE_H

#include "codegen/cpu/Evaluator.h"

namespace ingot::cpu {

/// Elements that are read at a point, as seen by Evaluator::visitAccesses.
struct IterationSpace {
  /// The shape whose points are computed, and its axes merged: `axes[i]` stands for dims `first[i]` and following.
  llvm::SmallVector<mlir::AffineExpr> dims, axes;
  llvm::SmallVector<size_t> first;
  /// Per access: elements between neighbours along each merged axis; null where that is not constant over the axis.
  llvm::SmallVector<llvm::SmallVector<mlir::AffineExpr>> strides;

  /// Analyses what is read for `tensors`, all of shape `dims`. Axes in `reduced` are not merged with others.
  IterationSpace(Evaluator &evaluator, llvm::ArrayRef<mlir::Value> tensors, llvm::ArrayRef<int64_t> reduced = {});

  /// The point of `dims` at an index for each merged axis.
  Point point(llvm::ArrayRef<mlir::AffineExpr> indices, Extents extents) const;
  /// Merges the last two axes, if they lie one behind the other in every access; tells whether they did.
  bool joinLastAxes();
  /// The axis other than the last along which some access is contiguous that is not along the last: a transposition.
  std::optional<size_t> transposedAxis() const;
};

} // namespace ingot::cpu

#endif
