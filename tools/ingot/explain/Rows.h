// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Examples, or what a network computes for them, as numbers to calculate with.
#pragma once
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <vector>

namespace ingot {

/// Rows of one shape, one after another.
struct Rows {
  /// Of one row.
  std::vector<int64_t> shape;
  std::vector<double> values;

  size_t perRow() const { return size_t(std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<>())); }
  size_t count() const { return perRow() ? values.size() / perRow() : 0; }
  std::span<double> row(size_t i) { return {values.data() + i * perRow(), perRow()}; }
  std::span<const double> row(size_t i) const { return {values.data() + i * perRow(), perRow()}; }
  void append(std::span<const double> row) { values.insert(values.end(), row.begin(), row.end()); }
};

} // namespace ingot
