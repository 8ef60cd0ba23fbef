//===- IndexMap.h - Index arithmetic with known ranges ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Index expressions are AffineExpr whose dims are variables with 0 <= d < extent (an expression over symbols, null when
// unknown) and whose symbols are sizes >= 0. Knowing the ranges, reshapes of reshapes vanish:
//
//   d1 < 64:   (d0 * 64 + d1) floordiv 64  =>  d0          (16 * d0 + d1) mod 64, d1 < 16  =>  16 * (d0 mod 4) + d1
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_INDEXMAP_H
#define INGOT_CODEGEN_CPU_INDEXMAP_H

#include "mlir/IR/AffineExpr.h"
#include "llvm/ADT/SmallVector.h"

namespace ingot::cpu {

/// Extents of dims 0, 1, ...
using Extents = llvm::ArrayRef<mlir::AffineExpr>;

/// Least and greatest value as expressions over symbols.
struct Bounds {
  mlir::AffineExpr lower, upper;
};

/// `expr` with divisions and remainders removed where the ranges allow it.
mlir::AffineExpr simplifyIndex(mlir::AffineExpr expr, Extents extents);

/// The range of `expr`, when it can be told.
std::optional<Bounds> boundsOf(mlir::AffineExpr expr, Extents extents);

/// Whether `expr`, of symbols alone, is provably >= 0.
bool isNonNegative(mlir::AffineExpr expr);

/// Whether 0 <= expr < size holds for all values of the variables.
bool isWithin(mlir::AffineExpr expr, mlir::AffineExpr size, Extents extents);

/// expr = scale * variable + rest, where `rest` mentions no variable for which `varies` holds; nothing otherwise.
struct Linear {
  int64_t scale;
  mlir::AffineExpr rest;
};
std::optional<Linear> splitLinear(mlir::AffineExpr expr, unsigned variable, llvm::function_ref<bool(unsigned)> varies);

/// expr = multiple * factor + rest with 0 <= rest < factor.
struct Split {
  mlir::AffineExpr multiple, rest;
};
std::optional<Split> splitMultiple(mlir::AffineExpr expr, int64_t factor, Extents extents);

/// The row-major position of `point` in a tensor of `dims`.
mlir::AffineExpr linearize(llvm::ArrayRef<mlir::AffineExpr> point, llvm::ArrayRef<mlir::AffineExpr> dims,
                           mlir::MLIRContext *context);

/// The point of a tensor of `to` that is at the same row-major position as `point` of a tensor of `from`.
llvm::SmallVector<mlir::AffineExpr> reshapePoint(llvm::ArrayRef<mlir::AffineExpr> point,
                                                 llvm::ArrayRef<mlir::AffineExpr> from,
                                                 llvm::ArrayRef<mlir::AffineExpr> to, Extents extents);

} // namespace ingot::cpu

#endif
