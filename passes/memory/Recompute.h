//===- Recompute.h - Memory for operations ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A training step keeps what its backward pass reads of its forward pass. Some of it can be forgotten and computed
// again when it is needed:
//
//   %y = relu %x; ... %dx = select(%y > 0, %dy)   =>   %y = relu %x; ... %y1 = relu %x {ingot.again}; %dx = select(%y1
//   > 0, %dy)
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_MEMORY_RECOMPUTE_H
#define INGOT_PASSES_MEMORY_RECOMPUTE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <map>
#include <string>

namespace ingot {

/// What named dimensions are taken to be; 1 for others.
using DimensionSizes = std::map<std::string, int64_t>;

/// What is forgotten.
struct RecomputeChoice {
  /// Results that take at most this many operations a byte to compute: of activations and normalisations few, of
  /// convolutions many.
  double operationsPerByte = 0;
  /// The forward pass is cut into segments that keep about so much, of which only what crosses the cuts is kept; the
  /// last one needs no cut, because backward begins with it. 0: no cuts.
  int64_t segmentBytes = 0;
  /// What to measure with.
  DimensionSizes sizes = {};
};

/// What a choice comes to.
struct RecomputeCost {
  int64_t values = 0;
  /// Arithmetic operations that are done again, and those of the step without.
  double again = 0, once = 0;
};

/// Bytes of the forward pass's results that the backward pass of the training step `main`, in simplified form, reads.
int64_t bytesForBackward(mlir::func::FuncOp main, const DimensionSizes &sizes);

/// Lets backward compute again what is forgotten, at the place where it is first needed. Kernels are then formed of
/// forward and backward operations apart, also when nothing is forgotten: 1 - y^2, say, computed beside y = tanh x,
/// would have to be kept as well. The attributes ingot.again and ingot.late, which say so, last until then.
RecomputeCost recompute(mlir::func::FuncOp main, const RecomputeChoice &choice);

} // namespace ingot

#endif
