// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Matrix products against sums in double precision, on sizes around every block size.
#include "Products.h"
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace {

struct Sizes {
  int64_t batch, rows, depth, columns;
};

void PrintTo(const Sizes &s, std::ostream *out) {
  *out << fmt::format("{}x[{}x{}] * [{}x{}]", s.batch, s.rows, s.depth, s.depth, s.columns);
}

/// [batch, rows, depth] * [depth, columns] (one rhs for all batches, or one each), plus a bias for each column.
std::vector<float> expected(const Sizes &s, const std::vector<float> &a, const std::vector<float> &b,
                            const std::vector<float> &bias, bool sharesRhs) {
  std::vector<float> y(s.batch * s.rows * s.columns);
  for (int64_t i = 0; i < s.batch * s.rows; ++i)
    for (int64_t n = 0; n < s.columns; ++n) {
      double sum = bias.empty() ? 0 : bias[n];
      int64_t base = sharesRhs ? 0 : i / s.rows * s.depth * s.columns;
      for (int64_t k = 0; k < s.depth; ++k)
        sum += double(a[i * s.depth + k]) * b[base + k * s.columns + n];
      y[i * s.columns + n] = sum;
    }
  return y;
}

class Contraction : public testing::TestWithParam<Sizes> {
protected:
  Sizes s = GetParam();
  std::vector<float> a = wholeNumbers(s.batch * s.rows * s.depth, 1), b = wholeNumbers(s.depth * s.columns, 2);
  std::vector<float> bias = wholeNumbers(s.columns, 3);
};

TEST_P(Contraction, ReadsPackedPanels) {
  Packed panels = pack(b, {s.depth, s.columns}, {1, 0}, {16, 1});
  std::string text = fmt::format(R"(
    kernel.func private @k(%a: {0}, %p: {1}, %c: {2}) -> {3} {{
      %b = kernel.unpack %p [1, 0] [16, 1] : {1} -> {4}
      %0 = ingot.matmul %a, %b : {0}, {4}
      %1 = ingot.add %0, %c : {3}, {2}
      %2 = ingot.relu %1 : {3}
      kernel.return %2 : {3}
    }})",
                                 typeText({s.batch, s.rows, s.depth}), typeText(panels.shape), typeText({s.columns}),
                                 typeText({s.batch, s.rows, s.columns}), typeText({s.depth, s.columns}));
  std::vector<float> y = expected(s, a, b, bias, true);
  for (float &value : y)
    value = std::max(value, 0.0f);
  EXPECT_EQ(runKernel(text, {a, panels.values, bias})[0].as<float>(), y);
}

TEST_P(Contraction, ReadsPackedPanelsForAnOpenNumberOfRows) {
  Packed panels = pack(b, {s.depth, s.columns}, {1, 0}, {16, 1});
  std::vector<std::string> names{"b", "m"};
  std::string text = fmt::format(R"(
    kernel.func private @k(%a: {0}, %p: {1}, %c: {2}) -> {3} {{
      %b = kernel.unpack %p [1, 0] [16, 1] : {1} -> {4}
      %0 = ingot.matmul %a, %b : {0}, {4}
      %1 = ingot.add %0, %c : {3}, {2}
      kernel.return %1 : {3}
    }})",
                                 typeText({-1, -2, s.depth}, names), typeText(panels.shape), typeText({s.columns}),
                                 typeText({-1, -2, s.columns}, names), typeText({s.depth, s.columns}));
  std::vector<float> y = expected(s, a, b, bias, true);
  EXPECT_EQ(runKernel(text, {a, panels.values, bias}, names, {s.batch, s.rows})[0].as<float>(), y);
}

/// A single matrix: the form of dense layers whose batch is open.
TEST_P(Contraction, ReadsPackedPanelsForAnOpenBatch) {
  Packed panels = pack(b, {s.depth, s.columns}, {1, 0}, {16, 1});
  std::vector<std::string> names{"m"};
  std::string text = fmt::format(R"(
    kernel.func private @k(%a: {0}, %p: {1}) -> {2} {{
      %b = kernel.unpack %p [1, 0] [16, 1] : {1} -> {3}
      %0 = ingot.matmul %a, %b : {0}, {3}
      kernel.return %0 : {2}
    }})",
                                 typeText({-1, s.depth}, names), typeText(panels.shape),
                                 typeText({-1, s.columns}, names), typeText({s.depth, s.columns}));
  std::vector<float> y = expected(s, a, b, {}, true);
  EXPECT_EQ(runKernel(text, {a, panels.values}, names, {s.batch * s.rows})[0].as<float>(), y);
}

/// The lhs lies as [rows, batch, depth]: the order of steps and sequences, with either or both of them open.
TEST_P(Contraction, WalksRowsInTheOrderOfTheLhs) {
  Packed panels = pack(b, {s.depth, s.columns}, {1, 0}, {16, 1});
  std::vector<std::string> names{"b", "m"};
  std::vector<float> turned(a.size()), y = expected(s, a, b, bias, true);
  for (int64_t i = 0; i < s.batch; ++i)
    for (int64_t m = 0; m < s.rows; ++m)
      std::copy_n(&a[(i * s.rows + m) * s.depth], s.depth, &turned[(m * s.batch + i) * s.depth]);
  for (auto [batch, rows] : std::vector<std::pair<int64_t, int64_t>>{{-1, -2}, {-1, s.rows}, {s.batch, -2}}) {
    std::string text = fmt::format(R"(
    kernel.func private @k(%a: {0}, %p: {1}, %c: {2}) -> {3} {{
      %b = kernel.unpack %p [1, 0] [16, 1] : {1} -> {4}
      %t = ingot.transpose %a [1, 0, 2] : {0}
      %0 = ingot.matmul %t, %b : {5}, {4}
      %1 = ingot.add %0, %c : {3}, {2}
      kernel.return %1 : {3}
    }})",
                                   typeText({rows, batch, s.depth}, names), typeText(panels.shape),
                                   typeText({s.columns}), typeText({batch, rows, s.columns}, names),
                                   typeText({s.depth, s.columns}), typeText({batch, rows, s.depth}, names));
    EXPECT_EQ(runKernel(text, {turned, panels.values, bias}, names, {s.batch, s.rows})[0].as<float>(), y);
  }
}

/// Batches of a known number of rows, which need not be neighbours of those of the next batch.
TEST_P(Contraction, ReadsPackedPanelsForAnOpenNumberOfBatches) {
  Packed panels = pack(b, {s.depth, s.columns}, {1, 0}, {16, 1});
  std::vector<std::string> names{"b"};
  std::vector<float> padded, y = expected(s, a, b, {}, true);
  for (int64_t i = 0; i < s.batch; ++i) {
    padded.insert(padded.end(), a.begin() + i * s.rows * s.depth, a.begin() + (i + 1) * s.rows * s.depth);
    padded.resize(padded.size() + s.depth, 7);
  }
  for (bool isPadded : {false, true}) {
    std::string text = fmt::format(R"(
    kernel.func private @k(%a: {0}, %p: {1}) -> {2} {{
      %b = kernel.unpack %p [1, 0] [16, 1] : {1} -> {3}
      %s = ingot.slice %a <[0, 0, 0]> [1, 1, 1] : {0} -> {4}
      %0 = ingot.matmul %s, %b : {4}, {3}
      kernel.return %0 : {2}
    }})",
                                   typeText({-1, s.rows + isPadded, s.depth}, names), typeText(panels.shape),
                                   typeText({-1, s.rows, s.columns}, names), typeText({s.depth, s.columns}),
                                   typeText({-1, s.rows, s.depth}, names));
    EXPECT_EQ(runKernel(text, {isPadded ? padded : a, panels.values}, names, {s.batch})[0].as<float>(), y);
  }
}

TEST_P(Contraction, ReadsTheRhsInPlaceWithSymbolicSizes) {
  std::vector<std::string> names{"b", "k", "m", "n"};
  std::string text =
      fmt::format(R"(
    kernel.func private @k(%a: {0}, %b: {1}) -> {2} {{
      %0 = ingot.matmul %a, %b : {0}, {1}
      kernel.return %0 : {2}
    }})",
                  typeText({-1, -3, -2}, names), typeText({-2, -4}, names), typeText({-1, -3, -4}, names));
  std::vector<float> y = expected(s, a, b, {}, true);
  EXPECT_EQ(runKernel(text, {a, b}, names, {s.batch, s.depth, s.rows, s.columns})[0].as<float>(), y);
}

INSTANTIATE_TEST_SUITE_P(Odd, Contraction,
                         testing::Values(Sizes{1, 1, 1, 1}, Sizes{1, 1, 37, 130}, Sizes{3, 1, 5, 17},
                                         Sizes{1, 2, 64, 10}, Sizes{1, 5, 3, 15}, Sizes{2, 6, 7, 16},
                                         Sizes{1, 7, 31, 48}, Sizes{2, 13, 8, 31}, Sizes{1, 14, 16, 32},
                                         Sizes{1, 15, 17, 33}, Sizes{2, 29, 5, 47}, Sizes{1, 31, 2, 64},
                                         Sizes{1, 43, 19, 100}));

INSTANTIATE_TEST_SUITE_P(FewRows, Contraction,
                         testing::Values(Sizes{1, 1, 5, 64}, Sizes{1, 2, 9, 96}, Sizes{1, 3, 40, 163},
                                         Sizes{1, 4, 33, 80}, Sizes{1, 5, 7, 128}, Sizes{2, 1, 11, 129},
                                         Sizes{2, 4, 3, 65}));

/// Weights beside which a pass over all rows is cut into chunks; rows that lie 4 KB apart.
INSTANTIATE_TEST_SUITE_P(Chunks, Contraction,
                         testing::Values(Sizes{3, 47, 256, 530}, Sizes{1, 401, 700, 400}, Sizes{5, 90, 700, 390},
                                         Sizes{1, 29, 1024, 48}, Sizes{2, 41, 1024, 90}, Sizes{1, 100, 2048, 48}));

/// Weights that are read forwards and backwards in turn: a group of columns and several, with tails of both.
INSTANTIATE_TEST_SUITE_P(Order, Contraction,
                         testing::Values(Sizes{1, 1, 9001, 40}, Sizes{1, 1, 2050, 130}, Sizes{1, 3, 1023, 260},
                                         Sizes{3, 1, 1030, 257}, Sizes{1, 6, 700, 400}));

/// Queries times keys and weights times values, with heads split from and joined into rows by views.
class Heads : public testing::TestWithParam<Sizes> {
protected:
  // rows queries, columns keys, heads of `depth`; two heads.
  Sizes s = GetParam();
  std::vector<std::string> names{"b", "l", "s"};
  std::vector<int64_t> symbols{s.batch, s.columns, s.rows};
  int64_t width = 2 * s.depth;
};

TEST_P(Heads, MultipliesByTransposedKeys) {
  std::vector<float> q = wholeNumbers(s.batch * s.rows * width, 1), k = wholeNumbers(s.batch * s.columns * width, 2);
  std::string text = fmt::format(R"(
    kernel.func private @k(%q: {0}, %k: {1}) -> {6} {{
      %0 = ingot.reshape %q : {0} -> {2}
      %1 = ingot.transpose %0 [0, 2, 1, 3] : {2}
      %2 = ingot.reshape %k : {1} -> {3}
      %3 = ingot.transpose %2 [0, 2, 3, 1] : {3}
      %4 = ingot.matmul %1, %3 : {4}, {5}
      kernel.return %4 : {6}
    }})",
                                 typeText({-1, -3, width}, names), typeText({-1, -2, width}, names),
                                 typeText({-1, -3, 2, s.depth}, names), typeText({-1, -2, 2, s.depth}, names),
                                 typeText({-1, 2, -3, s.depth}, names), typeText({-1, 2, s.depth, -2}, names),
                                 typeText({-1, 2, -3, -2}, names));
  std::vector<float> y;
  for (int64_t batch = 0; batch < s.batch; ++batch)
    for (int64_t head = 0; head < 2; ++head)
      for (int64_t row = 0; row < s.rows; ++row)
        for (int64_t column = 0; column < s.columns; ++column) {
          double sum = 0;
          for (int64_t d = 0; d < s.depth; ++d)
            sum += double(q[(batch * s.rows + row) * width + head * s.depth + d]) *
                   k[(batch * s.columns + column) * width + head * s.depth + d];
          y.push_back(sum);
        }
  EXPECT_EQ(runKernel(text, {q, k}, names, symbols)[0].as<float>(), y);
}

TEST_P(Heads, MultipliesByValuesAndJoinsHeads) {
  std::vector<float> p = wholeNumbers(s.batch * 2 * s.rows * s.columns, 1),
                     v = wholeNumbers(s.batch * s.columns * width, 2);
  std::string text = fmt::format(R"(
    kernel.func private @k(%p: {0}, %v: {1}) -> {6} {{
      %0 = ingot.reshape %v : {1} -> {2}
      %1 = ingot.transpose %0 [0, 2, 1, 3] : {2}
      %2 = ingot.matmul %p, %1 : {0}, {3}
      %3 = ingot.transpose %2 [0, 2, 1, 3] : {4}
      %4 = ingot.reshape %3 : {5} -> {6}
      kernel.return %4 : {6}
    }})",
                                 typeText({-1, 2, -3, -2}, names), typeText({-1, -2, width}, names),
                                 typeText({-1, -2, 2, s.depth}, names), typeText({-1, 2, -2, s.depth}, names),
                                 typeText({-1, 2, -3, s.depth}, names), typeText({-1, -3, 2, s.depth}, names),
                                 typeText({-1, -3, width}, names));
  std::vector<float> y(s.batch * s.rows * width);
  for (int64_t batch = 0; batch < s.batch; ++batch)
    for (int64_t head = 0; head < 2; ++head)
      for (int64_t row = 0; row < s.rows; ++row)
        for (int64_t d = 0; d < s.depth; ++d) {
          double sum = 0;
          for (int64_t l = 0; l < s.columns; ++l)
            sum += double(p[((batch * 2 + head) * s.rows + row) * s.columns + l]) *
                   v[(batch * s.columns + l) * width + head * s.depth + d];
          y[(batch * s.rows + row) * width + head * s.depth + d] = sum;
        }
  EXPECT_EQ(runKernel(text, {p, v}, names, symbols)[0].as<float>(), y);
}

INSTANTIATE_TEST_SUITE_P(Odd, Heads,
                         testing::Values(Sizes{1, 1, 16, 1}, Sizes{2, 3, 5, 7}, Sizes{1, 14, 20, 16},
                                         Sizes{2, 17, 16, 33}, Sizes{1, 31, 32, 64}));

} // namespace
