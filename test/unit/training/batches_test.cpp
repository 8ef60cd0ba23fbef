// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Batches.h"

#include "Failing.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>

using namespace ingot;

namespace {

template <typename T>
Dataset dataOf(ingot_dtype dtype, std::vector<int64_t> shape, const std::vector<T> &values) {
  Dataset data{"data.npz", {}, {}};
  Array &array = data.arrays["x"] = Array(dtype, std::move(shape));
  std::copy(values.begin(), values.end(), reinterpret_cast<T *>(array.data()));
  return data;
}

std::vector<int64_t> range(int64_t count) {
  std::vector<int64_t> rows((size_t(count)));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

std::vector<float> valuesOf(const Array &array) {
  std::vector<float> values;
  for (int64_t i = 0; i < array.count(); ++i)
    values.push_back(float(array.at(i)));
  return values;
}

TEST(Shuffle, is_a_permutation_that_seed_and_epoch_decide) {
  std::vector<int64_t> first = shuffledRows(range(100), 7, 1);
  EXPECT_EQ(first, shuffledRows(range(100), 7, 1));
  EXPECT_NE(first, shuffledRows(range(100), 7, 2));
  EXPECT_NE(first, shuffledRows(range(100), 8, 1));
  std::sort(first.begin(), first.end());
  EXPECT_EQ(first, range(100));
}

TEST(Shuffle, is_the_same_on_every_machine) {
  EXPECT_EQ(shuffledRows(range(8), 1, 1), (std::vector<int64_t>{7, 5, 3, 0, 4, 6, 1, 2}));
}

TEST(Shuffle, every_row_comes_first_about_equally_often) {
  std::vector<int> counts(5);
  for (int64_t epoch = 0; epoch < 5000; ++epoch)
    ++counts[size_t(shuffledRows(range(5), 3, epoch)[0])];
  for (int count : counts)
    EXPECT_NEAR(count, 1000, 120); // four standard deviations
}

TEST(Split, parts_are_disjoint_and_cover) {
  Split split = splitRows(101, 0.2, 4);
  EXPECT_EQ(split.validation.size(), 20u);
  std::vector<int64_t> all = split.training;
  all.insert(all.end(), split.validation.begin(), split.validation.end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, range(101));
}

TEST(Feed, converts_and_gathers_rows) {
  Dataset data = dataOf<uint8_t>(INGOT_U8, {3, 2}, {1, 2, 3, 4, 5, 255});
  Feed feed(data, "x", "input", INGOT_F32, {2});
  std::vector<int64_t> rows = {2, 0};
  const Array &batch = feed.fill(rows);
  EXPECT_EQ(batch.dtype, INGOT_F32);
  EXPECT_EQ(batch.shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(valuesOf(batch), (std::vector<float>{5, 255, 1, 2}));
}

TEST(Feed, normalizes_by_channel) {
  Dataset data = dataOf<float>(INGOT_F32, {1, 2, 2, 1}, {10, 20, 30, 40});
  Feed feed(data, "x", "input", INGOT_F32, {2, 2, 1});
  feed.normalize({0.1, {1, 2}, {2, 4}});
  std::vector<int64_t> rows = {0};
  EXPECT_EQ(valuesOf(feed.fill(rows)), (std::vector<float>{0, 0.5, 0.25, 0.5}));
}

TEST(Feed, takes_rows_with_other_ones_or_flat) {
  Dataset data = dataOf<float>(INGOT_F32, {1, 2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(Feed(data, "x", "input", INGOT_F32, {1, 2, 2}).rowShape(), (std::vector<int64_t>{1, 2, 2}));
  EXPECT_EQ(Feed(data, "x", "input", INGOT_F32, {4}).rowShape(), (std::vector<int64_t>{4}));
  EXPECT_EQ(Feed(data, "x", "input", INGOT_F32, {-1, 2}).rowShape(), (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(failing([&] {
              Feed(data, "x", "input", INGOT_F32, {3, 2});
            }),
            "data.npz: error: the rows of \"x\" are [2, 2], but \"input\" takes [3, 2]");
  Dataset wide = dataOf<float>(INGOT_F32, {1, 2, 3}, {1, 2, 3, 4, 5, 6}); // never turned on its side
  EXPECT_TRUE(contains(failing([&] { Feed(wide, "x", "input", INGOT_F32, {3, 2}); }), "are [2, 3], but"));
}

TEST(Feed, refuses_fractions_for_whole_numbers) {
  Dataset data = dataOf<double>(INGOT_F64, {2}, {1, 2.5});
  EXPECT_TRUE(contains(failing([&] { Feed(data, "x", "target", INGOT_I64, {}); }), "\"x\" has fractions"));
}

TEST(Standardization, is_of_the_given_rows) {
  Dataset data = dataOf<float>(INGOT_F32, {3, 2}, {1, 7, 3, 7, 100, 100});
  std::vector<int64_t> rows = {0, 1};
  Normalization result = standardization(data.arrays["x"], rows, 1, true);
  EXPECT_EQ(result.mean, (std::vector<double>{2, 7}));
  EXPECT_EQ(result.deviation, (std::vector<double>{1, 1}));
}

TEST(Classes, out_of_range_are_located) {
  Dataset data = dataOf<int64_t>(INGOT_I64, {4}, {0, 2, -100, 3});
  EXPECT_EQ(failing([&] { checkClasses(data, "x", 3, -100); }),
            "data.npz: error: row 3 of \"x\" is class 3, but the model knows the classes 0 to 2");
  EXPECT_TRUE(contains(failing([&] { checkClasses(data, "x", 4, -1); }), "row 2 of \"x\" is class -100"));
}

} // namespace
