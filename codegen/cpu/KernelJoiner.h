//===- KernelJoiner.h - Makes one kernel of two -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fusion (passes/fusion) decides by what operations mean; some kernels are better one because of this target's caches.
// Here is what such decisions have in common.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_KERNELJOINER_H
#define INGOT_CODEGEN_CPU_KERNELJOINER_H

#include "dialects/ingot/Ingot.h"
#include "dialects/kernel/Kernel.h"
#include "llvm/ADT/SetVector.h"

namespace ingot::cpu {

class KernelJoiner {
public:
  explicit KernelJoiner(mlir::ModuleOp module) : module(module) {}
  /// Removes kernels that are no longer launched.
  ~KernelJoiner();

  /// All launches; none where --detect-anomaly looks at each launch's results. Joining replaces the second of two.
  llvm::SmallVector<kernel::LaunchOp> launches();
  kernel::FuncOp calleeOf(kernel::LaunchOp launch);
  /// The launch whose only result nobody reads but `launch`, as `input` of its kernel; null when there is none.
  kernel::LaunchOp soleProducer(kernel::LaunchOp launch, mlir::BlockArgument input);
  /// Replaces both launches by one of a kernel that does the work of both.
  void join(kernel::LaunchOp producer, kernel::LaunchOp launch, mlir::BlockArgument input);

private:
  kernel::FuncOp define(kernel::FuncOp first, kernel::FuncOp second, mlir::BlockArgument input);

  mlir::ModuleOp module;
  llvm::DenseMap<std::pair<mlir::Operation *, mlir::Operation *>, kernel::FuncOp> kernels;
  llvm::SetVector<mlir::Operation *> parts;
};

/// The heavy operation of a kernel that has exactly one.
mlir::Operation *soleRoot(kernel::FuncOp kernel);

/// Whether the filter is an argument in panels of several filters, float32 and not transformed.
bool hasPanels(ConvOp conv);

} // namespace ingot::cpu

#endif
