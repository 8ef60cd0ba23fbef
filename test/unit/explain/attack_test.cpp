// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Attack.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace ingot;

namespace {

/// Is fooled where the sum of a point's elements exceeds 1; the loss is the sum.
class Sum : public AttackedModel {
public:
  Judgement judge(const Rows &points, std::span<const int64_t> examples, bool wantsGradients) override {
    EXPECT_EQ(points.count(), examples.size());
    Judgement result;
    for (size_t i = 0; i < points.count(); ++i) {
      double sum = 0;
      for (double value : points.row(i))
        sum += value;
      result.losses.push_back(sum);
      result.isFooled.push_back(sum > 1);
    }
    if (wantsGradients)
      result.gradients = {points.shape, std::vector<double>(points.values.size(), 1.0)};
    return result;
  }
};

const Rows clean{{2}, {0, 0, 0.9, 0.3, 0.4, 0.4}};
const std::vector<int64_t> examples{0, 1, 2};

TEST(Attack, OneStepGoesAlongTheSign) {
  Sum sum;
  AttackResult result = attack(sum, clean, examples, {Norm::Largest, 0.25, 0.25});
  EXPECT_EQ(result.points.values, (std::vector<double>{0.25, 0.25, 0.9, 0.3, 0.65, 0.65}));
  EXPECT_EQ(result.isFooled, (std::vector<char>{0, 1, 1}));
}

TEST(Attack, StepsStayInTheBall) {
  Sum sum;
  for (Norm norm : {Norm::Largest, Norm::Euclidean}) {
    AttackOptions options{norm, 0.1, 0.05, 30, 2, true};
    AttackResult result = attack(sum, clean, examples, options);
    double reach = norm == Norm::Largest ? 0.1 : 0.1 / std::sqrt(2);
    EXPECT_NEAR(result.points.values[0], reach, 1e-4);
    EXPECT_NEAR(result.points.values[1], reach, 1e-4);
  }
}

TEST(Attack, BoundsHold) {
  Sum sum;
  AttackOptions options{Norm::Largest, 0.5, 0.1, 10, 1, true};
  options.bounds = {0, 0.3};
  AttackResult result = attack(sum, {{2}, {0, 0.1, 0.4, 0}}, std::vector<int64_t>{0, 1}, options);
  EXPECT_EQ(result.points.values, (std::vector<double>{0.3, 0.3, 0.4, 0.3})); // what lies outside moves no further out
}

TEST(Attack, AnExampleDoesNotDependOnTheOthers) {
  Sum sum;
  AttackOptions options{Norm::Largest, 0.2, 0.01, 1, 1, true};
  AttackResult all = attack(sum, clean, examples, options);
  AttackResult one = attack(sum, {{2}, {0.4, 0.4}}, std::vector<int64_t>{2}, options);
  EXPECT_EQ(one.points.values, (std::vector<double>{all.points.values[4], all.points.values[5]}));
  options.seed = 1;
  EXPECT_NE(attack(sum, clean, examples, options).points.values, all.points.values);
}

} // namespace
