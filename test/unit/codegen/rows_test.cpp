// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Softmax and normalisations against float64 references, along and across rows.
#include "RowReference.h"

namespace {

// Softmax -----------------------------------------------------------------------------------------------------------

std::vector<double> softmax(const std::vector<float> &x, const Case &test, bool isLogarithm) {
  std::vector<double> y(x.size());
  for (const auto &row : rowsOf(test.shape, test.axes)) {
    double greatest = -INFINITY, sum = 0;
    for (size_t i : row)
      greatest = std::max<double>(greatest, x[i]);
    for (size_t i : row)
      sum += std::exp(x[i] - greatest);
    for (size_t i : row)
      y[i] = isLogarithm ? x[i] - greatest - std::log(sum) : std::exp(x[i] - greatest) / sum;
  }
  return y;
}

class SoftmaxCases : public testing::TestWithParam<Case> {};

TEST_P(SoftmaxCases, MatchesFloat64) {
  const Case &test = GetParam();
  std::vector<float> x = noise(countOf(test.shape));
  for (bool isLogarithm : {false, true}) {
    std::string text = fmt::format(R"(
      kernel.func private @k(%x: {0}) -> {0} {{
        %0 = ingot.softmax %x {1} {2} : {0}
        kernel.return %0 : {0}
      }})",
                                   typeOf(test.shape), test.axes[0], isLogarithm ? "<{logarithm = true}>" : "");
    expectClose(runKernel(text, {x})[0].as<float>(), softmax(x, test, isLogarithm), 1e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, SoftmaxCases,
                         testing::Values(Case{{1}, {0}}, Case{{5, 1}, {1}}, Case{{3, 10}, {1}}, Case{{3, 15}, {1}},
                                         Case{{3, 16}, {1}}, Case{{2, 17}, {1}}, Case{{2, 31}, {1}},
                                         Case{{7, 128}, {1}}, Case{{2, 3, 331}, {2}}, Case{{2, 1009}, {1}},
                                         Case{{3, 5, 7}, {1}}, Case{{2, 19, 64}, {1}}, Case{{2, 37, 20}, {1}},
                                         Case{{40, 3}, {0}}, Case{{2, 150000}, {1}}, Case{{700, 200}, {0}}));

TEST(Softmax, ScalesMasksAndKeepsTheScoresOfOtherBatches) {
  // Scores as in attention: scaled, with an additive mask broadcast over heads, -inf where masked.
  Case test{{2, 3, 5, 21}, {3}};
  std::vector<float> x = noise(countOf(test.shape)), mask(2 * 21, 0), scaled(x);
  mask[3] = mask[40] = -INFINITY;
  for (size_t i = 0; i < x.size(); ++i)
    scaled[i] = x[i] * 0.125f + mask[(i / (3 * 5 * 21)) * 21 + i % 21];
  std::vector<float> y = runKernel(R"(
    kernel.func private @k(%x: tensor<2x3x5x21xf32>, %m: tensor<2x1x1x21xf32>) -> tensor<2x3x5x21xf32> {
      %c = ingot.constant dense<8.0> : tensor<f32>
      %0 = ingot.div %x, %c : tensor<2x3x5x21xf32>, tensor<f32>
      %1 = ingot.add %0, %m : tensor<2x3x5x21xf32>, tensor<2x1x1x21xf32>
      %2 = ingot.softmax %1 3 : tensor<2x3x5x21xf32>
      kernel.return %2 : tensor<2x3x5x21xf32>
    })",
                                   {x, mask})[0]
                             .as<float>();
  expectClose(y, softmax(scaled, test, false), 1e-6);
  EXPECT_EQ(y[3], 0);
}

std::vector<double> normalize(const std::vector<float> &x, const Case &test, double epsilon, bool centers) {
  std::vector<double> y(x.size());
  for (const auto &row : rowsOf(test.shape, test.axes)) {
    double mean = 0, square = 0;
    for (size_t i : row)
      mean += centers ? x[i] / double(row.size()) : 0;
    for (size_t i : row)
      square += (x[i] - mean) * (x[i] - mean) / double(row.size());
    for (size_t i : row)
      y[i] = (x[i] - mean) / std::sqrt(square + epsilon);
  }
  return y;
}

class SymbolicRows : public testing::TestWithParam<int64_t> {};

TEST_P(SymbolicRows, SoftmaxWithAMask) {
  int64_t n = GetParam();
  std::vector<float> x = noise(2 * n * n), mask = noise(n), sum(x);
  for (size_t i = 0; i < x.size(); ++i)
    sum[i] = x[i] + mask[i % n];
  std::string text = R"(
    kernel.func private @k(%x: tensor<2x?x?xf32, #ingot.shape<[2, n, n]>>, %m: tensor<?xf32, #ingot.shape<[n]>>)
        -> tensor<2x?x?xf32, #ingot.shape<[2, n, n]>> {
      %0 = ingot.add %x, %m : tensor<2x?x?xf32, #ingot.shape<[2, n, n]>>, tensor<?xf32, #ingot.shape<[n]>>
      %1 = ingot.softmax %0 2 : tensor<2x?x?xf32, #ingot.shape<[2, n, n]>>
      kernel.return %1 : tensor<2x?x?xf32, #ingot.shape<[2, n, n]>>
    })";
  std::vector<float> y = runKernel(text, {x, mask}, {"n"}, {n})[0].as<float>();
  expectClose(y, softmax(sum, {{2, n, n}, {2}}, false), 1e-6);
}

TEST_P(SymbolicRows, SoftmaxAddedToItsInput) {
  // The input is read after the softmax, so the result's place, which may be the input's, must not be used in between.
  int64_t n = GetParam();
  std::vector<float> x = noise(3 * n);
  std::string text = R"(
    kernel.func private @k(%x: tensor<3x?xf32, #ingot.shape<[3, n]>>) -> tensor<3x?xf32, #ingot.shape<[3, n]>> {
      %0 = ingot.softmax %x 1 : tensor<3x?xf32, #ingot.shape<[3, n]>>
      %1 = ingot.relu %x : tensor<3x?xf32, #ingot.shape<[3, n]>>
      %2 = ingot.add %0, %1 : tensor<3x?xf32, #ingot.shape<[3, n]>>, tensor<3x?xf32, #ingot.shape<[3, n]>>
      kernel.return %2 : tensor<3x?xf32, #ingot.shape<[3, n]>>
    })";
  std::vector<double> expected = softmax(x, {{3, n}, {1}}, false);
  for (size_t i = 0; i < x.size(); ++i)
    expected[i] += std::max(x[i], 0.0f);
  expectClose(runKernel(text, {x}, {"n"}, {n})[0].as<float>(), expected, 1e-6);
}

TEST_P(SymbolicRows, NormalizeOfASum) {
  int64_t n = GetParam();
  std::vector<float> a = noise(3 * n), b = ramp(3 * n), sum(a);
  for (size_t i = 0; i < a.size(); ++i)
    sum[i] += b[i];
  std::string text = R"(
    kernel.func private @k(%a: tensor<3x?xf32, #ingot.shape<[3, n]>>, %b: tensor<3x?xf32, #ingot.shape<[3, n]>>)
        -> tensor<3x?xf32, #ingot.shape<[3, n]>> {
      %0 = ingot.add %a, %b : tensor<3x?xf32, #ingot.shape<[3, n]>>, tensor<3x?xf32, #ingot.shape<[3, n]>>
      %1 = ingot.normalize %0 [1] <{epsilon = 1.0e-5 : f64}> : tensor<3x?xf32, #ingot.shape<[3, n]>>
      kernel.return %1 : tensor<3x?xf32, #ingot.shape<[3, n]>>
    })";
  std::vector<double> expected = normalize(sum, {{3, n}, {1}}, 1e-5, true);
  expectClose(runKernel(text, {a, b}, {"n"}, {n})[0].as<float>(), expected, 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Odd, SymbolicRows, testing::Values(1, 2, 15, 16, 17, 31, 64, 97, 131));

// Normalize ---------------------------------------------------------------------------------------------------------

class NormalizeCases : public testing::TestWithParam<Case> {};

TEST_P(NormalizeCases, MatchesFloat64) {
  const Case &test = GetParam();
  std::vector<float> x = noise(countOf(test.shape));
  for (float &value : x)
    value += 100; // an offset that a sum of squares alone would not survive
  for (bool centers : {true, false}) {
    std::string text = fmt::format(R"(
      kernel.func private @k(%x: {0}) -> {0} {{
        %0 = ingot.normalize %x [{1}] <{{epsilon = 1.0e-5 : f64, center = {2}}}> : {0}
        kernel.return %0 : {0}
      }})",
                                   typeOf(test.shape), fmt::join(test.axes, ", "), centers);
    expectClose(runKernel(text, {x})[0].as<float>(), normalize(x, test, 1e-5, centers), 3e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, NormalizeCases,
                         testing::Values(Case{{3, 10}, {1}}, Case{{2, 17}, {1}}, Case{{2, 768}, {1}},
                                         Case{{2, 331}, {1}}, Case{{2, 3, 7, 9}, {2, 3}}, Case{{2, 7, 9, 32}, {1, 2}},
                                         Case{{2, 5, 6, 20}, {1, 2}}, Case{{2, 4, 6, 8}, {1, 3}},
                                         Case{{4, 3, 5}, {0, 2}}, Case{{2, 70000, 2}, {1, 2}}));

TEST(Normalize, LayerNormOfASumWithScaleAndBias) {
  Case test{{5, 40}, {1}};
  std::vector<float> a = noise(200), b = ramp(200), scale = ramp(40), bias = noise(40), sum(200);
  for (size_t i = 0; i < 200; ++i)
    sum[i] = a[i] + b[i];
  std::string text = R"(
    kernel.func private @k(%a: tensor<5x40xf32>, %b: tensor<5x40xf32>, %s: tensor<40xf32>, %t: tensor<40xf32>)
        -> (tensor<5x40xf32>, tensor<5x40xf32>) {
      %0 = ingot.add %a, %b : tensor<5x40xf32>, tensor<5x40xf32>
      %1 = ingot.normalize %0 [1] <{epsilon = 1.0e-12 : f64}> : tensor<5x40xf32>
      %2 = ingot.mul %1, %s : tensor<5x40xf32>, tensor<40xf32>
      %3 = ingot.add %2, %t : tensor<5x40xf32>, tensor<40xf32>
      kernel.return %3, %1 : tensor<5x40xf32>, tensor<5x40xf32>
    })";
  std::vector<Bytes> results = runKernel(text, {a, b, scale, bias});
  std::vector<double> expected = normalize(sum, test, 1e-12, true);
  expectClose(results[1].as<float>(), expected, 1e-5);
  for (size_t i = 0; i < 200; ++i)
    expected[i] = expected[i] * scale[i % 40] + bias[i % 40];
  expectClose(results[0].as<float>(), expected, 1e-5);
}

TEST(Softmax, OfHalves) {
  std::vector<uint16_t> ones(3 * 4, 0x3C00);
  std::string text = R"(
    kernel.func private @k(%x: tensor<3x4xf16>) -> (tensor<3x4xf16>) {
      %0 = ingot.softmax %x 1 : tensor<3x4xf16>
      kernel.return %0 : tensor<3x4xf16>
    })";
  EXPECT_EQ(runKernel(text, {ones})[0].as<uint16_t>(), std::vector<uint16_t>(12, 0x3400));
}

} // namespace
