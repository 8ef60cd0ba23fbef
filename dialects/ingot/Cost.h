//===- Cost.h - What an operation costs to compute --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For reports and for predictions: the number of arithmetic operations is a property of the operation and its shapes,
// not of how a target computes it.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_DIALECTS_INGOT_COST_H
#define INGOT_DIALECTS_INGOT_COST_H

#include "mlir/IR/OpDefinition.h"

namespace ingot {

/// Tells the extents of a tensor as numbers: whoever asks for a cost knows the values of symbols.
using SizesOf = llvm::function_ref<llvm::SmallVector<int64_t>(mlir::Value)>;

/// The product of the extents, 1 for a scalar.
double countElements(llvm::ArrayRef<int64_t> sizes);

} // namespace ingot

#include "dialects/ingot/IngotInterfaces.h.inc"

namespace ingot {

/// Arithmetic operations that computing the results of `op` takes: what it says itself (the Cost interface), else one
/// for each element of its largest operand or result, and none for views and constants.
double countOperations(mlir::Operation *op, SizesOf sizes);

} // namespace ingot

#endif
