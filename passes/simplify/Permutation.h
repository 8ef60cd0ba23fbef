//===- Permutation.h - Orders of axes ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A permutation p is what ingot.transpose does with it: axis i of the result is axis p[i] of the operand.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_SIMPLIFY_PERMUTATION_H
#define INGOT_PASSES_SIMPLIFY_PERMUTATION_H

#include "dialects/ingot/Ingot.h"

namespace ingot {

using Permutation = llvm::SmallVector<int64_t>;

Permutation inverse(llvm::ArrayRef<int64_t> permutation);
/// First `first`, then `second`.
Permutation compose(llvm::ArrayRef<int64_t> first, llvm::ArrayRef<int64_t> second);
bool isIdentity(llvm::ArrayRef<int64_t> permutation);

/// `values[permutation[i]]` for each i.
template <typename T>
llvm::SmallVector<T> permute(llvm::ArrayRef<T> values, llvm::ArrayRef<int64_t> permutation) {
  llvm::SmallVector<T> result;
  for (int64_t axis : permutation)
    result.push_back(values[axis]);
  return result;
}

/// The type of a tensor after transposition.
mlir::RankedTensorType permute(mlir::RankedTensorType type, llvm::ArrayRef<int64_t> permutation);

/// Whether the axes that have more than one element keep their order: then a transposition is a reshape.
bool movesOnlyUnits(mlir::RankedTensorType type, llvm::ArrayRef<int64_t> permutation);

/// Whether a reshape puts several axes together (not counting those of size 1), or cuts across axes.
bool mergesAxes(mlir::RankedTensorType before, mlir::RankedTensorType after);

/// reshape(transpose(x, p)) as transpose(reshape(x), q).
struct CommutedReshape {
  mlir::RankedTensorType type; // of reshape(x)
  Permutation permutation;     // q
};
std::optional<CommutedReshape> commuteReshape(mlir::RankedTensorType transposed, llvm::ArrayRef<int64_t> permutation,
                                              mlir::RankedTensorType reshaped);

} // namespace ingot

#endif
