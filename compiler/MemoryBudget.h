//===- MemoryBudget.h - Training steps in less memory -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_MEMORYBUDGET_H
#define INGOT_COMPILER_MEMORYBUDGET_H

#include "compiler/Compiler.h"
#include "mlir/IR/BuiltinOps.h"

namespace ingot {

/// Lets the backward pass of a training step, in simplified form, compute again so much of what it reads of the forward
/// pass that the arena fits into `options.train.memoryBudget` bytes. Plans the memory of several choices, cheapest
/// first, and takes the first that fits; says what it chose in `report`. An error when none fits. Named dimensions are
/// as large as they may be, or as `options.train.budgetDims` says. Without a budget all is kept, and kernels of forward
/// and backward are kept apart.
mlir::LogicalResult fitMemoryBudget(mlir::ModuleOp module, const CompileOptions &options,
                                    CompileReport::MemoryBudget &report);

} // namespace ingot

#endif
