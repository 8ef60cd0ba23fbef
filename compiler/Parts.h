//===- Parts.h - The further programs of a training library -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_PARTS_H
#define INGOT_COMPILER_PARTS_H

#include "codegen/Codegen.h"
#include "compiler/Compiler.h"
#include "frontends/Frontend.h"

namespace ingot {

/// A program on the state of a training library besides its first one.
enum class LibraryPart {
  Evaluation, ///< X_evaluation: the network as it behaves after training
  Update      ///< X_update_step: what --split-update leaves out of the gradient step
};

/// Compiles a part from the model file. `import` is what the library's first program was imported with; `module` keeps
/// what the artifact refers to.
mlir::FailureOr<std::unique_ptr<Artifact>> compilePart(LibraryPart part, const CompileOptions &options,
                                                       ImportOptions import, mlir::MLIRContext *context,
                                                       mlir::OwningOpRef<mlir::ModuleOp> &module);

/// The same from a program as it was imported or built, whose module's name is the part's; it must stay. `budget`, not
/// null for what has a backward pass, gets what fitMemoryBudget chose.
mlir::FailureOr<std::unique_ptr<Artifact>> compilePart(mlir::ModuleOp module, const CompileOptions &options,
                                                       CompileReport::MemoryBudget *budget = nullptr);

} // namespace ingot

#endif
