//===- Export.cpp - ingotc's way to write a model with other weights ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "tools/ingotc/Export.h"
#include "tools/ingot/Failure.h"
#include "tools/ingot/Safetensors.h"
#include <cstdio>

namespace ingot {

CompileStatus exportWeights(const std::string &model, const std::string &weights, const std::string &hash,
                            bool forInference, double loraScale, const std::string &output) {
  try {
    SafetensorsFile file = readSafetensors(weights);
    std::vector<TrainedTensor> tensors;
    for (auto &[name, tensor] : file.tensors)
      tensors.push_back({name, tensor.dtype, tensor.shape, tensor.data, tensor.bytes});
    auto named = file.metadata.find("source_hash");
    return exportModel(model, hash.empty() && named != file.metadata.end() ? named->second : hash, tensors,
                       forInference, loraScale, output, CompileEvents());
  } catch (const Failure &failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return static_cast<CompileStatus>(failure.code);
  }
}

} // namespace ingot
