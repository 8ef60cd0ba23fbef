// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The plain loop form of every root, in float64, which no faster emitter takes.
#include "KernelRunner.h"
#include "fmt/format.h"
#include <cmath>
#include <gtest/gtest.h>

namespace {

using Numbers = std::vector<double>;

Numbers numbers(size_t count) {
  std::vector<float> values = ramp(count);
  return Numbers(values.begin(), values.end());
}

/// A kernel of one operation: `arguments` and `type` of the result as MLIR text.
std::string kernel(const std::string &arguments, const std::string &operation, const std::string &type) {
  return fmt::format("kernel.func private @k({}) -> {} {{\n %0 = {}\n kernel.return %0 : {}\n}}", arguments, type,
                     operation, type);
}

Numbers run(const std::string &text, const std::vector<Bytes> &operands) {
  return runKernel(text, operands)[0].as<double>();
}

void expectNear(const Numbers &actual, const Numbers &expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i)
    ASSERT_NEAR(actual[i], expected[i], 1e-9 * (1 + std::abs(expected[i]))) << i;
}

TEST(Loops, MultipliesBroadcastMatrices) {
  constexpr int B = 3, M = 5, K = 7, N = 17;
  Numbers a = numbers(M * K), b = numbers(B * K * N), y(B * M * N);
  for (int i = 0; i < B; ++i)
    for (int m = 0; m < M; ++m)
      for (int n = 0; n < N; ++n)
        for (int k = 0; k < K; ++k)
          y[(i * M + m) * N + n] += a[m * K + k] * b[(i * K + k) * N + n];
  expectNear(run(kernel("%a: tensor<1x5x7xf64>, %b: tensor<3x7x17xf64>",
                        "ingot.matmul %a, %b : tensor<1x5x7xf64>, tensor<3x7x17xf64>", "tensor<3x5x17xf64>"),
                 {a, b}),
             y);
}

TEST(Loops, ConvolvesInGroups) {
  constexpr int H = 9, C = 6, F = 20, G = 2, KH = 3, S = 2, D = 2, P = 3, OH = (H + 2 * P - (KH - 1) * D - 1) / S + 1;
  Numbers x = numbers(H * C), w = numbers(KH * C / G * F), y(OH * F);
  for (int o = 0; o < OH; ++o)
    for (int f = 0; f < F; ++f)
      for (int k = 0; k < KH; ++k)
        for (int c = 0; c < C / G; ++c)
          if (int at = o * S + k * D - P; at >= 0 && at < H)
            y[o * F + f] += x[at * C + f / (F / G) * (C / G) + c] * w[(k * C / G + c) * F + f];
  expectNear(run(kernel("%x: tensor<1x9x6xf64>, %w: tensor<3x3x20xf64>",
                        "ingot.conv %x, %w <{strides = array<i64: 2>, dilations = array<i64: 2>, low = array<i64: 3>, "
                        "high = array<i64: 3>, groups = 2 : i64}> : tensor<1x9x6xf64>, tensor<3x3x20xf64>",
                        fmt::format("tensor<1x{}x20xf64>", OH)),
                 {x, w}),
             y);
}

TEST(Loops, ConvolvesTransposed) {
  constexpr int H = 5, C = 4, F = 6, G = 2, KH = 4, S = 2, P = 1, O = 1, OH = (H - 1) * S + KH - 1 + 1 + O - 2 * P;
  Numbers x = numbers(H * C), w = numbers(KH * F / G * C), y(OH * F);
  for (int i = 0; i < H; ++i)
    for (int k = 0; k < KH; ++k)
      for (int c = 0; c < C; ++c)
        for (int f = 0; f < F / G; ++f)
          if (int o = i * S + k - P; o >= 0 && o < OH)
            y[o * F + c / (C / G) * (F / G) + f] += x[i * C + c] * w[(k * F / G + f) * C + c];
  expectNear(
      run(kernel(
              "%x: tensor<1x5x4xf64>, %w: tensor<4x3x4xf64>",
              "ingot.conv_transpose %x, %w <{strides = array<i64: 2>, dilations = array<i64: 1>, low = array<i64: 1>, "
              "high = array<i64: 1>, output_padding = array<i64: 1>, groups = 2 : i64}> : tensor<1x5x4xf64>, "
              "tensor<4x3x4xf64>",
              fmt::format("tensor<1x{}x6xf64>", OH)),
          {x, w}),
      y);
}

class LoopsPool : public testing::TestWithParam<bool> {};

TEST_P(LoopsPool, AveragesWindows) {
  constexpr int H = 7, C = 17, K = 3, S = 2, P = 1, OH = 4;
  bool countsPadding = GetParam();
  Numbers x = numbers(H * C), y(OH * C);
  for (int o = 0; o < OH; ++o)
    for (int c = 0; c < C; ++c) {
      int count = 0;
      for (int k = 0; k < K; ++k)
        if (int at = o * S + k - P; at >= 0 && at < H) {
          y[o * C + c] += x[at * C + c];
          ++count;
        }
      y[o * C + c] /= countsPadding ? K : count;
    }
  expectNear(run(kernel("%x: tensor<1x7x17xf64>",
                        fmt::format("ingot.avg_pool %x <{{window = array<i64: 3>, strides = array<i64: 2>, dilations = "
                                    "array<i64: 1>, low = array<i64: 1>, high = array<i64: 1>, count_include_pad = {}, "
                                    "ceil_mode = false}}> : "
                                    "tensor<1x7x17xf64>",
                                    countsPadding),
                        "tensor<1x4x17xf64>"),
                 {x}),
             y);
}
INSTANTIATE_TEST_SUITE_P(CountIncludePad, LoopsPool, testing::Bool());

TEST(Loops, TakesMaximaOfWindows) {
  Numbers x = numbers(7 * 2), y(4 * 2, -1e300);
  for (int o = 0; o < 4; ++o)
    for (int c = 0; c < 2; ++c)
      for (int k = -1; k <= 1; ++k)
        if (int at = o * 2 + k; at >= 0 && at < 7)
          y[o * 2 + c] = std::max(y[o * 2 + c], x[at * 2 + c]);
  expectNear(
      run(kernel(
              "%x: tensor<1x7x2xf64>",
              "ingot.max_pool %x <{window = array<i64: 3>, strides = array<i64: 2>, dilations = array<i64: 1>, low = "
              "array<i64: 1>, high = array<i64: 1>, ceil_mode = false}> : tensor<1x7x2xf64>",
              "tensor<1x4x2xf64>"),
          {x}),
      y);
}

TEST(Loops, ReducesTwoAxes) {
  Numbers x = numbers(3 * 5 * 11), y(5);
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 5; ++j)
      for (int k = 0; k < 11; ++k)
        y[j] += x[(i * 5 + j) * 11 + k] / 33;
  expectNear(
      run(kernel("%x: tensor<3x5x11xf64>", "ingot.reduce mean %x [0, 2] : tensor<3x5x11xf64>", "tensor<1x5x1xf64>"),
          {x}),
      y);
}

TEST(Loops, FindsTheLastMaximum) {
  std::vector<int32_t> x{3, 9, 1, 9, 2};
  std::string text =
      kernel("%x: tensor<5xi32>", "ingot.arg_reduce max %x 0 <{last = true}> : tensor<5xi32>", "tensor<1xi64>");
  EXPECT_EQ(runKernel(text, {x})[0].as<int64_t>()[0], 3);
}

TEST(Loops, CumulatesBackwards) {
  Numbers x = numbers(4 * 19), y(4 * 19);
  for (int c = 0; c < 19; ++c)
    for (int i = 2; i >= 0; --i)
      y[i * 19 + c] = y[(i + 1) * 19 + c] + x[(i + 1) * 19 + c];
  expectNear(
      run(kernel("%x: tensor<4x19xf64>",
                 "ingot.cumulate sum %x 0 <{exclusive = true, reverse = true}> : tensor<4x19xf64>", "tensor<4x19xf64>"),
          {x}),
      y);
}

TEST(Loops, NormalisesWithSoftmax) {
  Numbers x = numbers(6 * 21), y(6 * 21);
  for (int r = 0; r < 6; ++r) {
    double sum = 0, most = *std::max_element(&x[r * 21], &x[r * 21] + 21);
    for (int i = 0; i < 21; ++i)
      sum += y[r * 21 + i] = std::exp(x[r * 21 + i] - most);
    for (int i = 0; i < 21; ++i)
      y[r * 21 + i] /= sum;
  }
  expectNear(run(kernel("%x: tensor<6x21xf64>", "ingot.softmax %x 1 : tensor<6x21xf64>", "tensor<6x21xf64>"), {x}), y);
}

TEST(Loops, NormalisesRows) {
  Numbers x = numbers(3 * 10), y(3 * 10);
  for (int r = 0; r < 3; ++r) {
    double mean = 0, variance = 0;
    for (int i = 0; i < 10; ++i)
      mean += x[r * 10 + i] / 10;
    for (int i = 0; i < 10; ++i)
      variance += std::pow(x[r * 10 + i] - mean, 2) / 10;
    for (int i = 0; i < 10; ++i)
      y[r * 10 + i] = (x[r * 10 + i] - mean) / std::sqrt(variance + 0.5);
  }
  expectNear(run(kernel("%x: tensor<3x10xf64>", "ingot.normalize %x [1] <{epsilon = 0.5 : f64}> : tensor<3x10xf64>",
                        "tensor<3x10xf64>"),
                 {x}),
             y);
}

TEST(Loops, PicksTheTopThree) {
  std::string text = R"(
    kernel.func private @k(%x: tensor<2x5xf64>) -> (tensor<2x3xf64>, tensor<2x3xi64>) {
      %v, %i = ingot.top_k %x 1 : tensor<2x5xf64> -> tensor<2x3xf64>, tensor<2x3xi64>
      kernel.return %v, %i : tensor<2x3xf64>, tensor<2x3xi64>
    })";
  std::vector<Bytes> results = runKernel(text, {Numbers{1, 5, 5, 0, 7, -1, -2, -3, -4, -5}});
  EXPECT_EQ(results[0].as<double>(), (Numbers{7, 5, 5, -1, -2, -3}));
  EXPECT_EQ(results[1].as<int64_t>(), (std::vector<int64_t>{4, 1, 2, 0, 1, 2}));
}

TEST(Loops, ResizesByInterpolation) {
  Numbers x{0, 10, 20, 30}, y;
  for (int i = 0; i < 8; ++i) {
    double at = std::clamp((i + 0.5) / 2 - 0.5, 0.0, 3.0);
    y.push_back(at * 10);
  }
  std::string text = kernel("%x: tensor<1x4x1xf64>",
                            "ingot.resize %x {scales = array<f64: 1.0, 2.0, 1.0>, mode = #ingot<resize_mode linear>} : "
                            "tensor<1x4x1xf64> -> tensor<1x8x1xf64>",
                            "tensor<1x8x1xf64>");
  expectNear(run(text, {x}), y);
}

TEST(Loops, ScattersInOrder) {
  std::string text = R"(
    kernel.func private @k(%x: tensor<4x3xf64>, %i: tensor<2x1xi64>, %u: tensor<2x3xf64>) -> tensor<4x3xf64> {
      %0 = ingot.scatter_nd %x, %i, %u <{kind = #ingot<scatter_kind add>}> : tensor<4x3xf64>, tensor<2x1xi64>, tensor<2x3xf64>
      kernel.return %0 : tensor<4x3xf64>
    })";
  Numbers x(12, 1.0), u{1, 2, 3, 10, 20, 30};
  EXPECT_EQ(run(text, {x, std::vector<int64_t>{-1, 1}, u}), (Numbers{1, 1, 1, 11, 21, 31, 1, 1, 1, 2, 3, 4}));
}

} // namespace
