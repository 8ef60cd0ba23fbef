// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Winograd's convolutions against direct sums in double precision, and their rounding error.
#include "Products.h"
#include "codegen/cpu/Winograd.h"
#include <cmath>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace {

struct Map {
  int64_t batch, height, width, channels, filters, tile, low, stride = 1, taps = 3;
};

void PrintTo(const Map &m, std::ostream *out) {
  *out << fmt::format("{}x{}x{}x{} to {}, tile {}, low {}, stride {}, taps {}", m.batch, m.height, m.width, m.channels,
                      m.filters, m.tile, m.low, m.stride, m.taps);
}

TEST(WinogradMatrices, MultiplyPolynomials) {
  for (ingot::cpu::WinogradForm form : {ingot::cpu::WinogradForm{2}, {4}, {2, 1, 5}}) {
    ingot::cpu::WinogradMatrices w = ingot::cpu::winogradMatrices(form);
    // One dimension: y_i = sum over k of g_k d_(i + k) for unit vectors d and g.
    for (int64_t d = 0; d < form.size(); ++d)
      for (int64_t g = 0; g < form.taps; ++g)
        for (int64_t i = 0; i < form.tile; ++i) {
          double y = 0;
          for (int64_t j = 0; j < form.size(); ++j)
            y += w.output[i][j] * w.filter[j][g] * w.input[j][d];
          EXPECT_NEAR(y, d == i + g, 1e-12) << form.tile << " " << form.taps << " " << d << " " << g << " " << i;
        }
  }
}

// One dimension with stride 2: y_i = sum over k of g_k d_(2 i + k), the products of odd samples added to the others'.
TEST(WinogradMatrices, MultiplyStridedPolynomials) {
  for (ingot::cpu::WinogradForm form : {ingot::cpu::WinogradForm{2, 2}, {4, 2}, {2, 2, 4}, {4, 2, 4}}) {
    ingot::cpu::WinogradMatrices w = ingot::cpu::winogradMatrices(form);
    ASSERT_EQ(int64_t(w.filter.size()), form.filterSize());
    for (int64_t d = 0; d < form.products(); ++d)
      for (int64_t g = 0; g < form.taps; ++g)
        for (int64_t i = 0; i < form.tile; ++i) {
          double y = 0;
          for (int64_t j = 0; j < form.size(); ++j)
            if (d % 2 == 0)
              y += w.output[i][j] * w.filter[j][g] * w.input[j][d / 2];
            else if (j < form.oddSize())
              y += w.output[i][j] * w.filter[form.taps == 4 ? form.size() + j : form.size()][g] * w.input[j][d / 2];
          EXPECT_NEAR(y, d == 2 * i + g, 1e-12) << form.tile << " " << d << " " << g << " " << i;
        }
  }
}

class Winograd : public testing::TestWithParam<Map> {};

void compareWithDirectSums(const Map &m, bool isOpen) {
  std::vector<float> x = wholeNumbers(m.batch * m.height * m.width * m.channels, 1);
  std::vector<float> w = wholeNumbers(m.taps * m.taps * m.channels * m.filters, 2), residual;
  int64_t height = (m.height + 2 * m.low - m.taps) / m.stride + 1,
          width = (m.width + 2 * m.low - m.taps) / m.stride + 1;
  residual = wholeNumbers(m.batch * height * width * m.filters, 3);
  std::vector<float> u = ingot::cpu::transformFilter(w, m.channels, m.filters, {m.tile, m.stride, m.taps});
  int64_t size = ingot::cpu::WinogradForm{m.tile, m.stride, m.taps}.filterSize();
  Packed panels = pack(u, {size, size, m.channels, m.filters}, {0, 1, 3, 2}, {1, 1, 16, 1});
  // Of a batch that is known, blocks of tiles have sizes that are known.
  int64_t batch = isOpen ? -1 : m.batch;
  std::string text = fmt::format(R"(
    kernel.func private @k(%x: {0}, %p: {1}, %r: {2}) -> {2} {{
      %w = "kernel.unpack"(%p) <{{permutation = array<i64: 0, 1, 3, 2>, blocks = array<i64: 1, 1, 16, 1>}}> {{kernel.winograd = {3} : i64, kernel.winograd_stride = {6} : i64}} : ({1}) -> {4}
      %0 = "ingot.conv"(%x, %w) <{{strides = array<i64: {6}, {6}>, dilations = array<i64: 1, 1>, low = array<i64: {5}, {5}>, high = array<i64: {5}, {5}>}}> : ({0}, {4}) -> {2}
      %1 = ingot.add %0, %r : {2}, {2}
      kernel.return %1 : {2}
    }})",
                                 typeText({batch, m.height, m.width, m.channels}, {"n"}), typeText(panels.shape),
                                 typeText({batch, height, width, m.filters}, {"n"}), m.tile,
                                 typeText({m.taps, m.taps, m.channels, m.filters}), m.low, m.stride);
  std::vector<float> y = runKernel(text, {x, panels.values, residual}, {"n"}, {m.batch})[0].as<float>();
  double largest = 0, worst = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    int64_t f = i % m.filters, column = i / m.filters % width, row = i / m.filters / width % height;
    int64_t image = i / m.filters / width / height;
    double sum = residual[i];
    for (int64_t tap = 0; tap < m.taps * m.taps; ++tap) {
      int64_t r = row * m.stride + tap / m.taps - m.low, c = column * m.stride + tap % m.taps - m.low;
      if (r < 0 || c < 0 || r >= m.height || c >= m.width)
        continue;
      for (int64_t k = 0; k < m.channels; ++k)
        sum += double(x[((image * m.height + r) * m.width + c) * m.channels + k]) *
               w[(tap * m.channels + k) * m.filters + f];
    }
    largest = std::max(largest, std::abs(sum));
    worst = std::max(worst, std::abs(y[i] - sum));
  }
  EXPECT_LT(worst / largest, 4e-6);
}

TEST_P(Winograd, MatchesDirectSums) { compareWithDirectSums(GetParam(), /*isOpen=*/false); }
TEST_P(Winograd, MatchesDirectSumsInAnOpenBatch) { compareWithDirectSums(GetParam(), /*isOpen=*/true); }

INSTANTIATE_TEST_SUITE_P(Odd, Winograd,
                         testing::Values(Map{1, 14, 14, 16, 32, 4, 1}, Map{2, 7, 7, 32, 16, 2, 1},
                                         Map{1, 15, 17, 48, 64, 4, 1}, Map{1, 30, 29, 16, 48, 4, 0},
                                         Map{3, 9, 13, 16, 16, 2, 2}, Map{40, 7, 5, 48, 32, 4, 1},
                                         Map{2, 31, 27, 16, 96, 4, 0}, Map{5, 15, 14, 32, 80, 4, 2}));
/// Images of one tile or a few: an open batch is computed by images, some of them together.
INSTANTIATE_TEST_SUITE_P(Small, Winograd,
                         testing::Values(Map{57, 3, 3, 16, 32, 4, 1}, Map{17, 2, 4, 16, 48, 2, 1},
                                         Map{7, 4, 4, 32, 32, 2, 1}, Map{8, 8, 8, 16, 16, 2, 1},
                                         Map{1, 5, 5, 16, 32, 2, 1}));
INSTANTIATE_TEST_SUITE_P(Strided, Winograd,
                         testing::Values(Map{1, 28, 28, 16, 32, 4, 1, 2}, Map{1, 14, 14, 48, 64, 2, 1, 2},
                                         Map{2, 13, 13, 32, 16, 2, 0, 2}, Map{1, 33, 35, 16, 48, 4, 0, 2},
                                         Map{3, 17, 26, 32, 80, 4, 2, 2}, Map{20, 9, 7, 16, 32, 2, 1, 2},
                                         Map{3, 18, 23, 16, 96, 4, 1, 2}, Map{9, 5, 3, 16, 16, 4, 1, 2}));
INSTANTIATE_TEST_SUITE_P(FourTaps, Winograd,
                         testing::Values(Map{1, 16, 16, 16, 32, 2, 1, 2, 4}, Map{2, 13, 14, 32, 48, 4, 1, 2, 4},
                                         Map{1, 31, 26, 48, 16, 4, 0, 2, 4}, Map{9, 6, 9, 16, 80, 2, 2, 2, 4}));
INSTANTIATE_TEST_SUITE_P(FiveTaps, Winograd,
                         testing::Values(Map{1, 14, 14, 16, 32, 2, 2, 1, 5}, Map{2, 7, 9, 32, 48, 2, 1, 1, 5},
                                         Map{1, 27, 28, 48, 16, 2, 0, 1, 5}, Map{9, 6, 5, 16, 80, 2, 2, 1, 5}));

} // namespace
