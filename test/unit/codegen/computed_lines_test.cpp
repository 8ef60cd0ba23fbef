// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels of a convolution and the window that reads it, against the two one after the other.
#include "Products.h"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace {

struct Pair {
  int64_t batch, height, width, channels; // of the input
  int64_t filters;                        // of the convolution: the channels of the window
  int64_t window, stride, low, high;      // of the convolution
  int64_t over, step, distance, before, after;

  std::vector<int64_t> input() const { return {batch, height, width, channels}; }
  std::vector<int64_t> filter() const { return {window, window, channels, filters}; }
  static int64_t extent(int64_t from, int64_t size, int64_t stride, int64_t room) {
    return (from + room - size) / stride + 1;
  }
  std::vector<int64_t> map() const {
    return {batch, extent(height, window, stride, low + high), extent(width, window, stride, low + high), filters};
  }
  std::vector<int64_t> output() const {
    int64_t size = (over - 1) * distance + 1;
    return {batch, extent(map()[1], size, step, before + after), extent(map()[2], size, step, before + after), filters};
  }
};

void PrintTo(const Pair &p, std::ostream *out) {
  *out << fmt::format(
      "[{}] {} filters of {}, stride {}, low {}, high {}; window {} stride {} dilation {} low {} high {}",
      listText(p.input()), p.filters, p.window, p.stride, p.low, p.high, p.over, p.step, p.distance, p.before, p.after);
}

/// Visits what output pixel (n, y, x) of a window over a map sees: body(linear pixel, tap).
template <typename Body>
void forTaps(const std::vector<int64_t> &map, int64_t n, int64_t y, int64_t x, int64_t size, int64_t stride,
             int64_t distance, int64_t low, Body body) {
  for (int64_t tap = 0; tap < size * size; ++tap) {
    int64_t row = y * stride + tap / size * distance - low, column = x * stride + tap % size * distance - low;
    if (row >= 0 && row < map[1] && column >= 0 && column < map[2])
      body((n * map[1] + row) * map[2] + column, tap);
  }
}

/// Calls body(n, y, x, linear pixel).
template <typename Body>
void forPixels(const std::vector<int64_t> &map, Body body) {
  for (int64_t pixel = 0; pixel < map[0] * map[1] * map[2]; ++pixel)
    body(pixel / map[2] / map[1], pixel / map[2] % map[1], pixel % map[2], pixel);
}

class ComputedLines : public testing::TestWithParam<Pair> {
protected:
  Pair p = GetParam();
  std::vector<float> x = wholeNumbers(count(p.input()), 1), w = wholeNumbers(count(p.filter()), 2),
                     bias = wholeNumbers(p.filters, 3);
  Packed panels = pack(w, p.filter(), {3, 0, 1, 2}, {16, 1, 1, 1});

  /// max(conv(x) + bias, 0)
  std::vector<double> expand() const {
    std::vector<double> result(count(p.map()));
    forPixels(p.map(), [&](int64_t n, int64_t y, int64_t at, int64_t pixel) {
      for (int64_t f = 0; f < p.filters; ++f) {
        double sum = bias[f];
        forTaps(p.input(), n, y, at, p.window, p.stride, 1, p.low, [&](int64_t from, int64_t tap) {
          for (int64_t c = 0; c < p.channels; ++c)
            sum += double(x[from * p.channels + c]) * w[(tap * p.channels + c) * p.filters + f];
        });
        result[pixel * p.filters + f] = std::max(sum, 0.0);
      }
    });
    return result;
  }

  static std::string pair(int64_t value) { return fmt::format("array<i64: {0}, {0}>", value); }
  std::string windowAttributes() const {
    return fmt::format("strides = {}, dilations = {}, low = {}, high = {}", pair(p.step), pair(p.distance),
                       pair(p.before), pair(p.after));
  }
  /// `window` makes %4 : `output` of %3 : `map`.
  std::string text(const std::string &arguments, const std::string &window) const {
    return fmt::format(R"(
      kernel.func private @k(%x: {input}, %w: {panels}, %b: tensor<{filters}xf32>{arguments}) -> {output} {{
        %0 = kernel.unpack %w [3, 0, 1, 2] [16, 1, 1, 1] : {panels} -> {filter}
        %1 = "ingot.conv"(%x, %0) <{{strides = {stride}, dilations = {one}, low = {low}, high = {high}, groups = 1 : i64}}> : ({input}, {filter}) -> {map}
        %2 = ingot.add %1, %b : {map}, tensor<{filters}xf32>
        %3 = ingot.relu %2 : {map}
        {window}
        %5 = ingot.neg %4 : {output}
        kernel.return %5 : {output}
      }})",
                       fmt::arg("input", typeText(p.input())), fmt::arg("panels", typeText(panels.shape)),
                       fmt::arg("filter", typeText(p.filter())), fmt::arg("filters", p.filters),
                       fmt::arg("map", typeText(p.map())), fmt::arg("output", typeText(p.output())),
                       fmt::arg("arguments", arguments), fmt::arg("window", window), fmt::arg("stride", pair(p.stride)),
                       fmt::arg("one", pair(1)), fmt::arg("low", pair(p.low)), fmt::arg("high", pair(p.high)));
  }
};

TEST_P(ComputedLines, AreReadByADepthwiseConvolution) {
  std::vector<int64_t> shape{p.over, p.over, 1, p.filters};
  std::vector<float> v = wholeNumbers(count(shape), 4);
  std::string window =
      fmt::format(R"(%4 = "ingot.conv"(%3, %v) <{{{}, groups = {} : i64}}> : ({}, {}) -> {})", windowAttributes(),
                  p.filters, typeText(p.map()), typeText(shape), typeText(p.output()));
  std::vector<double> map = expand();
  std::vector<float> expected(count(p.output()));
  forPixels(p.output(), [&](int64_t n, int64_t y, int64_t at, int64_t pixel) {
    for (int64_t f = 0; f < p.filters; ++f) {
      double sum = 0;
      forTaps(p.map(), n, y, at, p.over, p.step, p.distance, p.before,
              [&](int64_t from, int64_t tap) { sum += map[from * p.filters + f] * v[tap * p.filters + f]; });
      expected[pixel * p.filters + f] = float(-sum);
    }
  });
  EXPECT_EQ(runKernel(text(", %v: " + typeText(shape), window), {x, panels.values, bias, v})[0].as<float>(), expected);
}

TEST_P(ComputedLines, AreReadByAPool) {
  std::string window = fmt::format(R"(%4 = "ingot.max_pool"(%3) <{{window = {}, {}, ceil_mode = false}}> : ({}) -> {})",
                                   pair(p.over), windowAttributes(), typeText(p.map()), typeText(p.output()));
  std::vector<double> map = expand();
  std::vector<float> expected(count(p.output()));
  forPixels(p.output(), [&](int64_t n, int64_t y, int64_t at, int64_t pixel) {
    for (int64_t f = 0; f < p.filters; ++f) {
      double most = -INFINITY;
      forTaps(p.map(), n, y, at, p.over, p.step, p.distance, p.before,
              [&](int64_t from, int64_t) { most = std::max(most, map[from * p.filters + f]); });
      expected[pixel * p.filters + f] = float(-most);
    }
  });
  EXPECT_EQ(runKernel(text("", window), {x, panels.values, bias})[0].as<float>(), expected);
}

// One image and several, lines shorter and longer than a block, channels that fill no panel, strides that skip lines.
INSTANTIATE_TEST_SUITE_P(
    Odd, ComputedLines,
    testing::Values(Pair{1, 9, 13, 5, 37, 1, 1, 0, 0, 3, 1, 1, 1, 1},
                    Pair{2, 12, 30, 16, 48, 1, 1, 0, 0, 3, 2, 1, 1, 1}, Pair{3, 7, 7, 3, 16, 1, 1, 0, 0, 5, 1, 1, 2, 2},
                    Pair{1, 11, 15, 4, 20, 1, 1, 0, 0, 5, 2, 1, 2, 1},
                    Pair{2, 17, 19, 3, 24, 3, 2, 1, 1, 3, 1, 1, 1, 1}, Pair{2, 10, 9, 7, 17, 3, 1, 1, 1, 2, 3, 1, 0, 0},
                    Pair{1, 14, 8, 2, 5, 1, 1, 0, 0, 3, 1, 2, 2, 2}, Pair{2, 1, 40, 6, 33, 1, 1, 0, 0, 3, 1, 1, 1, 1}));

} // namespace
