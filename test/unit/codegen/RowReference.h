// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the tests of row kernels share: shapes, numbers, and which elements are in which row.
#pragma once
#include "KernelRunner.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <gtest/gtest.h>

using Shape = std::vector<int64_t>;

inline int64_t countOf(const Shape &shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

inline std::string typeOf(const Shape &shape, const char *element = "f32") {
  return fmt::format("tensor<{}x{}>", fmt::join(shape, "x"), element);
}

inline std::vector<float> noise(size_t count) {
  std::vector<float> values(count);
  uint32_t state = 12345;
  for (float &value : values) {
    state = state * 1664525 + 1013904223;
    value = float(int32_t(state)) * 0x1p-29f;
  }
  return values;
}

/// For each element of a tensor, the number of its row, when `axes` are combined; rows are numbered as elements of the
/// result lie in memory.
inline std::vector<int64_t> rowNumbers(const Shape &shape, const Shape &axes) {
  std::vector<int64_t> numbers(countOf(shape));
  for (size_t i = 0; i < numbers.size(); ++i) {
    int64_t rest = i, stride = 1;
    for (size_t axis = shape.size(); axis-- > 0;) {
      int64_t index = rest % shape[axis];
      rest /= shape[axis];
      if (std::find(axes.begin(), axes.end(), int64_t(axis)) != axes.end())
        continue;
      numbers[i] += index * stride;
      stride *= shape[axis];
    }
  }
  return numbers;
}

inline std::vector<std::vector<size_t>> rowsOf(const Shape &shape, const Shape &axes) {
  std::vector<int64_t> numbers = rowNumbers(shape, axes);
  std::vector<std::vector<size_t>> rows;
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (rows.size() <= size_t(numbers[i]))
      rows.resize(numbers[i] + 1);
    rows[numbers[i]].push_back(i);
  }
  return rows;
}

inline void expectClose(const std::vector<float> &given, const std::vector<double> &expected, double tolerance) {
  ASSERT_EQ(given.size(), expected.size());
  for (size_t i = 0; i < given.size(); ++i)
    ASSERT_NEAR(given[i], expected[i], tolerance * std::max(1.0, std::abs(expected[i]))) << "element " << i;
}

struct Case {
  Shape shape, axes;
};

inline void PrintTo(const Case &value, std::ostream *out) {
  *out << fmt::format("[{}] over {}", fmt::join(value.shape, ", "), fmt::join(value.axes, ", "));
}
