// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The safetensors format: a JSON header with every tensor's name, type, shape and place, then the elements. Described
// at https://github.com/huggingface/safetensors.
#pragma once
#include "ingot/runtime.h"

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ingot {

/// A tensor somewhere in memory: of a SafetensorsFile, or on its way into one.
struct TensorView {
  ingot_dtype dtype;
  std::vector<int64_t> shape;
  const char *data;
  size_t bytes;
};

struct SafetensorsFile {
  std::map<std::string, std::string> metadata;
  std::map<std::string, TensorView> tensors; // they refer to `contents`
  std::unique_ptr<char[]> contents;
};

/// Reads a whole file. A Failure names it and says what is wrong: a header that is none, a place outside of the file, a
/// shape that does not fit its place, bytes that belong to no tensor.
SafetensorsFile readSafetensors(const std::string &path);

/// Writes the tensors in the given order; over an existing file only when everything is on the disk.
void writeSafetensors(const std::string &path, const std::map<std::string, std::string> &metadata,
                      const std::vector<std::pair<std::string, TensorView>> &tensors);

} // namespace ingot
