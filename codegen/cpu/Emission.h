//===- Emission.h - Functions made from kernels -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMISSION_H
#define INGOT_CODEGEN_CPU_EMISSION_H

#include "codegen/cpu/Emitter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

namespace ingot::cpu {

/// The module-wide numbering of symbols (`ingot.symbols`).
SymbolScope moduleSymbols(mlir::ModuleOp module);

/// The machine-level name of a kernel: "ingot_x86_64_v3_k7".
std::string functionName(const Target &target, llvm::StringRef kernel);

/// Adds to `into` the function that computes items of `kernel` (type ingot_kernel in program.h) by the first emitter
/// that applies. A `schedule` that is chosen replaces the cost model's.
mlir::FailureOr<Division> emitKernel(mlir::ModuleOp into, kernel::FuncOp kernel, const Target &target,
                                     const KernelChoice &schedule = {});

/// A hash of what the kernel computes: of its operations and types, not of its name or place.
std::string fingerprint(kernel::FuncOp kernel);

/// Adds to `into` the entry function (type ingot_entry): one ingot_launch after the other, and where something is to be
/// prepared before the first run another for that. `divisions` has the kernels' names as keys.
mlir::LogicalResult emitEntry(mlir::ModuleOp into, mlir::ModuleOp planned, const Target &target,
                              const llvm::StringMap<Division> &divisions);

} // namespace ingot::cpu

#endif
