//===- NodeNames.h - Nodes that a regular expression names ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_QUANTIZE_NODENAMES_H
#define INGOT_PASSES_QUANTIZE_NODENAMES_H

#include "mlir/IR/Location.h"
#include "mlir/IR/Operation.h"
#include "llvm/Support/Regex.h"
#include <string>

namespace ingot {

/// The nodes whose names match a regular expression (anywhere in the name); none when it is empty.
class NodeNames {
public:
  explicit NodeNames(llvm::StringRef expression) : expression(expression), pattern(expression) {}

  /// An error at `op` when this is no regular expression.
  mlir::LogicalResult check(mlir::Operation *op) const;
  /// Whether one of the ONNX nodes that an operation was made of matches.
  bool match(mlir::Location location) const;

private:
  std::string expression;
  llvm::Regex pattern;
};

} // namespace ingot

#endif
