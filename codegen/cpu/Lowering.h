//===- Lowering.h - From kernel code to machine code ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_LOWERING_H
#define INGOT_CODEGEN_CPU_LOWERING_H

#include "codegen/cpu/Target.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MemoryBuffer.h"

namespace ingot::cpu {

/// Loads every dialect that kernel code and its lowering use. Call once, before modules are lowered on several threads.
void loadCodeDialects(mlir::MLIRContext &context);

/// scf, arith, vector, math -> LLVM IR with the target's attributes, lightly optimised.
std::unique_ptr<llvm::Module> lowerToLlvm(mlir::ModuleOp code, llvm::LLVMContext &context, llvm::TargetMachine &machine,
                                          const Target &target, int optimization);

/// The object file, or the assembly text, of `module`.
llvm::SmallVector<char, 0> generateCode(llvm::Module &module, llvm::TargetMachine &machine, bool asText);

} // namespace ingot::cpu

#endif
