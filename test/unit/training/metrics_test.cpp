// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Metrics against what scikit-learn 1.9 computes from the same numbers.
#include "Metrics.h"

#include "Failing.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <tuple>

using namespace ingot;

namespace {

template <typename T>
Array arrayOf(ingot_dtype dtype, std::vector<int64_t> shape, const std::vector<T> &values) {
  Array array(dtype, std::move(shape));
  std::copy(values.begin(), values.end(), reinterpret_cast<T *>(array.data()));
  return array;
}

Array reals(std::vector<int64_t> shape, const std::vector<float> &values) { return arrayOf(INGOT_F32, shape, values); }
Array labels(std::vector<int64_t> shape, const std::vector<int64_t> &values) {
  return arrayOf(INGOT_I64, shape, values);
}

const std::vector<float> scores = {-0.8,  -1.32, -0.25, 0.42,  1.14,  1.11,  -0.55, -0.78, 0.75,  1.63, 1.27,  -1.23,
                                   -0.96, 1.6,   0.2,   -1.73, 0.92,  -1.16, -0.63, -0.49, -0.71, 0.55, 0.94,  -0.59,
                                   0.41,  0.83,  -1.64, -0.26, -0.98, 0.83,  -1.29, 0.02,  0.96,  -0.3, -1.05, -0.4,
                                   -1.09, -1.36, 0.22,  -1.11, 1.17,  1.72,  -2,    0.27,  -1.1,  0.03, 1.04,  -1.99};
const std::vector<int64_t> classes = {0, 1, 2, 1, 0, 2, 2, 1, 0, 0, 1, 2};
const std::vector<float> decisions = {0.5, -0.25, 1.5, 0.5, -1, 0.75, -0.25, 2, 0.1, -3};
const std::vector<float> truths = {1, 0, 1, 0, 0, 1, 1, 1, 0, 0};

void expectValues(const Metrics &metrics, const std::vector<double> &expected) {
  std::vector<double> values = metrics.values();
  ASSERT_EQ(values.size(), expected.size());
  for (size_t i = 0; i < values.size(); ++i)
    EXPECT_NEAR(values[i], expected[i], 1e-6) << metrics.names()[i];
}

TEST(Metrics, of_classes_are_means_over_those_that_occur) {
  Metrics metrics(Task::Classes, {"accuracy", "precision", "recall", "f1", "auc"});
  metrics.add(reals({12, 4}, scores), labels({12}, classes));
  expectValues(metrics, {0.5833333333333334, 0.4833333333333333, 0.4375, 0.4523809523809524, 0.8020833333333334});
  EXPECT_EQ(metrics.confusion(), (std::vector<int64_t>{2, 0, 1, 1, 1, 3, 0, 0, 0, 2, 2, 0, 0, 0, 0, 0}));
}

TEST(Metrics, do_not_depend_on_the_batches) {
  Metrics whole(Task::Classes, {"accuracy", "f1", "auc"}), parts(Task::Classes, {"accuracy", "f1", "auc"});
  whole.add(reals({12, 4}, scores), labels({12}, classes));
  for (size_t i = 0; i < 12; i += 5) {
    size_t end = std::min<size_t>(12, i + 5);
    parts.add(reals({int64_t(end - i), 4}, {scores.begin() + long(4 * i), scores.begin() + long(4 * end)}),
              labels({int64_t(end - i)}, {classes.begin() + long(i), classes.begin() + long(end)}));
  }
  expectValues(parts, whole.values());
}

TEST(Metrics, top_five_counts_rows_whose_class_is_among_the_best_five) {
  Metrics metrics(Task::Classes, {"top5"});
  metrics.add(reals({9, 8}, {-0.2, -0.3, 1,    -1.2, 0.7, -1.1, -0.3, -0.8, 1.4,  0.6,  2.4,  0.6,  0.8,  0.8,  -0.6,
                             -0.1, 1.4,  -0.4, 0.2,  -0,  0.6,  -0.4, -0.2, 0.2,  0.1,  -0.9, 0.9,  -1.3, -1.2, -1.3,
                             1,    -0.4, -1,   -1.1, 0.4, -1.1, -1.3, 0.6,  -1.2, -0.3, -0,   -0.4, -0.1, 1.3,  -0.5,
                             -1.3, -1.8, -0.2, -0.4, 0.3, -0.5, -0.5, -0.7, -0.5, 0.2,  -0.4, 0.1,  1.9,  0.5,  -1.6,
                             1.7,  0.3,  -0.9, 0.9,  0,   -0.6, -0.6, -1,   0,    1.1,  -0.3, 0.4}),
              labels({9}, {2, 6, 1, 2, 0, 6, 4, 3, 7}));
  expectValues(metrics, {4.0 / 9});
}

TEST(Metrics, perplexity_is_the_exponential_of_the_mean_cross_entropy) {
  Metrics metrics(Task::Classes, {"perplexity"});
  metrics.add(reals({2, 3}, {0, 0, 0, 1000, 1000, -1000}), labels({2}, {1, 0}));
  expectValues(metrics, {std::sqrt(3.0 * 2.0)});
  metrics.clear();
  metrics.add(reals({1, 2}, {0, 0}), labels({1}, {1}));
  expectValues(metrics, {2});
}

TEST(Metrics, of_pixels_take_the_second_axis_as_classes) {
  // Scores [2, 4, 3, 2] hold the same twelve rows, classes before the places.
  std::vector<float> moved(48);
  for (size_t row = 0; row < 12; ++row)
    for (size_t c = 0; c < 4; ++c)
      moved[row / 6 * 24 + c * 6 + row % 6] = scores[row * 4 + c];
  Metrics metrics(Task::Classes, {"accuracy", "f1"});
  metrics.add(reals({2, 4, 3, 2}, moved), labels({2, 3, 2}, classes));
  expectValues(metrics, {0.5833333333333334, 0.4523809523809524});
}

TEST(Metrics, leave_out_the_ignored_class) {
  std::vector<int64_t> marked = classes;
  marked[1] = marked[2] = -100; // both predicted wrongly
  Metrics metrics(Task::Classes, {"accuracy"});
  metrics.add(reals({12, 4}, scores), labels({12}, marked));
  expectValues(metrics, {0.7});
}

TEST(Metrics, of_one_decision) {
  Metrics metrics(Task::Decisions, {"accuracy", "precision", "recall", "f1", "auc"});
  metrics.add(reals({10, 1}, decisions), reals({10, 1}, truths));
  expectValues(metrics, {0.7, 2.0 / 3, 0.8, 8.0 / 11, 0.88});
}

TEST(Metrics, of_several_decisions_are_means_over_columns) {
  Metrics metrics(Task::Decisions, {"accuracy", "precision", "f1", "auc"});
  metrics.add(reals({5, 2}, decisions), reals({5, 2}, truths));
  expectValues(metrics, {0.7, 2.0 / 3, 0.7333333333333334, 0.9166666666666666});
}

TEST(Metrics, of_numbers) {
  Metrics metrics(Task::Numbers, {"mae", "rmse", "r2"});
  metrics.add(reals({4, 2}, {1, 2, 2.5, 0.5, 3, 3, 4.25, 1}), reals({4, 2}, {1.5, 2, 2, 1, 3.5, 2.5, 4, 0}));
  expectValues(metrics, {0.46875, 0.5376453291901642, 0.7010219341974078});
}

TEST(Metrics, without_examples_are_no_numbers) {
  for (double value : Metrics(Task::Classes, {"accuracy", "f1", "auc"}).values())
    EXPECT_TRUE(std::isnan(value));
  EXPECT_TRUE(std::isnan(areaUnderCurve({1, 2}, {true, true})));
}

TEST(Metrics, name_what_is_wrong) {
  EXPECT_TRUE(
      contains(failing([] { Metrics(Task::Numbers, {"accuracy"}); }), "the metrics of this loss are mae, rmse, r2"));
  EXPECT_TRUE(contains(failing([] { Metrics(Task::Unknown, {"f1"}); }), "this loss has no metrics"));
  Metrics metrics(Task::Classes, {"accuracy"});
  EXPECT_TRUE(contains(failing([&] { metrics.add(reals({1, 2}, {0, 1}), labels({1}, {2})); }), "class 2 of 2"));
  EXPECT_TRUE(contains(failing([&] { metrics.add(reals({1, 2}, {0, 1}), labels({3}, {0, 0, 0})); }), "do not fit"));
}

TEST(Metrics, follow_from_the_loss) {
  EXPECT_EQ(taskOfLoss("cross_entropy"), Task::Classes);
  EXPECT_EQ(taskOfLoss("bce_with_logits"), Task::Decisions);
  EXPECT_EQ(taskOfLoss("huber"), Task::Numbers);
  EXPECT_EQ(taskOfLoss("output:loss"), Task::Unknown);
}

TEST(Metrics, of_parts_that_are_merged_are_those_of_the_whole) {
  auto check = [](Task task, std::vector<std::string> names, const Array &predictions, const Array &targets,
                  const auto &cut) {
    Metrics whole(task, names), first(task, names), second(task, names), none(task, names), merged(task, names);
    whole.add(predictions, targets);
    const auto &[onePredictions, oneTargets, otherPredictions, otherTargets] = cut;
    first.add(onePredictions, oneTargets);
    second.add(otherPredictions, otherTargets);
    for (const Metrics *part : {&none, &first, &none, &second})
      merged.merge(part->pack());
    expectValues(merged, whole.values());
    EXPECT_EQ(merged.confusion(), whole.confusion());
  };
  auto part = [](const auto &values, size_t begin, size_t end) {
    return std::decay_t<decltype(values)>(values.begin() + long(begin), values.begin() + long(end));
  };
  check(Task::Classes, {"accuracy", "top5", "precision", "recall", "f1", "auc"}, reals({12, 4}, scores),
        labels({12}, classes),
        std::tuple(reals({5, 4}, part(scores, 0, 20)), labels({5}, part(classes, 0, 5)),
                   reals({7, 4}, part(scores, 20, 48)), labels({7}, part(classes, 5, 12))));
  check(Task::Decisions, {"accuracy", "precision", "recall", "f1", "auc"}, reals({10, 1}, decisions),
        reals({10, 1}, truths),
        std::tuple(reals({4, 1}, part(decisions, 0, 4)), reals({4, 1}, part(truths, 0, 4)),
                   reals({6, 1}, part(decisions, 4, 10)), reals({6, 1}, part(truths, 4, 10))));
  check(Task::Numbers, {"mae", "rmse", "r2"}, reals({5, 2}, decisions), reals({5, 2}, truths),
        std::tuple(reals({2, 2}, part(decisions, 0, 4)), reals({2, 2}, part(truths, 0, 4)),
                   reals({3, 2}, part(decisions, 4, 10)), reals({3, 2}, part(truths, 4, 10))));
}

} // namespace
