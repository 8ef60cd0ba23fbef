// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Softmax, normalisations, reductions and arg_reduce against float64 references, along and across rows.
#include "KernelRunner.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <gtest/gtest.h>
#include <limits>

namespace {

using Shape = std::vector<int64_t>;

int64_t countOf(const Shape &shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

std::string typeOf(const Shape &shape, const char *element = "f32") {
  return fmt::format("tensor<{}x{}>", fmt::join(shape, "x"), element);
}

std::vector<float> noise(size_t count) {
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
std::vector<int64_t> rowNumbers(const Shape &shape, const Shape &axes) {
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

std::vector<std::vector<size_t>> rowsOf(const Shape &shape, const Shape &axes) {
  std::vector<int64_t> numbers = rowNumbers(shape, axes);
  std::vector<std::vector<size_t>> rows;
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (rows.size() <= size_t(numbers[i]))
      rows.resize(numbers[i] + 1);
    rows[numbers[i]].push_back(i);
  }
  return rows;
}

void expectClose(const std::vector<float> &given, const std::vector<double> &expected, double tolerance) {
  ASSERT_EQ(given.size(), expected.size());
  for (size_t i = 0; i < given.size(); ++i)
    ASSERT_NEAR(given[i], expected[i], tolerance * std::max(1.0, std::abs(expected[i]))) << "element " << i;
}

struct Case {
  Shape shape, axes;
};

void PrintTo(const Case &value, std::ostream *out) {
  *out << fmt::format("[{}] over {}", fmt::join(value.shape, ", "), fmt::join(value.axes, ", "));
}

// Softmax
// ---------------------------------------------------------------------------------------------------------------

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

TEST_P(SymbolicRows, MeanOverRowsAndColumns) {
  int64_t n = GetParam();
  std::vector<float> x = noise(3 * n * 20);
  std::string text = R"(
    kernel.func private @k(%x: tensor<3x?x20xf32, #ingot.shape<[3, n, 20]>>) -> tensor<3x1x20xf32> {
      %0 = ingot.reduce mean %x [1] : tensor<3x?x20xf32, #ingot.shape<[3, n, 20]>>
      kernel.return %0 : tensor<3x1x20xf32>
    })";
  std::vector<double> expected;
  for (const auto &row : rowsOf({3, n, 20}, {1})) {
    double sum = 0;
    for (size_t i : row)
      sum += x[i];
    expected.push_back(sum / n);
  }
  expectClose(runKernel(text, {x}, {"n"}, {n})[0].as<float>(), expected, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Odd, SymbolicRows, testing::Values(1, 2, 15, 16, 17, 31, 64, 97, 131));

// Normalize
// -------------------------------------------------------------------------------------------------------------

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

// Reduce
// ----------------------------------------------------------------------------------------------------------------

class ReduceCases : public testing::TestWithParam<Case> {};

TEST_P(ReduceCases, MatchesFloat64) {
  const Case &test = GetParam();
  Shape kept = test.shape;
  for (int64_t axis : test.axes)
    kept[axis] = 1;
  for (std::string kind : {"sum", "mean", "max", "min", "product"}) {
    std::vector<float> x = noise(countOf(test.shape));
    if (kind == "product")
      for (float &factor : x)
        factor = 1 + factor / 64;
    std::string text = fmt::format(R"(
      kernel.func private @k(%x: {0}) -> {1} {{
        %0 = ingot.reduce {2} %x [{3}] : {0}
        kernel.return %0 : {1}
      }})",
                                   typeOf(test.shape), typeOf(kept), kind, fmt::join(test.axes, ", "));
    std::vector<double> expected;
    double magnitude = 1;
    for (const auto &row : rowsOf(test.shape, test.axes)) {
      double sum = 0, product = 1, most = -INFINITY, least = INFINITY;
      for (size_t i : row) {
        sum += x[i];
        product *= x[i];
        most = std::max<double>(most, x[i]);
        least = std::min<double>(least, x[i]);
      }
      magnitude = std::max(magnitude, std::sqrt(double(row.size())));
      expected.push_back(kind == "sum"    ? sum
                         : kind == "mean" ? sum / row.size()
                         : kind == "max"  ? most
                         : kind == "min"  ? least
                                          : product);
    }
    expectClose(runKernel(text, {x})[0].as<float>(), expected, 1e-6 * magnitude);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, ReduceCases,
                         testing::Values(Case{{7}, {0}}, Case{{3, 1}, {1}}, Case{{3, 17}, {1}}, Case{{3, 17}, {0}},
                                         Case{{3, 17}, {0, 1}}, Case{{2, 7, 7, 64}, {1, 2}},
                                         Case{{2, 7, 7, 20}, {1, 2}}, Case{{2, 5, 6, 7}, {2, 3}},
                                         Case{{2, 5, 6, 7}, {0, 2}}, Case{{2, 5, 6, 33}, {1, 3}},
                                         Case{{2, 6, 5}, {0, 2}}, Case{{1, 4}, {0}}));

TEST(Reduce, FindsTheGreatestThroughNan) {
  std::vector<float> x = noise(3 * 40);
  x[45] = std::nanf("");
  std::string text = R"(
    kernel.func private @k(%x: tensor<3x40xf32>) -> (tensor<3x1xf32>) {
      %0 = ingot.reduce max %x [1] : tensor<3x40xf32>
      kernel.return %0 : tensor<3x1xf32>
    })";
  std::vector<float> y = runKernel(text, {x})[0].as<float>();
  EXPECT_FALSE(std::isnan(y[0]));
  EXPECT_TRUE(std::isnan(y[1]));
  EXPECT_FALSE(std::isnan(y[2]));
}

TEST(Reduce, MeanOverTheMapOfATransposedTensorWithEpilogue) {
  // Channels first, seen channels last: lanes lie along the map.
  std::vector<float> x = noise(2 * 5 * 6 * 7);
  std::string text = R"(
    kernel.func private @k(%x: tensor<2x5x6x7xf32>) -> tensor<2x5xf32> {
      %0 = ingot.transpose %x [0, 2, 3, 1] : tensor<2x5x6x7xf32>
      %1 = ingot.reduce mean %0 [1, 2] : tensor<2x6x7x5xf32>
      %2 = ingot.relu %1 : tensor<2x1x1x5xf32>
      %3 = ingot.reshape %2 : tensor<2x1x1x5xf32> -> tensor<2x5xf32>
      kernel.return %3 : tensor<2x5xf32>
    })";
  std::vector<double> expected;
  for (int64_t row = 0; row < 10; ++row) {
    double sum = 0;
    for (int64_t i = 0; i < 42; ++i)
      sum += x[row * 42 + i];
    expected.push_back(std::max(sum / 42, 0.0));
  }
  expectClose(runKernel(text, {x})[0].as<float>(), expected, 1e-6);
}

TEST(Reduce, AddsIntegers) {
  std::vector<int64_t> x(2 * 19);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = int64_t(i) * (int64_t(1) << 40);
  std::string text = R"(
    kernel.func private @k(%x: tensor<2x19xi64>) -> (tensor<2x1xi64>) {
      %0 = ingot.reduce sum %x [1] : tensor<2x19xi64>
      kernel.return %0 : tensor<2x1xi64>
    })";
  EXPECT_EQ(runKernel(text, {x})[0].as<int64_t>(), (std::vector<int64_t>{int64_t(171) << 40, int64_t(532) << 40}));
}

TEST(Reduce, DoublesKeepTheirDigits) {
  std::vector<double> x(37, 1.0);
  x[5] = 1e-12;
  std::string text = R"(
    kernel.func private @k(%x: tensor<37xf64>) -> (tensor<1xf64>) {
      %0 = ingot.reduce sum %x [0] : tensor<37xf64>
      kernel.return %0 : tensor<1xf64>
    })";
  EXPECT_NEAR(runKernel(text, {x})[0].as<double>()[0], 36 + 1e-12, 1e-14);
}

// ArgReduce
// -------------------------------------------------------------------------------------------------------------

class ArgReduceCases : public testing::TestWithParam<Case> {};

TEST_P(ArgReduceCases, MatchesAPlainSearch) {
  const Case &test = GetParam();
  std::vector<float> x = noise(countOf(test.shape));
  for (float &value : x)
    value = std::round(value); // many equal elements
  Shape kept = test.shape;
  kept[test.axes[0]] = 1;
  for (bool isMaximum : {true, false})
    for (bool takesLast : {true, false}) {
      std::string text =
          fmt::format(R"(
        kernel.func private @k(%x: {0}) -> {1} {{
          %0 = ingot.arg_reduce {2} %x {3} <{{last = {4}}}> : {0}
          kernel.return %0 : {1}
        }})",
                      typeOf(test.shape), typeOf(kept, "i64"), isMaximum ? "max" : "min", test.axes[0], takesLast);
      std::vector<int64_t> expected;
      for (const auto &row : rowsOf(test.shape, test.axes)) {
        size_t best = 0;
        for (size_t i = 1; i < row.size(); ++i) {
          float a = isMaximum ? x[row[i]] : -x[row[i]], b = isMaximum ? x[row[best]] : -x[row[best]];
          if (a > b || (a == b && takesLast))
            best = i;
        }
        expected.push_back(best);
      }
      EXPECT_EQ(runKernel(text, {x})[0].as<int64_t>(), expected);
    }
}

INSTANTIATE_TEST_SUITE_P(Shapes, ArgReduceCases,
                         testing::Values(Case{{1}, {0}}, Case{{3, 10}, {1}}, Case{{3, 16}, {1}}, Case{{2, 31}, {1}},
                                         Case{{2, 1009}, {1}}, Case{{5, 33}, {0}}, Case{{2, 40, 3}, {1}},
                                         Case{{2, 21, 64}, {1}}));

TEST(ArgReduce, TheLastOfAllMinusInfinity) {
  std::vector<float> x(19, -INFINITY);
  std::string text = R"(
    kernel.func private @k(%x: tensor<19xf32>) -> tensor<1xi64> {
      %0 = ingot.arg_reduce max %x 0 <{last = true}> : tensor<19xf32>
      kernel.return %0 : tensor<1xi64>
    })";
  EXPECT_EQ(runKernel(text, {x})[0].as<int64_t>()[0], 18);
}

} // namespace
