//===- Parts.cpp - The further programs of a training library -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/Parts.h"
#include "compiler/Inspections.h"
#include "compiler/MemoryBudget.h"
#include "compiler/Pipeline.h"

using namespace mlir;

namespace ingot {

FailureOr<std::unique_ptr<Artifact>> compilePart(LibraryPart part, const CompileOptions &options, ImportOptions import,
                                                 MLIRContext *context, OwningOpRef<ModuleOp> &module) {
  bool isUpdate = part == LibraryPart::Update;
  import.isEvaluation = !isUpdate;
  import.name += isUpdate ? "_update_step" : "_evaluation";
  module = importOnnx(options.input, import, context);
  if (!module || failed(differentiate(*module, options, isUpdate)))
    return failure();
  return compilePart(*module, options);
}

FailureOr<std::unique_ptr<Artifact>> compilePart(ModuleOp module, const CompileOptions &options,
                                                 CompileReport::MemoryBudget *budget) {
  if (failed(simplify(module, options)) || (budget && failed(fitMemoryBudget(module, options, *budget))) ||
      failed(fuse(module, options)) || failed(planMemory(module)))
    return failure();
  FailureOr<CpuCode> code = emitObjects(module, cpuOptions(options));
  FailureOr<ProgramDescription> program = describeProgram(module);
  if (failed(code) || failed(program))
    return failure();
  addInspections(module, *program);
  program->isPart = true;
  program->scratchBytes = code->scratchBytes;
  program->winogradBytes = winogradBytes(module);
  auto artifact = std::make_unique<Artifact>();
  artifact->program = std::move(*program);
  artifact->variants = std::move(code->variants);
  artifact->constants = collectConstants(module);
  return artifact;
}

} // namespace ingot
