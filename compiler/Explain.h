//===- Explain.h - From a planned module to a ProgramReport -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_EXPLAIN_H
#define INGOT_COMPILER_EXPLAIN_H

#include "codegen/Codegen.h"
#include "compiler/Compiler.h"

namespace ingot {

/// `program` and `code` belong to `planned`.
ProgramReport explain(mlir::ModuleOp planned, const ProgramDescription &program, const CpuCode &code);

/// The weights that are not stored in float32, in the order of their use.
std::vector<CompileReport::ReducedWeight> listReducedWeights(mlir::ModuleOp fused);

} // namespace ingot

#endif
