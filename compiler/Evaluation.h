//===- Evaluation.h - The other part of a training library ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_EVALUATION_H
#define INGOT_COMPILER_EVALUATION_H

#include "codegen/Codegen.h"
#include "compiler/Options.h"
#include "frontends/Frontend.h"

namespace ingot {

/// The evaluation that belongs to a training step: imported anew as the network behaves after training, then down the
/// same line. `import` is how the step was imported. The artifact refers to `module`, which is made here and must stay.
mlir::FailureOr<std::unique_ptr<Artifact>> compileEvaluation(const CompileOptions &options, ImportOptions import,
                                                             mlir::MLIRContext *context,
                                                             mlir::OwningOpRef<mlir::ModuleOp> &module);

} // namespace ingot

#endif
