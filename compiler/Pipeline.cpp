//===- Pipeline.cpp - The stages between import and code ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of the passes lies in passes/ (one build...Pipeline per stage); here is what needs code generation beside them.
//
//===----------------------------------------------------------------------===//
#include "compiler/Pipeline.h"
#include "mlir/Pass/PassManager.h"
#include "dialects/ingot/Ingot.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AsmState.h"
#include "passes/Passes.h"
#include <thread>

using namespace mlir;

namespace ingot {
namespace {

LogicalResult runPipeline(ModuleOp module, function_ref<void(OpPassManager &)> build) {
  PassManager passes(module.getContext());
  build(passes);
  return passes.run(module);
}

/// Computes the results of a module whose @main has no arguments: compiled for this machine and called in process.
LogicalResult runConstants(ModuleOp constants, SmallVectorImpl<ElementsAttr> &results, const CompileOptions &options) {
  CompileOptions native = options;
  native.cpu = "native";
  if (failed(fuse(constants, native)) || failed(planMemory(constants)))
    return failure();
  SmallVector<void *> buffers;
  for (Type type : constants.lookupSymbol<func::FuncOp>("main").getResultTypes()) {
    auto tensor = cast<RankedTensorType>(type);
    size_t bytes = tensor.getNumElements() * elementBytes(tensor.getElementType());
    AsmResourceBlob blob = HeapAsmResourceBlob::allocate(std::max<size_t>(bytes, 1), 64);
    buffers.push_back(blob.getMutableData().data());
    results.push_back(DenseResourceElementsAttr::get(tensor, "computed", std::move(blob)));
  }
  return runInProcess(constants, buffers);
}

} // namespace

CpuOptions cpuOptions(const CompileOptions &options) {
  CpuOptions cpu;
  if (options.cpu != "portable")
    cpu.targets = {options.cpu};
  cpu.jobs = options.jobs ? options.jobs : std::thread::hardware_concurrency();
  return cpu;
}

LogicalResult simplify(ModuleOp module, const CompileOptions &options) {
  if (failed(runPipeline(module, buildSimplifyPipeline)))
    return failure();
  return evaluateConstants(module, [&](ModuleOp constants, SmallVectorImpl<ElementsAttr> &results) {
    return runConstants(constants, results, options);
  });
}

LogicalResult fuse(ModuleOp module, const CompileOptions &options) {
  if (failed(runPipeline(module, buildFusionPipeline)))
    return failure();
  return packConstants(module, cpuOptions(options));
}

LogicalResult planMemory(ModuleOp module) { return runPipeline(module, buildMemoryPipeline); }

} // namespace ingot
