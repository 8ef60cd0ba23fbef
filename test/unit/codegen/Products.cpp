// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Products.h"
#include <fmt/format.h>
#include <fmt/ranges.h>

std::vector<float> wholeNumbers(size_t count, unsigned seed) {
  std::vector<float> values(count);
  uint32_t state = seed * 2654435761u + 1;
  for (float &value : values) {
    state = state * 1664525u + 1013904223u;
    value = float(int(state >> 16) % 7) - 3;
  }
  return values;
}

std::string typeText(const std::vector<int64_t> &shape, const std::vector<std::string> &names) {
  std::string text = "tensor<", dims;
  bool isSymbolic = false;
  for (int64_t dim : shape) {
    text += dim < 0 ? "?x" : fmt::format("{}x", dim);
    dims += (dims.empty() ? "" : ", ") + (dim < 0 ? names[-1 - dim] : fmt::format("{}", dim));
    isSymbolic |= dim < 0;
  }
  return text + "f32" + (isSymbolic ? ", #ingot.shape<[" + dims + "]>>" : ">");
}

int64_t count(const std::vector<int64_t> &shape) {
  int64_t product = 1;
  for (int64_t dim : shape)
    product *= dim;
  return product;
}

std::string listText(const std::vector<int64_t> &values) { return fmt::format("{}", fmt::join(values, ", ")); }

Packed pack(const std::vector<float> &values, const std::vector<int64_t> &shape,
            const std::vector<int64_t> &permutation, const std::vector<int64_t> &blocks) {
  size_t rank = shape.size();
  Packed packed;
  std::vector<int64_t> inner;
  for (size_t i = 0; i < rank; ++i) {
    packed.shape.push_back((shape[permutation[i]] + blocks[i] - 1) / blocks[i]);
    if (blocks[i] > 1)
      inner.push_back(blocks[i]);
  }
  packed.shape.insert(packed.shape.end(), inner.begin(), inner.end());
  packed.values.assign(count(packed.shape), 0.0f);
  std::vector<int64_t> index(rank);
  for (size_t number = 0; number < values.size(); ++number) {
    int64_t rest = number, place = 0;
    for (size_t axis = rank; axis-- > 0; rest /= shape[axis])
      index[axis] = rest % shape[axis];
    for (size_t i = 0; i < rank; ++i)
      place = place * packed.shape[i] + index[permutation[i]] / blocks[i];
    for (size_t i = 0; i < rank; ++i)
      if (blocks[i] > 1)
        place = place * blocks[i] + index[permutation[i]] % blocks[i];
    packed.values[place] = values[number];
  }
  return packed;
}
