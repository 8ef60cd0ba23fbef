//===- FormatOptions.cpp - What a library tells of its options ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/FormatOptions.h"
#include <algorithm>
#include <fmt/format.h>

namespace ingot {
namespace {

std::string formatPrecision(const CompileOptions &options, const std::vector<CompileReport::ReducedWeight> &weights) {
  std::string text = fmt::format(" --precision {}", nameOf(options.precision));
  if (!options.precisionKeep.empty())
    text += " --precision-keep " + options.precisionKeep;
  if (options.train.isWanted || options.isRecipe)
    return text;
  double most = 0;
  for (const CompileReport::ReducedWeight &weight : weights)
    most = std::max(most, weight.rmsError);
  return text + fmt::format(" ({} weights, rms rounding error up to {:.1e})", weights.size(), most);
}

/// What a training loop wants to know about the step.
std::string formatStep(const TrainOptions &train) {
  std::string text = " --train --loss " + train.loss + " --optimizer " + train.optimizer;
  if (train.inputGradients)
    text += " --grad-inputs";
  if (train.ignoreIndex != TrainOptions().ignoreIndex)
    text += fmt::format(" --ignore-index {}", train.ignoreIndex);
  if (!train.lora.empty())
    text += fmt::format(" --lora-scale {}", train.loraScale());
  return text;
}

} // namespace

std::string formatOptions(const CompileOptions &options, const std::vector<CompileReport::ReducedWeight> &weights) {
  std::string text = "--cpu " + options.cpu;
  if (options.winograd != Winograd::Auto)
    text += fmt::format(" --winograd {}", nameOf(options.winograd));
  if (options.precision != Precision::Float32)
    text += formatPrecision(options, weights);
  if (options.train.isWanted)
    text += formatStep(options.train);
  if (options.train.splitUpdate)
    text += " --split-update";
  if (options.train.detectAnomaly)
    text += " --detect-anomaly";
  if (options.train.isWanted)
    return text;
  if (!options.caches.empty())
    text += " --kv-cache=" + options.caches;
  if (options.attentionOutputs)
    text += " --attention-outputs";
  if (options.train.inputGradients)
    text += " --grad-inputs";
  if (options.train.cotangent)
    text += " --cotangent";
  return text;
}

} // namespace ingot
