//===- Jit.h - Planned modules run in this process --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_JIT_H
#define INGOT_CODEGEN_CPU_JIT_H

#include "codegen/Codegen.h"

namespace llvm::orc {
class LLJIT;
}

namespace ingot::cpu {

/// A planned module as code in memory. Runs on one thread.
class JitProgram {
public:
  static mlir::FailureOr<std::unique_ptr<JitProgram>> create(mlir::ModuleOp planned, llvm::StringRef target = "native");
  ~JitProgram();

  /// Splits each launch into chunks of `chunk` items; 0: all at once. (Tests see whether any split is right.)
  mlir::LogicalResult run(llvm::ArrayRef<void *> io, llvm::ArrayRef<int64_t> symbols = {}, int64_t chunk = 0);

private:
  JitProgram() = default;
  std::unique_ptr<llvm::orc::LLJIT> jit;
  ingot_entry entry = nullptr, prepare = nullptr; // the latter once, if something is computed from the constants
  ProgramDescription description;
  int64_t scratchBytes = 0, runs = 0;
  std::vector<char> constants, prepared;
};

} // namespace ingot::cpu

#endif
