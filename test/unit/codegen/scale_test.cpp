// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels of a map scaled by channels and the 1x1 convolution that reads it, against sums in double precision.
#include "Products.h"
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace {

struct Case {
  int64_t batch, height, width, channels, filters;
  bool sharesFactors, factorsComeFirst;
};

void PrintTo(const Case &c, std::ostream *out) {
  *out << fmt::format("{}x{}x{}x{} to {}, factors {}, {}", c.batch, c.height, c.width, c.channels, c.filters,
                      c.sharesFactors ? "of all images" : "of each image", c.factorsComeFirst ? "first" : "second");
}

class ScaledProduct : public testing::TestWithParam<Case> {};

TEST_P(ScaledProduct, IsThatOfTheScaledMap) {
  Case c = GetParam();
  std::vector<int64_t> map{c.batch, c.height, c.width, c.channels}, output{c.batch, c.height, c.width, c.filters},
      factors{c.sharesFactors ? 1 : c.batch, 1, 1, c.channels}, filter{1, 1, c.channels, c.filters};
  std::vector<float> x = wholeNumbers(count(map), 1), s = wholeNumbers(count(factors), 2),
                     w = wholeNumbers(count(filter), 3), bias = wholeNumbers(c.filters, 4);
  Packed panels = pack(w, filter, {3, 0, 1, 2}, {16, 1, 1, 1});
  std::string text = fmt::format(
      R"(
    kernel.func private @k(%x: {map}, %s: {factors}, %w: {panels}, %b: tensor<{filters}xf32>) -> {output} {{
      %0 = kernel.unpack %w [3, 0, 1, 2] [16, 1, 1, 1] : {panels} -> {filter}
      %1 = ingot.mul {lhs}
      %2 = "ingot.conv"(%1, %0) <{{strides = {one}, dilations = {one}, low = {zero}, high = {zero}, groups = 1 : i64}}> : ({map}, {filter}) -> {output}
      %3 = ingot.add %2, %b : {output}, tensor<{filters}xf32>
      kernel.return %3 : {output}
    }})",
      fmt::arg("map", typeText(map)), fmt::arg("factors", typeText(factors)),
      fmt::arg("panels", typeText(panels.shape)), fmt::arg("filters", c.filters), fmt::arg("output", typeText(output)),
      fmt::arg("filter", typeText(filter)), fmt::arg("one", "array<i64: 1, 1>"), fmt::arg("zero", "array<i64: 0, 0>"),
      fmt::arg("lhs", c.factorsComeFirst ? fmt::format("%s, %x : {}, {}", typeText(factors), typeText(map))
                                         : fmt::format("%x, %s : {}, {}", typeText(map), typeText(factors))));
  std::vector<float> expected;
  for (int64_t row = 0; row < c.batch * c.height * c.width; ++row)
    for (int64_t f = 0; f < c.filters; ++f) {
      int64_t image = c.sharesFactors ? 0 : row / (c.height * c.width);
      double sum = bias[f];
      for (int64_t k = 0; k < c.channels; ++k)
        sum += double(x[row * c.channels + k]) * s[image * c.channels + k] * w[k * c.filters + f];
      expected.push_back(float(sum));
    }
  EXPECT_EQ(runKernel(text, {x, s, panels.values, bias})[0].as<float>(), expected);
}

INSTANTIATE_TEST_SUITE_P(Odd, ScaledProduct,
                         testing::Values(Case{1, 5, 7, 33, 24, false, false}, Case{3, 6, 6, 1, 17, false, true},
                                         Case{2, 4, 5, 48, 40, true, false}, Case{2, 13, 11, 16, 1, false, false},
                                         Case{1, 17, 1, 95, 65, true, true}));

} // namespace
