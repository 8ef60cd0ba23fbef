//===- AutodiffPasses.cpp - Autodiff's functions as passes ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "mlir/Pass/Pass.h"
#include "passes/autodiff/Autodiff.h"
#include "passes/autodiff/losses/Losses.h"
#include "passes/autodiff/optimizers/Optimizers.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DECL
#define GEN_PASS_DEF_APPENDGRADIENTSPASS
#define GEN_PASS_DEF_BUILDTRAINSTEPPASS
#define GEN_PASS_DEF_EXPOSEATTENTIONPASS
#include "passes/autodiff/AutodiffPasses.h.inc"
namespace {

struct AppendGradients : impl::AppendGradientsPassBase<AppendGradients> {
  using AppendGradientsPassBase::AppendGradientsPassBase;
  void runOnOperation() override {
    AppendGradientsOptions options{output,    cotangent, {inputs.begin(), inputs.end()}, {at.begin(), at.end()},
                                   gradients, tangents};
    if (failed(appendGradients(getOperation(), options)))
      signalPassFailure();
  }
};

struct BuildTrainStep : impl::BuildTrainStepPassBase<BuildTrainStep> {
  using BuildTrainStepPassBase::BuildTrainStepPassBase;
  void runOnOperation() override {
    TrainStepOptions options{loss, optimizer, freeze, clip, labelSmoothing, ignoreIndex, threshold, margin, gradients};
    options.part = part == "gradient" ? StepPart::Gradient : part == "update" ? StepPart::Update : StepPart::Whole;
    options.isSplit = options.part != StepPart::Whole;
    if (failed(buildTrainStep(getOperation(), options)))
      signalPassFailure();
  }
};

struct ExposeAttention : impl::ExposeAttentionPassBase<ExposeAttention> {
  using ExposeAttentionPassBase::ExposeAttentionPassBase;
  void runOnOperation() override {
    if (failed(exposeAttention(getOperation())))
      signalPassFailure();
  }
};

} // namespace

void registerAutodiffPasses() {
  PassRegistration<AppendGradients>();
  PassRegistration<BuildTrainStep>();
  PassRegistration<ExposeAttention>();
}

std::vector<std::string> lossNames() {
  std::vector<std::string> names;
  for (const Loss &loss : allLosses())
    names.push_back(loss.name.str());
  return names;
}

std::vector<std::string> optimizerNames() {
  std::vector<std::string> names;
  for (const Optimizer &optimizer : allOptimizers())
    names.push_back(optimizer.name.str());
  return names;
}

} // namespace ingot
