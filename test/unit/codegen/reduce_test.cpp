// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reductions and arg_reduce against float64 references, along and across rows.
#include "RowReference.h"

namespace {

// Reduce ------------------------------------------------------------------------------------------------------------

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

TEST(Reduce, HalvesAreAddedInFloat32) {
  // 300 times 1: a sum in bfloat16 would stop at 256.
  std::vector<uint16_t> ones(2 * 300, 0x3F80);
  std::string text = R"(
    kernel.func private @k(%x: tensor<2x300xbf16>) -> (tensor<2x1xbf16>) {
      %0 = ingot.reduce sum %x [1] : tensor<2x300xbf16>
      kernel.return %0 : tensor<2x1xbf16>
    })";
  EXPECT_EQ(runKernel(text, {ones})[0].as<uint16_t>(), (std::vector<uint16_t>{0x4396, 0x4396}));
}

class SymbolicReduce : public testing::TestWithParam<int64_t> {};

TEST_P(SymbolicReduce, MeanOverRowsAndColumns) {
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

INSTANTIATE_TEST_SUITE_P(Odd, SymbolicReduce, testing::Values(1, 2, 15, 16, 17, 31, 64, 97, 131));

// ArgReduce ---------------------------------------------------------------------------------------------------------

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
