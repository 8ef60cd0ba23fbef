// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A tensor in memory.
#pragma once
#include "ingot/runtime.h"

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace ingot {

/// A dense, row-major tensor that owns its elements.
struct Array {
  ingot_dtype dtype = INGOT_F32;
  std::vector<int64_t> shape;

  Array() = default;
  /// Uninitialised elements, aligned for any instruction.
  Array(ingot_dtype dtype, std::vector<int64_t> shape);

  int64_t count() const;
  size_t bytes() const;
  char *data() { return elements.get(); }
  const char *data() const { return elements.get(); }
  /// Element i as a number (bool: 0 or 1), for comparison and printing.
  double at(int64_t i) const;
  /// The view that the runtime takes; it refers to this array.
  ingot_tensor tensor() const;

private:
  struct Free {
    void operator()(char *memory) const { std::free(memory); }
  };
  std::unique_ptr<char, Free> elements;
};

/// "float32[1, 3]".
std::string describe(ingot_dtype dtype, const std::vector<int64_t> &shape);
inline std::string describe(const Array &array) { return describe(array.dtype, array.shape); }
const char *nameOf(ingot_dtype dtype);
size_t bytesOf(ingot_dtype dtype);

} // namespace ingot
