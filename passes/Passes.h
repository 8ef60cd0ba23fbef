//===- Passes.h - ingot IR to better ingot IR: the only door ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_PASSES_H
#define INGOT_PASSES_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "passes/autodiff/Autodiff.h"
#include "passes/memory/Recompute.h"

namespace ingot {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

/// import form -> simpler import form.
void buildSimplifyPipeline(mlir::OpPassManager &passes);
/// The second half, for which constants have been evaluated: what consists of several operations and known numbers.
void buildCombinePipeline(mlir::OpPassManager &passes);
/// simplified form -> kernels and launches.
void buildFusionPipeline(mlir::OpPassManager &passes);
/// launches -> launches with buffers.
void buildMemoryPipeline(mlir::OpPassManager &passes);

/// They as options of ingot-opt: --ingot-simplify, --ingot-combine, --ingot-fuse, --ingot-plan.
void registerPipelines();

/// Computes what depends on constants alone: `evaluate` gets a module whose @main has no arguments and gives the values
/// it returns.
mlir::LogicalResult evaluateConstants(
    mlir::ModuleOp module,
    llvm::function_ref<mlir::LogicalResult(mlir::ModuleOp, mlir::SmallVectorImpl<mlir::ElementsAttr> &)> evaluate);

} // namespace ingot

#endif
