//===- ForwardPass.h - What of a training step comes first ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_MEMORY_FORWARDPASS_H
#define INGOT_PASSES_MEMORY_FORWARDPASS_H

#include "dialects/ingot/Ingot.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"

namespace ingot {

/// What a view shows.
mlir::Value baseOf(mlir::Value value);

/// The forward pass of a training step: what its loss and the network's outputs need.
class ForwardPass {
public:
  explicit ForwardPass(mlir::func::FuncOp main);

  bool contains(mlir::Operation *op) const { return op && places.contains(op); }
  int64_t size() const { return ops.size(); }
  int64_t placeOf(mlir::Value value) const { return places.lookup(value.getDefiningOp()); }

  /// In program order.
  llvm::SmallVector<mlir::Operation *> ops;
  /// Results that backward reads, in program order.
  llvm::SetVector<mlir::Value> kept;
  /// The last forward operation that reads a result.
  llvm::DenseMap<mlir::Value, int64_t> lastReader;

private:
  void findReaders();

  mlir::func::FuncOp main;
  llvm::DenseMap<mlir::Operation *, int64_t> places;
};

} // namespace ingot

#endif
