//===- Pipelines.cpp - The order of the passes ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"

using namespace mlir;

namespace ingot {

void buildSimplifyPipeline(OpPassManager &passes) {
  OpPassManager &functions = passes.nest<func::FuncOp>();
  functions.addPass(createWidenHalf()); // all that follows knows float32 best
  functions.addPass(createCanonicalizerPass());
  functions.addPass(createCSEPass());             // exporters repeat themselves
  functions.addPass(createSimplifyArithmetic());  // before what looks for its forms
  functions.addPass(createRecogniseComposites()); // while a composite's parts lie together
  functions.addPass(createFoldTransposes());      // factors meet convolutions only then
  functions.addPass(createSimplifyArithmetic());
  functions.addPass(createRecogniseComposites());
  functions.addPass(createFoldPads());
  functions.addPass(createFoldScales());
  functions.addPass(createSimplifyArithmetic()); // biases meet
  functions.addPass(createCanonicalizerPass());
  functions.addPass(createCSEPass());
}

void buildCombinePipeline(OpPassManager &passes) {
  OpPassManager &functions = passes.nest<func::FuncOp>();
  functions.addPass(createRecogniseAttention()); // scales are often computed
  functions.addPass(createMergeProducts());      // attention reads slices
  functions.addPass(createCanonicalizerPass());
  functions.addPass(createCSEPass()); // layers share their masks
}

void buildFusionPipeline(OpPassManager &passes) {
  passes.addNestedPass<func::FuncOp>(createCanonicalizerPass()); // reshapes of constants are constants
  passes.addPass(createOutlineKernels());
}

void buildMemoryPipeline(OpPassManager &passes) { passes.addPass(createPlanMemory()); }

void registerPipelines() {
  PassPipelineRegistration<>("ingot-simplify", "Simplify the imported graph", buildSimplifyPipeline);
  PassPipelineRegistration<>("ingot-combine", "Form operations that take known constants", buildCombinePipeline);
  PassPipelineRegistration<>("ingot-fuse", "Form kernels", buildFusionPipeline);
  PassPipelineRegistration<>("ingot-plan", "Plan memory", buildMemoryPipeline);
}

} // namespace ingot
