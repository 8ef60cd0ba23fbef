//===- Algorithms.h - How a convolution is computed -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Filters are packed for the algorithm that reads them, so it is decided for each kernel before, by the cost model or
// by what was measured. The decision stays with the kernel as its discardable attribute "kernel.algorithm".
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_ALGORITHMS_H
#define INGOT_CODEGEN_CPU_ALGORITHMS_H

#include "codegen/Codegen.h"
#include "codegen/cpu/WinogradForm.h"
#include "dialects/kernel/Kernel.h"

namespace ingot::cpu {

/// Decides for every kernel of the module whose convolution may be computed by Winograd's algorithm, and with which
/// tile: as CpuOptions::schedules says, else as the cost model does. Kernels must not have been packed yet.
void chooseAlgorithms(mlir::ModuleOp module, const CpuOptions &options);

/// The form that was decided for the kernel that `op`, a convolution or its gradient, is in.
WinogradForm decidedForm(mlir::Operation *op);

/// Has the time of `packing`, which lays out weights for `kernel` in every run, count as that of its algorithm.
void shareAlgorithm(kernel::FuncOp kernel, kernel::FuncOp packing);

/// What was decided for a kernel, with what else may be measured: nothing where packing has not followed it.
KernelAlgorithm algorithmOf(kernel::FuncOp kernel);

} // namespace ingot::cpu

#endif
