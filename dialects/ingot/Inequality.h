//===- Inequality.h - What is assumed of dimensions -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program may be right for some sizes only. What it takes for granted is written as expressions that must not be
// negative: `seq - 3` says that there are at least three, and the two of `m - n` and `n - m` that both are equal.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_DIALECTS_INGOT_INEQUALITY_H
#define INGOT_DIALECTS_INGOT_INEQUALITY_H

#include "mlir/IR/AffineExpr.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <optional>
#include <string>

namespace ingot {

/// A limit of one symbol.
struct SymbolLimit {
  unsigned symbol; ///< its position
  bool isUpper;    ///< at most `value`; else at least
  int64_t value;
};

/// `difference` >= 0 as the limit of one of the first `symbolCount` symbols, where it says no more than that.
std::optional<SymbolLimit> asLimit(mlir::AffineExpr difference, unsigned symbolCount);

/// `difference` >= 0 as people write what a model needs: "N >= M + 1", "N = M + 1" where `all` hold the opposite too,
/// or "N to be a multiple of 4". `print` writes a sum.
std::string printRelation(mlir::AffineExpr difference, llvm::ArrayRef<mlir::AffineExpr> all,
                          llvm::function_ref<std::string(mlir::AffineExpr)> print);

} // namespace ingot

#endif
