// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions of a library that compute with its symbols before a run.
#pragma once
#include "codegen/Codegen.h"

namespace llvm {
class Constant;
class Module;
} // namespace llvm

namespace ingot {

/// A dimension as the descriptor has it: constants, symbols as -1 - position, INGOT_COMPUTED_DIMENSION for the rest.
int64_t encodeDimension(mlir::AffineExpr dim);

/// The function ingot_sizes (see program.h): output dimensions and arena bytes. Null when nothing depends on symbols.
llvm::Constant *buildSizes(const ProgramDescription &program, llvm::Module &module);

/// The function ingot_broken_assumption (see program.h). Null when the program assumes nothing.
llvm::Constant *buildBrokenAssumption(const ProgramDescription &program, llvm::Module &module);

} // namespace ingot
