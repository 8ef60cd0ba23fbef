//===- Export.cpp - ingotc's way to write a model with other weights ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "tools/ingotc/Export.h"
#include "tools/ingot/Failure.h"
#include "tools/ingot/Safetensors.h"
#include <cstdio>

namespace ingot {

CompileStatus exportWeights(const std::string &model, const std::string &weights, const std::string &hash,
                            const std::string &network, bool forInference, double loraScale,
                            const std::string &output) {
  try {
    SafetensorsFile file = readSafetensors(weights);
    std::vector<TrainedTensor> tensors;
    std::string prefix = network.empty() ? "" : network + ".", expected = hash;
    for (auto &[name, tensor] : file.tensors)
      if (name.compare(0, prefix.size(), prefix) == 0)
        tensors.push_back({name.substr(prefix.size()), tensor.dtype, tensor.shape, tensor.data, tensor.bytes});
    auto named = file.metadata.find("source_hash");
    if (hash.empty() && network.empty() && named != file.metadata.end())
      expected = named->second;
    return exportModel(model, expected, tensors, forInference, loraScale, output, CompileEvents());
  } catch (const Failure &failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return static_cast<CompileStatus>(failure.code);
  }
}

} // namespace ingot
