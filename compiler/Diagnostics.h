//===- Diagnostics.h - Errors in the user's terms ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_DIAGNOSTICS_H
#define INGOT_COMPILER_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include <functional>
#include <string>

namespace ingot {

/// `model.onnx: error: node "encoder/attn/MatMul" (MatMul-13, #12): inner dimensions differ: lhs 4x8, rhs 7x3`
std::string formatDiagnostic(mlir::Diagnostic &diagnostic, const std::string &modelPath);

/// While it lives, a context's diagnostics go to `sink` in the user's terms, one text per error with its notes.
class DiagnosticPrinter : public mlir::ScopedDiagnosticHandler {
public:
  DiagnosticPrinter(mlir::MLIRContext *context, std::string modelPath, std::function<void(const std::string &)> sink);
  bool sawError() const { return hasError; }
  /// Whether every error said that something is not supported yet (then nobody made a mistake).
  bool sawOnlyUnsupported() const { return hasError && !hasOther; }

private:
  bool hasError = false, hasOther = false;
};

} // namespace ingot

#endif
