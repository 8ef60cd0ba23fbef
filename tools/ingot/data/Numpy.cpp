// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// NumPy's files as data sets.
#include "Failure.h"
#include "Readers.h"

#include <fmt/format.h>

namespace ingot {

// Every array has the same number of rows.
static void checkRows(const Dataset &data) {
  for (auto &[name, array] : data.arrays) {
    if (array.shape.empty())
      throw Failure(exitBadInput, data.path,
                    fmt::format("\"{}\" is a single number, not a row for each example", name));
    if (array.shape[0] != data.rows())
      throw Failure(exitBadInput, data.path,
                    fmt::format("\"{}\" has {} rows, but \"{}\" has {}", name, array.shape[0],
                                data.arrays.begin()->first, data.arrays.begin()->second.shape[0]));
  }
}

Dataset readNpzRows(const std::string &path) {
  Dataset data{path, readNpz(path), {}};
  // rows() reads the first array's shape, which may be missing.
  for (auto &entry : data.arrays)
    if (entry.second.shape.empty())
      throw Failure(exitBadInput, path,
                    fmt::format("\"{}\" is a single number, not a row for each example", entry.first));
  checkRows(data);
  return data;
}

Dataset readNpyRows(const std::string &path, const DataOptions &options) {
  Dataset data{path, {}, {}};
  data.arrays[featuresName] = readNpy(path);
  if (data.arrays[featuresName].shape.empty())
    throw Failure(exitBadInput, path, "the array is a single number, not a row for each example");
  if (!options.target.empty())
    data.arrays[targetName] = readNpy(options.target);
  checkRows(data);
  return data;
}

} // namespace ingot
