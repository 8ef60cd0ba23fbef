// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Pools of square windows against loops.
#include "Products.h"
#include <cmath>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace {

struct Pool {
  int64_t batch, size, channels, window, stride, dilation, low, high;
  bool ceil, countsPadding;
};

void PrintTo(const Pool &p, std::ostream *out) {
  *out << fmt::format("{}x{}x{}x{} window {} stride {} dilation {} low {} high {} ceil {} padding counts {}", p.batch,
                      p.size, p.size, p.channels, p.window, p.stride, p.dilation, p.low, p.high, p.ceil,
                      p.countsPadding);
}

class Window : public testing::TestWithParam<Pool> {
protected:
  Pool p = GetParam();
  std::vector<float> x = wholeNumbers(p.batch * p.size * p.size * p.channels, 1);

  int64_t extent() const {
    int64_t room = p.size + p.low + p.high - (p.window - 1) * p.dilation - 1;
    int64_t count = (p.ceil ? (room + p.stride - 1) / p.stride : room / p.stride) + 1;
    return p.ceil && (count - 1) * p.stride >= p.size + p.low ? count - 1 : count;
  }
  std::string text(const std::string &op, const std::string &extra) const {
    auto pair = [](int64_t value) { return fmt::format("array<i64: {0}, {0}>", value); };
    return fmt::format(R"(
      kernel.func private @k(%x: {0}) -> {1} {{
        %0 = "ingot.{2}"(%x) <{{window = {3}, strides = {4}, dilations = {5}, low = {6}, high = {7}, ceil_mode = {8}{9}}}> : ({0}) -> {1}
        kernel.return %0 : {1}
      }})",
                       typeText({p.batch, p.size, p.size, p.channels}),
                       typeText({p.batch, extent(), extent(), p.channels}), op, pair(p.window), pair(p.stride),
                       pair(p.dilation), pair(p.low), pair(p.high), p.ceil, extra);
  }
  /// Calls `body(output element, input element)`; the input is null for padding that counts.
  template <typename Body>
  void forEach(Body body) const {
    int64_t to = extent();
    auto isOutside = [&](int64_t at, int64_t limit) { return at < 0 || at >= limit; };
    for (int64_t i = 0; i < p.batch * to * to * p.channels; ++i)
      for (int64_t tap = 0; tap < p.window * p.window; ++tap) {
        int64_t y = i / p.channels / to % to * p.stride + tap / p.window * p.dilation - p.low;
        int64_t xs = i / p.channels % to * p.stride + tap % p.window * p.dilation - p.low;
        int64_t n = i / p.channels / to / to, c = i % p.channels;
        if (isOutside(y, p.size) || isOutside(xs, p.size)) {
          if (y < p.size + p.high && xs < p.size + p.high)
            body(i, nullptr);
        } else {
          body(i, &x[((n * p.size + y) * p.size + xs) * p.channels + c]);
        }
      }
  }
};

TEST_P(Window, TakesTheMaximum) {
  std::vector<float> y(p.batch * extent() * extent() * p.channels, -INFINITY);
  forEach([&](int64_t i, const float *element) {
    if (element)
      y[i] = std::max(y[i], *element);
  });
  EXPECT_EQ(runKernel(text("max_pool", ""), {x})[0].as<float>(), y);
}

TEST_P(Window, TakesTheMean) {
  std::vector<double> sums(p.batch * extent() * extent() * p.channels), counts(sums.size());
  forEach([&](int64_t i, const float *element) {
    sums[i] += element ? *element : 0;
    counts[i] += element || p.countsPadding;
  });
  std::string extra = fmt::format(", count_include_pad = {}", p.countsPadding);
  std::vector<float> y = runKernel(text("avg_pool", extra), {x})[0].as<float>();
  for (size_t i = 0; i < y.size(); ++i)
    ASSERT_NEAR(y[i], sums[i] / counts[i], 1e-6) << i;
}

INSTANTIATE_TEST_SUITE_P(
    Odd, Window,
    testing::Values(Pool{1, 8, 16, 2, 2, 1, 0, 0, false, false}, Pool{2, 13, 20, 3, 2, 1, 1, 1, false, false},
                    Pool{2, 13, 5, 3, 2, 1, 1, 0, true, false}, Pool{1, 12, 3, 3, 1, 2, 2, 2, false, false},
                    Pool{1, 40, 17, 3, 2, 1, 1, 1, false, true}, Pool{1, 20, 16, 9, 3, 1, 4, 4, true, true},
                    Pool{1, 7, 33, 7, 1, 1, 0, 0, false, false}));

} // namespace
