// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Schedules against PyTorch's documented formulas, computed apart from this code.
#include "Schedule.h"

#include "Failing.h"

#include <gtest/gtest.h>

using namespace ingot;

namespace {

Schedule make(const std::string &text, int64_t epochs, int64_t steps) {
  Schedule schedule = Schedule::parse(text);
  schedule.setLength(epochs, steps);
  return schedule;
}

TEST(Schedule, constant_stays) { EXPECT_EQ(make("constant", 3, 5).rate(0.1, 14, {}), 0.1); }

TEST(Schedule, warm_up_rises_in_a_line) {
  Schedule schedule = make("warm-up:warmup=2", 9, 5);
  EXPECT_DOUBLE_EQ(schedule.rate(0.1, 0, {}), 0.01);
  EXPECT_DOUBLE_EQ(schedule.rate(0.1, 4, {}), 0.05);
  EXPECT_DOUBLE_EQ(schedule.rate(0.1, 9, {}), 0.1);
  EXPECT_DOUBLE_EQ(schedule.rate(0.1, 44, {}), 0.1);
}

TEST(Schedule, step_falls_with_epochs) {
  Schedule schedule = make("step:size=2,gamma=0.5", 9, 3);
  EXPECT_DOUBLE_EQ(schedule.rate(0.4, 5, {}), 0.4);
  EXPECT_DOUBLE_EQ(schedule.rate(0.4, 6, {}), 0.2);
  EXPECT_DOUBLE_EQ(schedule.rate(0.4, 12, {}), 0.1);
}

TEST(Schedule, cosine_is_what_the_recursion_gives) {
  Schedule schedule = make("cosine:min=0.1", 2, 5);
  EXPECT_NEAR(schedule.rate(0.5, 0, {}), 0.5, 1e-12);
  EXPECT_NEAR(schedule.rate(0.5, 3, {}), 0.4175570504584948, 1e-12);
  EXPECT_NEAR(schedule.rate(0.5, 7, {}), 0.18244294954150547, 1e-12);
  EXPECT_NEAR(schedule.rate(0.5, 9, {}), 0.1097886967409693, 1e-12);
}

TEST(Schedule, cosine_begins_after_the_warm_up) {
  Schedule schedule = make("cosine:warmup=1", 3, 4);
  EXPECT_DOUBLE_EQ(schedule.rate(1, 3, {}), 1);
  EXPECT_DOUBLE_EQ(schedule.rate(1, 4, {}), 1);
  EXPECT_NEAR(schedule.rate(1, 8, {}), 0.5, 1e-12);
}

TEST(Schedule, one_cycle_rises_and_falls) {
  Schedule schedule = make("one-cycle", 4, 5);
  EXPECT_NEAR(schedule.rate(0.1, 0, {}), 0.004, 1e-12);
  EXPECT_NEAR(schedule.rate(0.1, 3, {}), 0.06683281572999747, 1e-12);
  EXPECT_NEAR(schedule.rate(0.1, 5, {}), 0.1, 1e-12);
  EXPECT_NEAR(schedule.rate(0.1, 12, {}), 0.0500002, 1e-12);
  EXPECT_NEAR(schedule.rate(0.1, 19, {}), 4e-07, 1e-15);
}

TEST(Schedule, plateau_falls_when_the_loss_does_not) {
  Schedule schedule = make("plateau:patience=1,factor=0.5,min=0.03", 20, 1);
  EXPECT_DOUBLE_EQ(schedule.rate(0.1, 0, {}), 0.1);
  EXPECT_DOUBLE_EQ(schedule.rate(0.1, 3, {1.0, 0.9, 0.95}), 0.1);
  EXPECT_DOUBLE_EQ(schedule.rate(0.1, 4, {1.0, 0.9, 0.95, 0.89999}), 0.05); // less than a ten-thousandth better
  EXPECT_DOUBLE_EQ(schedule.rate(0.1, 8, {1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0}), 0.03);
}

TEST(Schedule, names_what_is_wrong) {
  EXPECT_TRUE(contains(failing([] { Schedule::parse("linear"); }), "there are constant, warm-up, step"));
  EXPECT_TRUE(contains(failing([] { Schedule::parse("step:min=1"); }), "step has no \"min\""));
  EXPECT_TRUE(contains(failing([] { Schedule::parse("cosine:min"); }), "\"min\" is not KEY=NUMBER"));
  EXPECT_TRUE(contains(failing([] { Schedule::parse("cosine:min=low"); }), "\"min=low\" is not KEY=NUMBER"));
  EXPECT_TRUE(contains(failing([] { Schedule::parse("step:size=0"); }), "must be positive"));
}

} // namespace
