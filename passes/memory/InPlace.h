//===- InPlace.h - Results that may overwrite an operand --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_MEMORY_INPLACE_H
#define INGOT_PASSES_MEMORY_INPLACE_H

#include "dialects/ingot/Ingot.h"
#include "dialects/kernel/Kernel.h"

namespace ingot {

/// Whether the kernel reads each element of argument `argument` only to compute elements at the same place, and nothing
/// else of it once the result's is stored: then the result may take the argument's memory. Code generation keeps its
/// part by computing all results at a place before it stores one (Evaluator::storeResults).
bool canOverwrite(kernel::FuncOp func, unsigned argument, unsigned result);

} // namespace ingot

#endif
