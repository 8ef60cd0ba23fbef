// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Convolutions, transposed and depthwise ones against sums in double precision.
#include "Products.h"
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace {

struct Case {
  std::vector<int64_t> input; // [N, spatial..., C]
  std::vector<int64_t> window;
  int64_t filters;
  std::vector<int64_t> strides, dilations, low, high;
  int64_t groups = 1;
  size_t axes() const { return window.size(); }
  int64_t channels() const { return input.back(); }
};

void PrintTo(const Case &c, std::ostream *out) {
  *out << fmt::format("[{}] window [{}] filters {} strides [{}] dilations [{}] low [{}] high [{}] groups {}",
                      listText(c.input), listText(c.window), c.filters, listText(c.strides), listText(c.dilations),
                      listText(c.low), listText(c.high), c.groups);
}

std::string attributes(const Case &c) {
  return fmt::format(
      "strides = array<i64: {}>, dilations = array<i64: {}>, low = array<i64: {}>, high = array<i64: {}>, "
      "groups = {} : i64",
      listText(c.strides), listText(c.dilations), listText(c.low), listText(c.high), c.groups);
}

/// Calls `body(point)` for every point of a box.
template <typename Body>
void forEach(const std::vector<int64_t> &extents, Body body) {
  std::vector<int64_t> point(extents.size());
  for (int64_t number = 0; number < count(extents); ++number) {
    int64_t rest = number;
    for (size_t axis = extents.size(); axis-- > 0; rest /= extents[axis])
      point[axis] = rest % extents[axis];
    body(point);
  }
}

int64_t linear(const std::vector<int64_t> &point, const std::vector<int64_t> &extents) {
  int64_t result = 0;
  for (size_t axis = 0; axis < extents.size(); ++axis)
    result = result * extents[axis] + point[axis];
  return result;
}

/// Calls `body(output position, input position, tap)` for all that meet; `output` are the spatial extents.
template <typename Body>
void forEachTap(const Case &c, const std::vector<int64_t> &from, const std::vector<int64_t> &to, Body body) {
  forEach(to, [&](const std::vector<int64_t> &y) {
    forEach(c.window, [&](const std::vector<int64_t> &tap) {
      std::vector<int64_t> x(c.axes());
      for (size_t axis = 0; axis < c.axes(); ++axis) {
        x[axis] = y[axis] * c.strides[axis] + tap[axis] * c.dilations[axis] - c.low[axis];
        if (x[axis] < 0 || x[axis] >= from[axis])
          return;
      }
      body(linear(y, to), linear(x, from), linear(tap, c.window));
    });
  });
}

std::vector<int64_t> spatial(const Case &c) { return {c.input.begin() + 1, c.input.end() - 1}; }

std::vector<int64_t> outputOf(const Case &c) {
  std::vector<int64_t> output = c.input;
  for (size_t axis = 0; axis < c.axes(); ++axis)
    output[axis + 1] = (c.input[axis + 1] + c.low[axis] + c.high[axis] - (c.window[axis] - 1) * c.dilations[axis] - 1) /
                           c.strides[axis] +
                       1;
  output.back() = c.filters;
  return output;
}

std::vector<float> expected(const Case &c, const std::vector<float> &x, const std::vector<float> &w) {
  std::vector<int64_t> output = outputOf(c), from = spatial(c), to(output.begin() + 1, output.end() - 1);
  int64_t perGroup = c.channels() / c.groups, filtersPerGroup = c.filters / c.groups;
  std::vector<double> sums(count(output));
  for (int64_t n = 0; n < c.input[0]; ++n)
    forEachTap(c, from, to, [&](int64_t y, int64_t at, int64_t tap) {
      for (int64_t f = 0; f < c.filters; ++f)
        for (int64_t k = 0; k < perGroup; ++k)
          sums[(n * count(to) + y) * c.filters + f] +=
              double(x[(n * count(from) + at) * c.channels() + f / filtersPerGroup * perGroup + k]) *
              w[(tap * perGroup + k) * c.filters + f];
    });
  return {sums.begin(), sums.end()};
}

class Convolution : public testing::TestWithParam<Case> {
protected:
  Case c = GetParam();
  std::vector<int64_t> filter = [this] {
    std::vector<int64_t> shape = c.window;
    shape.insert(shape.end(), {c.channels() / c.groups, c.filters});
    return shape;
  }();
  std::vector<float> x = wholeNumbers(count(c.input), 1), w = wholeNumbers(count(filter), 2);
  std::string output = typeText(outputOf(c)), input = typeText(c.input);
};

TEST_P(Convolution, ReadsTheFilterInPlace) {
  std::string text = fmt::format(R"(
    kernel.func private @k(%x: {0}, %w: {1}) -> {2} {{
      %0 = "ingot.conv"(%x, %w) <{{{3}}}> : ({0}, {1}) -> {2}
      kernel.return %0 : {2}
    }})",
                                 input, typeText(filter), output, attributes(c));
  EXPECT_EQ(runKernel(text, {x, w})[0].as<float>(), expected(c, x, w));
}

/// Those whose panels of 16 filters lie within one group.
class PackedConvolution : public Convolution {};

TEST_P(PackedConvolution, AddsAResidual) {
  size_t rank = filter.size();
  std::vector<int64_t> permutation{int64_t(rank) - 1}, blocks(rank, 1);
  for (size_t axis = 0; axis + 1 < rank; ++axis)
    permutation.push_back(axis);
  blocks[0] = 16;
  Packed panels = pack(w, filter, permutation, blocks);
  std::string text = fmt::format(R"(
    kernel.func private @k(%x: {0}, %p: {4}, %r: {2}) -> {2} {{
      %w = kernel.unpack %p [{5}] [{6}] : {4} -> {1}
      %0 = "ingot.conv"(%x, %w) <{{{3}}}> : ({0}, {1}) -> {2}
      %1 = ingot.add %0, %r : {2}, {2}
      kernel.return %1 : {2}
    }})",
                                 input, typeText(filter), output, attributes(c), typeText(panels.shape),
                                 listText(permutation), listText(blocks));
  std::vector<float> y = expected(c, x, w), residual = wholeNumbers(y.size(), 3);
  for (size_t i = 0; i < y.size(); ++i)
    y[i] += residual[i];
  EXPECT_EQ(runKernel(text, {x, panels.values, residual})[0].as<float>(), y);
}

const auto direct = testing::Values(Case{{1, 7, 7, 16}, {3, 3}, 16, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
                                    Case{{2, 9, 11, 5}, {3, 5}, 33, {2, 2}, {1, 1}, {1, 2}, {1, 2}},
                                    Case{{1, 30, 30, 3}, {3, 3}, 32, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
                                    Case{{2, 6, 6, 7}, {1, 1}, 10, {1, 1}, {1, 1}, {0, 0}, {0, 0}},
                                    Case{{2, 6, 7, 7}, {1, 1}, 20, {2, 2}, {1, 1}, {0, 0}, {0, 0}},
                                    Case{{1, 12, 13, 4}, {3, 3}, 16, {2, 3}, {2, 3}, {2, 1}, {0, 4}},
                                    Case{{3, 17, 6}, {5}, 20, {1}, {1}, {2}, {2}},
                                    Case{{1, 5, 6, 7, 3}, {3, 3, 3}, 18, {1, 2, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}},
                                    Case{{1, 2, 2, 3}, {5, 5}, 5, {1, 1}, {1, 1}, {2, 2}, {2, 2}},
                                    Case{{2, 10, 10, 32}, {3, 3}, 64, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 2},
                                    Case{{1, 40, 40, 2}, {4, 4}, 16, {4, 4}, {1, 1}, {0, 0}, {0, 0}});
INSTANTIATE_TEST_SUITE_P(Direct, Convolution, direct);
INSTANTIATE_TEST_SUITE_P(Direct, PackedConvolution, direct);

/// Weights that leave the cache: the lines of a map, or tiles of some lines, read ahead the next ones in turn.
INSTANTIATE_TEST_SUITE_P(Large, PackedConvolution,
                         testing::Values(Case{{2, 7, 7, 150}, {3, 3}, 70, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
                                         Case{{1, 15, 17, 130}, {3, 3}, 100, {2, 2}, {1, 1}, {1, 1}, {1, 1}},
                                         Case{{1, 4, 3, 270}, {3, 3}, 33, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
                                         Case{{1, 9, 9, 600}, {2, 2}, 40, {1, 2}, {1, 1}, {0, 0}, {0, 0}}));

INSTANTIATE_TEST_SUITE_P(Grouped, Convolution,
                         testing::Values(Case{{1, 6, 6, 12}, {3, 3}, 24, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 3}));

INSTANTIATE_TEST_SUITE_P(Depthwise, Convolution,
                         testing::Values(Case{{1, 7, 7, 2}, {3, 3}, 2, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 2},
                                         Case{{2, 14, 13, 24}, {3, 3}, 24, {2, 2}, {1, 1}, {1, 1}, {1, 1}, 24},
                                         Case{{1, 36, 34, 16}, {5, 5}, 16, {1, 1}, {1, 1}, {2, 2}, {2, 2}, 16},
                                         Case{{1, 50, 17}, {7}, 17, {1}, {1}, {3}, {3}, 17},
                                         Case{{1, 12, 12, 35}, {3, 3}, 35, {1, 1}, {2, 2}, {2, 2}, {2, 2}, 35},
                                         Case{{1, 9, 9, 3}, {9, 9}, 3, {1, 1}, {1, 1}, {4, 4}, {4, 4}, 3}));

TEST(ConvolutionLayout, ReadsChannelPlanes) {
  Case c{{1, 29, 31, 3}, {7, 7}, 20, {2, 2}, {1, 1}, {3, 3}, {3, 3}};
  std::vector<float> x = wholeNumbers(count(c.input), 1), w = wholeNumbers(7 * 7 * 3 * 20, 2), planes(x.size());
  for (int64_t pixel = 0; pixel < 29 * 31; ++pixel)
    for (int64_t channel = 0; channel < 3; ++channel)
      planes[channel * 29 * 31 + pixel] = x[pixel * 3 + channel];
  Packed panels = pack(w, {7, 7, 3, 20}, {3, 2, 0, 1}, {16, 1, 1, 1});
  std::string text = fmt::format(R"(
    kernel.func private @k(%x: tensor<1x3x29x31xf32>, %p: {0}) -> {1} {{
      %w = kernel.unpack %p [3, 2, 0, 1] [16, 1, 1, 1] : {0} -> tensor<7x7x3x20xf32>
      %t = ingot.transpose %x [0, 2, 3, 1] : tensor<1x3x29x31xf32>
      %0 = "ingot.conv"(%t, %w) <{{{2}}}> : (tensor<1x29x31x3xf32>, tensor<7x7x3x20xf32>) -> {1}
      kernel.return %0 : {1}
    }})",
                                 typeText(panels.shape), typeText(outputOf(c)), attributes(c));
  EXPECT_EQ(runKernel(text, {planes, panels.values})[0].as<float>(), expected(c, x, w));
}

TEST(ConvolutionLayout, RunsOnSymbolicMaps) {
  for (auto [height, width] : {std::pair<int64_t, int64_t>{1, 1}, {5, 14}, {9, 33}}) {
    Case c{{2, height, width, 5}, {3, 3}, 20, {1, 1}, {1, 1}, {1, 1}, {1, 1}};
    std::vector<float> x = wholeNumbers(count(c.input), 1), w = wholeNumbers(9 * 5 * 20, 2);
    std::vector<std::string> names{"h", "n", "w"};
    std::string text = fmt::format(R"(
      kernel.func private @k(%x: {0}, %w: tensor<3x3x5x20xf32>) -> {1} {{
        %0 = "ingot.conv"(%x, %w) <{{{2}}}> : ({0}, tensor<3x3x5x20xf32>) -> {1}
        kernel.return %0 : {1}
      }})",
                                   typeText({-2, -1, -3, 5}, names), typeText({-2, -1, -3, 20}, names), attributes(c));
    EXPECT_EQ(runKernel(text, {x, w}, names, {height, 2, width})[0].as<float>(), expected(c, x, w))
        << height << "x" << width;
  }
}

class Transposed : public testing::TestWithParam<Case> {};

// The gradient of a convolution from the output to the input of this operation.
TEST_P(Transposed, ScattersEachInput) {
  Case c = GetParam();
  std::vector<int64_t> from = spatial(c), output = c.input;
  for (size_t axis = 0; axis < c.axes(); ++axis)
    output[axis + 1] =
        (from[axis] - 1) * c.strides[axis] + (c.window[axis] - 1) * c.dilations[axis] + 1 - c.low[axis] - c.high[axis];
  output.back() = c.filters;
  std::vector<int64_t> to(output.begin() + 1, output.end() - 1), filter = c.window;
  filter.insert(filter.end(), {c.filters, c.channels()});
  std::vector<float> x = wholeNumbers(count(c.input), 1), w = wholeNumbers(count(filter), 2);
  std::vector<double> sums(count(output));
  for (int64_t n = 0; n < c.input[0]; ++n)
    forEachTap(c, to, from, [&](int64_t at, int64_t y, int64_t tap) {
      for (int64_t f = 0; f < c.filters; ++f)
        for (int64_t k = 0; k < c.channels(); ++k)
          sums[(n * count(to) + y) * c.filters + f] +=
              double(x[(n * count(from) + at) * c.channels() + k]) * w[(tap * c.filters + f) * c.channels() + k];
    });
  size_t rank = filter.size();
  std::vector<int64_t> permutation{int64_t(rank) - 2}, blocks(rank, 1), zeros(c.axes(), 0);
  for (size_t axis = 0; axis < c.axes(); ++axis)
    permutation.push_back(axis);
  permutation.push_back(rank - 1);
  blocks[0] = 16;
  Packed panels = pack(w, filter, permutation, blocks);
  std::string text = fmt::format(R"(
    kernel.func private @k(%x: {0}, %p: {4}) -> {2} {{
      %w = kernel.unpack %p [{5}] [{6}] : {4} -> {1}
      %0 = "ingot.conv_transpose"(%x, %w) <{{{3}, output_padding = array<i64: {7}>}}> : ({0}, {1}) -> {2}
      kernel.return %0 : {2}
    }})",
                                 typeText(c.input), typeText(filter), typeText(output), attributes(c),
                                 typeText(panels.shape), listText(permutation), listText(blocks), listText(zeros));
  EXPECT_EQ(runKernel(text, {x, panels.values})[0].as<float>(), std::vector<float>(sums.begin(), sums.end()));
}

INSTANTIATE_TEST_SUITE_P(Odd, Transposed,
                         testing::Values(Case{{1, 4, 4, 5}, {3, 3}, 7, {1, 1}, {1, 1}, {0, 0}, {0, 0}},
                                         Case{{2, 4, 5, 5}, {4, 4}, 20, {2, 2}, {1, 1}, {1, 1}, {1, 1}},
                                         Case{{1, 4, 5, 3}, {2, 2}, 16, {2, 2}, {1, 1}, {0, 0}, {0, 0}},
                                         Case{{1, 7, 3}, {5}, 16, {3}, {1}, {1}, {1}},
                                         Case{{1, 7, 6, 3}, {3, 3}, 16, {2, 2}, {2, 2}, {1, 0}, {0, 2}},
                                         Case{{1, 7, 6, 3}, {1, 1}, 16, {2, 2}, {1, 1}, {0, 0}, {0, 0}}));

} // namespace
