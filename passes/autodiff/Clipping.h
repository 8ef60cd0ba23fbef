//===- Clipping.h - Limits to gradients -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_AUTODIFF_CLIPPING_H
#define INGOT_PASSES_AUTODIFF_CLIPPING_H

#include "passes/autodiff/TensorBuilder.h"

namespace ingot {

/// By "value": each element into [-limit, limit]. By "norm": all gradients times min(1, limit / (their common norm +
/// 1e-6)). `limit` is a float64 of rank 0. An error for any other kind.
mlir::LogicalResult clipGradients(TensorBuilder &make, llvm::StringRef kind, mlir::Value limit,
                                  llvm::SmallVectorImpl<mlir::Value> &gradients);

} // namespace ingot

#endif
