//===- Transposition.h - Moving a transposition past an operation -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_SIMPLIFY_TRANSPOSITION_H
#define INGOT_PASSES_SIMPLIFY_TRANSPOSITION_H

#include "passes/simplify/ConstantValues.h"
#include "passes/simplify/Permutation.h"

namespace ingot {

/// op(transpose(x)) => transpose(op'(x)), when every operand is transposed likewise or costs nothing to transpose.
bool sinkBelow(mlir::Operation *op);

/// transpose(tree of operations) => the tree computed on transposed leaves, when that takes fewer transpositions.
bool hoist(TransposeOp op);

/// transpose(reshape(transpose(x))) => reshape(transpose(x)), when the reshape lets the first transposition through.
bool hoistAboveReshape(TransposeOp op);

/// The value that, broadcast and transposed by `permutation`, is `operand` broadcast to the rank of the permutation.
mlir::Value untranspose(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value operand,
                        llvm::ArrayRef<int64_t> permutation);

/// Whether `untranspose` costs no transposition at run time.
bool isFreelyUntransposed(mlir::Value operand, llvm::ArrayRef<int64_t> permutation);

} // namespace ingot

#endif
