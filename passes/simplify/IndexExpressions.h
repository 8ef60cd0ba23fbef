//===- IndexExpressions.h - Tensors that follow from indices alone -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Masks are often computed from positions: key <= query + past. Such a tensor is an expression over its own indices
// (dim i of the expression is the index along axis i) and the symbols.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_SIMPLIFY_INDEXEXPRESSIONS_H
#define INGOT_PASSES_SIMPLIFY_INDEXEXPRESSIONS_H

#include "dialects/ingot/Ingot.h"

namespace ingot {

/// The elements of an integer tensor; null when they depend on data. Symbols are numbered as in `scope`.
mlir::AffineExpr indexExpression(mlir::Value tensor, SymbolScope &scope);

/// An expression that is >= 0 exactly where a boolean tensor is true; null when that depends on data.
mlir::AffineExpr conditionExpression(mlir::Value condition, SymbolScope &scope);

/// Whether the expression is >= 0 for all indices and sizes.
bool isNeverNegative(mlir::AffineExpr expr);

} // namespace ingot

#endif
