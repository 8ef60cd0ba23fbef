//===- StateUpdates.h - Successors take their predecessors' places -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_MEMORY_STATEUPDATES_H
#define INGOT_PASSES_MEMORY_STATEUPDATES_H

#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ingot {

/// Where in the state block an argument or result of @main lies; nothing when it is an ordinary input or output.
std::optional<int64_t> stateOfArgument(mlir::func::FuncOp main, unsigned number);
std::optional<int64_t> stateOfResult(mlir::func::FuncOp main, unsigned number);

/// Orders the launches of @main such that every result in the state may be computed in the memory of the argument that
/// has the same place: whoever else reads the old value runs before. Where no order does it, or where the kernel reads
/// the old value elsewhere than it writes, the result is computed apart and copied by a launch of `copyKernel(type)`.
///
/// Launches whose results are all in the state run as early as they can: the arena has nothing of theirs to keep, and
/// may forget their operands. Expects every result of @main to be a launch's own (see PlanMemory's copyReturned).
void orderStateUpdates(mlir::func::FuncOp main, mlir::SymbolTable &kernels,
                       llvm::function_ref<llvm::StringRef(mlir::Type)> copyKernel);

/// Another name for a buffer is the buffer.
mlir::Value bufferOf(mlir::Value value);

} // namespace ingot

#endif
