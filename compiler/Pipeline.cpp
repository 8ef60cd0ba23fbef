//===- Pipeline.cpp - The stages between import and code ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of the passes lies in passes/ (one build...Pipeline per stage); here is what needs code generation beside
// them.
//
//===----------------------------------------------------------------------===//
#include "compiler/Pipeline.h"
#include "mlir/Pass/PassManager.h"
#include "dialects/ingot/Ingot.h"
#include "frontends/Frontend.h"
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

/// Elements in memory as an attribute: small tensors are part of the module's text, large ones stay in their buffer.
ElementsAttr elementsOf(RankedTensorType type, AsmResourceBlob buffer) {
  constexpr int64_t mostInText = 64;
  if (type.getNumElements() > mostInText)
    return DenseResourceElementsAttr::get(type, "computed", std::move(buffer));
  ArrayRef<char> bytes = buffer.getData().take_front(type.getNumElements() * elementBytes(type.getElementType()));
  if (!type.getElementType().isInteger(1))
    return DenseElementsAttr::getFromRawBuffer(type, bytes);
  SmallVector<bool> values(llvm::map_range(bytes, [](char byte) { return byte != 0; }));
  return DenseElementsAttr::get(type, ArrayRef<bool>(values));
}

/// The gradients of the first output, the loss, by the network's own inputs.
LogicalResult appendLossGradients(ModuleOp module) {
  AppendGradientsOptions gradients;
  auto main = module.lookupSymbol<func::FuncOp>("main");
  for (BlockArgument argument : main.getArguments()) {
    auto role = main.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "ingot.role");
    auto name = main.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "ingot.name");
    if (role && role == "input" && isa<FloatType>(getElementTypeOrSelf(argument)))
      gradients.inputs.push_back(name.str());
  }
  if (gradients.inputs.empty())
    return emitError(module.getLoc()) << "there is no input of real numbers by which the loss has a gradient";
  return appendGradients(module, gradients);
}

std::string nameOfNode(Location location) {
  std::optional<NodeLocation> node = findNode(location);
  return node ? node->name.str() : "convolution";
}

/// Computes the results of a module whose @main has no arguments: compiled for this machine and called in process.
LogicalResult runConstants(ModuleOp constants, SmallVectorImpl<ElementsAttr> &results, const CompileOptions &options) {
  CompileOptions native = options;
  native.cpu = "native";
  native.precision = Precision::Float32; // weights are rounded once, as the last thing that happens to them
  if (native.winograd == Winograd::Load) // nothing is loaded here
    native.winograd = Winograd::Auto;
  if (failed(fuse(constants, native)) || failed(planMemory(constants)))
    return failure();
  auto types = llvm::to_vector(constants.lookupSymbol<func::FuncOp>("main").getResultTypes());
  std::vector<AsmResourceBlob> buffers;
  SmallVector<void *> addresses;
  for (Type type : types) {
    auto tensor = cast<RankedTensorType>(type);
    size_t bytes = tensor.getNumElements() * elementBytes(tensor.getElementType());
    buffers.push_back(HeapAsmResourceBlob::allocate(std::max<size_t>(bytes, 1), 64));
    addresses.push_back(buffers.back().getMutableData().data());
  }
  if (failed(runInProcess(constants, addresses)))
    return failure();
  for (auto [type, buffer] : llvm::zip(types, buffers))
    results.push_back(elementsOf(cast<RankedTensorType>(type), std::move(buffer)));
  return success();
}

} // namespace

const char *nameOf(Precision precision) {
  static constexpr const char *names[] = {"f32", "f16-weights", "bf16-weights", "bf16", "int8-weights", "int8"};
  return names[size_t(precision)];
}

const char *nameOf(Winograd winograd) {
  static constexpr const char *names[] = {"off", "auto", "load"};
  return names[size_t(winograd)];
}

CpuOptions cpuOptions(const CompileOptions &options) {
  CpuOptions cpu;
  if (options.cpu != "portable")
    cpu.targets = {options.cpu};
  else if (options.precision == Precision::Int8)
    cpu.targets.insert(cpu.targets.begin(), "x86-64-v4-vnni");
  cpu.winograd = options.winograd != Winograd::Off;
  cpu.prepareWinograd = options.winograd == Winograd::Load;
  cpu.optimization = int(options.optimization);
  cpu.schedules = options.choices;
  cpu.jobs = options.jobs ? options.jobs : std::thread::hardware_concurrency();
  return cpu;
}

LogicalResult differentiate(ModuleOp module, const CompileOptions &options, bool isUpdate) {
  const TrainOptions &train = options.train;
  StepPart part = !train.splitUpdate ? StepPart::Whole : isUpdate ? StepPart::Update : StepPart::Gradient;
  if (auto main = module.lookupSymbol<func::FuncOp>("main"); main && train.detectAnomaly)
    main->setAttr("ingot.detect_anomaly", UnitAttr::get(module.getContext()));
  if (train.isWanted) {
    LogicalResult built = buildTrainStep(
        module, {train.loss, train.optimizer, train.freeze, train.clip, train.labelSmoothing, train.ignoreIndex,
                 train.threshold, train.margin, train.gradients, train.trainOnly, train.lora, train.loraRank,
                 train.loraScale() * double(train.loraRank), part, train.splitUpdate});
    // The evaluation tells the loss's gradient by the inputs, which changes no state.
    bool isAsked = train.inputGradients && module->hasAttr("ingot.evaluation");
    return failed(built) || !isAsked ? built : appendLossGradients(module);
  }
  if (!options.caches.empty() &&
      failed(runPipeline(module, [&](OpPassManager &passes) { passes.addPass(createKeepCaches({options.caches})); })))
    return failure();
  if (options.attentionOutputs && failed(exposeAttention(module)))
    return failure();
  if (!train.inputGradients && !train.tangents)
    return success();
  AppendGradientsOptions gradients{"", train.cotangent, {}, train.gradientsAt, train.inputGradients, train.tangents};
  if (train.gradientAtLastConvolution) {
    FailureOr<std::string> name = exposeLastConvolution(module, nameOfNode);
    if (failed(name))
      return failure();
    gradients.at.push_back(*name);
  }
  return appendGradients(module, gradients);
}

LogicalResult simplify(ModuleOp module, const CompileOptions &options) {
  auto evaluate = [&](ModuleOp constants, SmallVectorImpl<ElementsAttr> &results) {
    return runConstants(constants, results, options);
  };
  for (auto build : {buildSimplifyPipeline, buildCombinePipeline})
    if (failed(runPipeline(module, build)) || failed(evaluateConstants(module, evaluate)))
      return failure();
  bool isTraining = options.train.isWanted || options.isRecipe;
  if (isTraining && (options.precision == Precision::Float32 || module->hasAttr("ingot.evaluation")))
    return success();
  LogicalResult chosen = runPipeline(module, [&](OpPassManager &passes) {
    // What is frozen is as constant in a step as in inference.
    Precision weights = isTraining ? Precision::BFloat16Weights : options.precision;
    passes.addNestedPass<func::FuncOp>(createChoosePrecision({nameOf(weights), options.precisionKeep}));
    if (isTraining)
      passes.addNestedPass<func::FuncOp>(createMixPrecision({options.precisionKeep}));
  });
  if (succeeded(chosen) && options.isRecipe) // of a step, fitMemoryBudget tells forward and backward apart
    recompute(module.lookupSymbol<func::FuncOp>("main"), RecomputeChoice());
  return chosen;
}

LogicalResult fuse(ModuleOp module, const CompileOptions &options) {
  if (failed(runPipeline(module, buildFusionPipeline)))
    return failure();
  packOperands(module, cpuOptions(options));
  return success();
}

LogicalResult planMemory(ModuleOp module) { return runPipeline(module, buildMemoryPipeline); }

} // namespace ingot
