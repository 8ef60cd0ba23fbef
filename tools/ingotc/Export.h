//===- Export.h - ingotc's way to write a model with other weights --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_TOOLS_INGOTC_EXPORT_H
#define INGOT_TOOLS_INGOTC_EXPORT_H

#include "compiler/Compiler.h"
#include <CLI/CLI.hpp>

namespace ingot {

struct ExportOptions {
  /// The safetensors file; empty when nothing is to be exported.
  std::string weights;
  /// What the model file's hash must be; empty: what the weights' metadata say.
  std::string sourceHash;
  /// The network of a recipe: its tensors are those called NETWORK.X, and the recipe's hash says nothing.
  std::string network;
  bool forInference = false;
  /// Outputs stay as they were trained, with mean 0 and deviation 1 (`ingot train --scale-targets`).
  bool keepsScaled = false;
  double loraScale = 1;
};

void addExportOptions(CLI::App &app, ExportOptions &options);

/// Writes `model` to `output` with the tensors of the file in place of its initializers of the same names.
CompileStatus exportWeights(const std::string &model, const ExportOptions &options, const std::string &output);

} // namespace ingot

#endif
