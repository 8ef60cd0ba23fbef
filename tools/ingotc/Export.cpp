//===- Export.cpp - ingotc's way to write a model with other weights ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "tools/ingotc/Export.h"
#include "tools/ingot/Failure.h"
#include "tools/ingot/Safetensors.h"
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace ingot {
namespace {

/// What a checkpoint of `ingot train --scale-targets` notes of its targets. Those of a recipe belong to a step, whose
/// loss says what they are compared with.
void readScaling(const SafetensorsFile &file, const std::string &path, ExportRequest &request) {
  auto noted = file.metadata.find("target scaling");
  if (noted == file.metadata.end() || noted->second.empty())
    return;
  auto scaling = nlohmann::json::parse(noted->second, nullptr, /*allow_exceptions=*/false);
  auto isList = [&](const char *name) {
    return scaling.contains(name) && scaling[name].is_array() && !scaling[name].empty() &&
           std::all_of(scaling[name].begin(), scaling[name].end(), [](auto &number) { return number.is_number(); });
  };
  if (!scaling.is_object() || !isList("mean") || !isList("deviation") ||
      scaling["mean"].size() != scaling["deviation"].size() || !scaling.value("output", nlohmann::json()).is_string())
    throw Failure(exitBadInput, path, "the metadata \"target scaling\" are not what ingot train writes");
  request.scaledOutput = scaling["output"].get<std::string>();
  request.mean = scaling["mean"].get<std::vector<double>>();
  request.deviation = scaling["deviation"].get<std::vector<double>>();
}

ExportRequest requestOf(const SafetensorsFile &file, const ExportOptions &options) {
  ExportRequest request;
  request.forInference = options.forInference;
  request.loraScale = options.loraScale;
  std::string prefix = options.network.empty() ? "" : options.network + ".";
  for (auto &[name, tensor] : file.tensors)
    if (name.compare(0, prefix.size(), prefix) == 0)
      request.weights.push_back({name.substr(prefix.size()), tensor.dtype, tensor.shape, tensor.data, tensor.bytes});
  request.hash = options.sourceHash;
  auto named = file.metadata.find("source_hash");
  if (request.hash.empty() && options.network.empty() && named != file.metadata.end())
    request.hash = named->second;
  if (!options.keepsScaled && options.network.empty())
    readScaling(file, options.weights, request);
  return request;
}

} // namespace

void addExportOptions(CLI::App &app, ExportOptions &options) {
  auto *exports = app.add_option("--weights", options.weights,
                                 "write the model to -o with the weights of a .safetensors file, and compile nothing");
  app.add_option("--network", options.network, "with --weights: take a recipe's tensors NETWORK.X")->needs(exports);
  app.add_flag("--inference", options.forInference, "with --weights: take the model out of training mode")
      ->needs(exports);
  app.add_flag("--keep-scaled", options.keepsScaled,
               "with --weights: outputs as trained by --scale-targets, not in the units of the data")
      ->needs(exports);
  app.add_option("--lora-scale", options.loraScale,
                 "with --weights: X.lora_B and X.lora_A add so many times their product to X")
      ->needs(exports);
  app.add_option("--source-hash", options.sourceHash, "what the model file's hash must be")->needs(exports);
}

CompileStatus exportWeights(const std::string &model, const ExportOptions &options, const std::string &output) {
  try {
    SafetensorsFile file = readSafetensors(options.weights);
    ExportRequest request = requestOf(file, options);
    request.model = model;
    request.output = output;
    return exportModel(request, CompileEvents());
  } catch (const Failure &failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return static_cast<CompileStatus>(failure.code);
  }
}

} // namespace ingot
