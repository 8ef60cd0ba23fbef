//===- Export.h - ingotc's way to write a model with other weights --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_TOOLS_INGOTC_EXPORT_H
#define INGOT_TOOLS_INGOTC_EXPORT_H

#include "compiler/Compiler.h"

namespace ingot {

/// Writes `model` to `output` with the tensors of a safetensors file in place of its initializers of the same names.
/// The model file's hash must be `hash`, if not empty, and the one that the file's metadata name, if they do.
/// With `network`, which a recipe names, its tensors are those called NETWORK.X, and the recipe's hash says nothing.
/// `forInference` takes the model out of training mode; `loraScale` is explained at exportModel.
CompileStatus exportWeights(const std::string &model, const std::string &weights, const std::string &hash,
                            const std::string &network, bool forInference, double loraScale, const std::string &output);

} // namespace ingot

#endif
