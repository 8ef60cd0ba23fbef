//===- SymbolicRules.h - How operators act on known contents ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_FRONTENDS_ONNX_SYMBOLICRULES_H
#define INGOT_FRONTENDS_ONNX_SYMBOLICRULES_H

#include "frontends/onnx/Node.h"

namespace ingot::frontend {

/// Computes an operator's one output from known inputs; nothing where it cannot say.
struct SymbolicRule {
  const char *name;
  std::optional<Known> (*evaluate)(Node &);
  bool needsContents = true; // of all inputs, not only their types
};

llvm::ArrayRef<SymbolicRule> symbolicArithmetic();
llvm::ArrayRef<SymbolicRule> symbolicLayout();

/// The number of elements of a shape, or the greatest number when there are more.
int64_t countElements(llvm::ArrayRef<int64_t> shape);

/// Element by element with NumPy's broadcasting; `function` gives null where it cannot say.
std::optional<Known> zipKnown(const Known &lhs, const Known &rhs,
                              mlir::AffineExpr (*function)(mlir::AffineExpr, mlir::AffineExpr), mlir::Type element);

} // namespace ingot::frontend

#endif
