//===- Pipeline.h - The stages between import and code ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_PIPELINE_H
#define INGOT_COMPILER_PIPELINE_H

#include "compiler/Options.h"
#include "codegen/Codegen.h"
#include "mlir/IR/BuiltinOps.h"

namespace ingot {

/// import form -> import form of a training step, or with input gradients, as `options.train` says. `isUpdate`: the
/// second half of a step that is split.
mlir::LogicalResult differentiate(mlir::ModuleOp module, const CompileOptions &options, bool isUpdate = false);

/// import form -> import form, simpler: constants evaluated, transposes gone, batch normalisation folded.
mlir::LogicalResult simplify(mlir::ModuleOp module, const CompileOptions &options);

/// simplified form -> kernels and launches, constants in the target's layouts.
mlir::LogicalResult fuse(mlir::ModuleOp module, const CompileOptions &options);

/// launches -> launches with buffers.
mlir::LogicalResult planMemory(mlir::ModuleOp module);

/// What code generation is asked for.
CpuOptions cpuOptions(const CompileOptions &options);

} // namespace ingot

#endif
