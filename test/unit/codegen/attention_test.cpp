// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Attention against arithmetic in double precision: sizes around every block size, masks, operands as projections leave
// them, constant and symbolic lengths.
#include "Products.h"
#include "RowReference.h"
#include <functional>
#include <limits>

namespace {

constexpr int64_t heads = 2;
constexpr double fill = -3e38;

struct Sizes {
  int64_t batch, queries, keys, depth, width;
};

void PrintTo(const Sizes &s, std::ostream *out) {
  *out << fmt::format("{} x {} queries, {} keys of {} and {}", s.batch, s.queries, s.keys, s.depth, s.width);
}

/// Whether a query sees a key, by batch.
using Sees = std::function<bool(int64_t batch, int64_t query, int64_t key)>;

/// Operands and result are [batch, length, heads * size].
std::vector<float> expected(const Sizes &s, const std::vector<float> &q, const std::vector<float> &k,
                            const std::vector<float> &v, const Sees &sees) {
  std::vector<float> y;
  for (int64_t b = 0; b < s.batch; ++b)
    for (int64_t i = 0; i < s.queries; ++i)
      for (int64_t h = 0; h < heads; ++h) {
        std::vector<double> scores, sums(s.width);
        double most = -std::numeric_limits<double>::infinity(), total = 0;
        for (int64_t j = 0; j < s.keys; ++j) {
          double score = 0;
          for (int64_t d = 0; d < s.depth; ++d)
            score += double(q[((b * s.queries + i) * heads + h) * s.depth + d]) *
                     k[((b * s.keys + j) * heads + h) * s.depth + d];
          scores.push_back(sees(b, i, j) ? score * 0.25 : fill);
          most = std::max(most, scores.back());
        }
        for (int64_t j = 0; j < s.keys; ++j) {
          double power = std::exp(scores[j] - most);
          total += power;
          for (int64_t e = 0; e < s.width; ++e)
            sums[e] += power * v[((b * s.keys + j) * heads + h) * s.width + e];
        }
        for (double sum : sums)
          y.push_back(float(sum / total));
      }
  return y;
}

class Attention : public testing::TestWithParam<Sizes> {
protected:
  Sizes s = GetParam();
  std::vector<std::string> names{"b", "m", "n"};
  std::vector<float> q = noise(s.batch * s.queries * heads * s.depth), k = noise(s.batch * s.keys * heads * s.depth),
                     v = noise(s.batch * s.keys * heads * s.width);

  /// [batch, length, heads * size], or with heads apart, or before the length.
  std::string rows(int64_t length, int64_t size) { return typeText({-1, length, heads * size}, names); }
  std::string split(int64_t length, int64_t size) { return typeText({-1, length, heads, size}, names); }
  std::string headed(int64_t length, int64_t size) { return typeText({-1, heads, length, size}, names); }

  /// The kernel, with a mask of this type (none: empty) or attributes. Lengths < 0 are symbols.
  std::string kernel(int64_t m, int64_t n, const std::string &mask, const std::string &attributes) {
    auto view = [&](const char *name, int64_t length, int64_t size) {
      return fmt::format("%{0}1 = ingot.reshape %{0} : {1} -> {2}\n%{0}2 = ingot.transpose %{0}1 [0, 2, 1, 3] : {2}\n",
                         name, rows(length, size), split(length, size));
    };
    return fmt::format(
        R"(kernel.func private @k(%q: {0}, %k: {1}, %v: {2}{3}) -> {4} {{
             {5}{6}{7}
             %y = ingot.attention %q2, %k2, %v2 {8} <{{scale = 0.25 : f64, fill = {9:e} : f64{10}}}> : {11}, {12}, {13}{14}
             %y1 = ingot.transpose %y [0, 2, 1, 3] : {15}
             kernel.return %y1 : {4}
           }})",
        rows(m, s.depth), rows(n, s.depth), rows(n, s.width), mask.empty() ? "" : ", %x: " + mask, split(m, s.width),
        view("q", m, s.depth), view("k", n, s.depth), view("v", n, s.width), mask.empty() ? "" : "mask %x", fill,
        attributes, headed(m, s.depth), headed(n, s.depth), headed(n, s.width), mask.empty() ? "" : ", " + mask,
        headed(m, s.width));
  }

  void check(const std::string &text, const std::vector<Bytes> &mask, const Sees &sees) {
    std::vector<Bytes> operands{q, k, v};
    operands.insert(operands.end(), mask.begin(), mask.end());
    std::vector<float> y = runKernel(text, operands, names, {s.batch, s.queries, s.keys})[0].as<float>();
    std::vector<float> wanted = expected(s, q, k, v, sees);
    ASSERT_EQ(y.size(), wanted.size());
    for (size_t i = 0; i < y.size(); ++i)
      ASSERT_NEAR(y[i], wanted[i], 2e-5) << i;
  }
};

TEST_P(Attention, SeesAll) {
  check(kernel(s.queries, s.keys, "", ""), {}, [](int64_t, int64_t, int64_t) { return true; });
}

TEST_P(Attention, SeesTheKeysBeforeWithSymbolicLengths) {
  check(kernel(-2, -3, "", ", causal = #ingot.shape<[1]>"), {},
        [](int64_t, int64_t query, int64_t key) { return key <= query + 1; });
}

TEST_P(Attention, SeesWhatTheMaskLeaves) {
  std::vector<char> mask; // [batch, 1, keys, queries]
  auto sees = [](int64_t batch, int64_t query, int64_t key) { return (3 * batch + 5 * query + 7 * key) % 4 != 0; };
  for (int64_t b = 0; b < s.batch; ++b)
    for (int64_t j = 0; j < s.keys; ++j)
      for (int64_t i = 0; i < s.queries; ++i)
        mask.push_back(sees(b, i, j));
  std::string type = typeText({-1, 1, -3, -2}, names);
  type.replace(type.find("f32"), 3, "i1");
  check(kernel(-2, -3, type, ""), {mask}, sees);
}

INSTANTIATE_TEST_SUITE_P(Odd, Attention,
                         testing::Values(Sizes{1, 1, 1, 1, 1}, Sizes{2, 1, 150, 24, 40}, Sizes{1, 3, 17, 64, 8},
                                         Sizes{1, 4, 15, 16, 16}, Sizes{2, 16, 33, 5, 7}, Sizes{1, 21, 300, 20, 33},
                                         Sizes{1, 50, 47, 32, 64}));

} // namespace
