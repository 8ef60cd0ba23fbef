//===- Producers.h - What values depend on ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_AUTODIFF_PRODUCERS_H
#define INGOT_PASSES_AUTODIFF_PRODUCERS_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/SetVector.h"

namespace ingot {

/// All operations that the values depend on, those that compute them first.
inline llvm::SetVector<mlir::Operation *> producersOf(llvm::ArrayRef<mlir::Value> values) {
  llvm::SetVector<mlir::Operation *> producers;
  auto add = [&](mlir::Value value) {
    if (mlir::Operation *producer = value.getDefiningOp())
      producers.insert(producer);
  };
  llvm::for_each(values, add);
  for (size_t i = 0; i < producers.size(); ++i)
    for (mlir::Value operand : producers[i]->getOperands())
      add(operand);
  return producers;
}

} // namespace ingot

#endif
