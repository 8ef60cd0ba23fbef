//===- Registry.h - Which importer takes an operator ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_FRONTENDS_ONNX_REGISTRY_H
#define INGOT_FRONTENDS_ONNX_REGISTRY_H

#include "mlir/Support/LogicalResult.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace ingot::frontend {
class Node;

/// How an operator is imported from version `since` of its operator set on, until a later row takes over.
struct OperatorRow {
  const char *name;
  int since;
  mlir::LogicalResult (*import)(Node &);
  const char *family = nullptr; // filled in by the registry
};

/// The importer for an operator of ONNX's own set at a version, or null.
const OperatorRow *findOperator(llvm::StringRef name, int64_t version);

/// All rows.
llvm::ArrayRef<OperatorRow> allOperators();

} // namespace ingot::frontend

#endif
