//===- Random.h - Random numbers in expressions -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// As the networks' own: a pure function (Philox 4x32-10) of a generator, int64[2] with a seed and the number of runs,
// and of the element's position, so that results do not depend on threads.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_RECIPE_RANDOM_H
#define INGOT_PASSES_RECIPE_RANDOM_H

#include "passes/autodiff/TensorBuilder.h"

namespace ingot {

/// Numbers evenly distributed in [0, 1), multiples of 2^-24.
mlir::Value drawUniform(TensorBuilder &make, mlir::Value generator, llvm::ArrayRef<mlir::AffineExpr> dims,
                        mlir::Type element);

/// Numbers with mean 0 and deviation 1 (Box and Muller's transformation of two even ones).
mlir::Value drawNormal(TensorBuilder &make, mlir::Value generator, llvm::ArrayRef<mlir::AffineExpr> dims,
                       mlir::Type element);

} // namespace ingot

#endif
