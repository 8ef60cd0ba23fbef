//===- Optimizers.h - How a gradient changes a parameter --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each optimizer is a graph of ingot operations, with PyTorch's formula and defaults. Its numbers (learning rate, ...)
// are float64 tensors of rank 0, so that schedules are the caller's business and 1 - 0.999^t keeps its digits.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_AUTODIFF_OPTIMIZERS_OPTIMIZERS_H
#define INGOT_PASSES_AUTODIFF_OPTIMIZERS_OPTIMIZERS_H

#include "passes/autodiff/TensorBuilder.h"
#include "llvm/ADT/StringMap.h"

namespace ingot {

/// One parameter being updated. `hyper` returns a number, computed in float64.
struct Update {
  TensorBuilder &make;
  mlir::Value parameter, gradient;
  /// In and out: one tensor of the parameter's shape for each slot of the optimizer, zeros before the first step.
  llvm::SmallVector<mlir::Value> slots;
  const llvm::StringMap<mlir::Value> &hypers;
  /// Number of this step, from 1, as float64.
  mlir::Value step;

  mlir::Value hyper(llvm::StringRef name) const { return hypers.lookup(name); }
  /// A number in the parameter's element type.
  mlir::Value narrow(mlir::Value number) const { return make.cast(number, mlir::getElementTypeOrSelf(parameter)); }
  /// a * number
  mlir::Value scale(mlir::Value a, mlir::Value number) const { return make.mul(a, narrow(number)); }
  /// old * weight + fresh * (1 - weight)
  mlir::Value blend(mlir::Value old, mlir::Value fresh, mlir::Value weight) const {
    return make.add(scale(old, weight), scale(fresh, make.sub(1, weight)));
  }
};

struct Hyper {
  llvm::StringRef name;
  double standard;
};

struct Optimizer {
  llvm::StringRef name;
  llvm::ArrayRef<Hyper> hypers;
  llvm::ArrayRef<llvm::StringRef> slots;
  /// The new parameter; the new slots replace the old ones in `update`.
  mlir::Value (*build)(Update &update);
};

/// The optimizer of that name, or null.
const Optimizer *findOptimizer(llvm::StringRef name);
llvm::ArrayRef<Optimizer> allOptimizers();

} // namespace ingot

#endif
