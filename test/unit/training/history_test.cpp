// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Chart.h"
#include "History.h"
#include "Progress.h"
#include "Report.h"

#include "Failing.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace ingot;

namespace {

History curve(const std::vector<double> &training, const std::vector<double> &validation) {
  History history{{"accuracy"}, {}};
  for (size_t i = 0; i < training.size(); ++i) {
    Epoch epoch{0.1, {training[i], {0.5 + 0.1 * double(i)}}, std::nullopt, 1.5, 1000};
    if (i < validation.size())
      epoch.validation = Figures{validation[i], {0.4}};
    history.epochs.push_back(epoch);
  }
  return history;
}

TEST(History, best_is_the_first_of_equal_epochs) {
  History history = curve({4, 3, 2, 1}, {3, 1, 2, 1});
  EXPECT_EQ(history.best(), 1u);
  EXPECT_EQ(history.epochsWithoutImprovement(), 2u);
  history.monitor = "accuracy";
  history.isHigherBetter = true;
  EXPECT_EQ(history.best(), 0u);
}

TEST(History, judges_training_where_there_is_no_validation) {
  EXPECT_EQ(curve({4, 3, 5}, {}).best(), 1u);
  EXPECT_EQ(History().best(), std::nullopt);
}

TEST(History, nan_is_never_best) {
  EXPECT_EQ(curve({NAN, 3, NAN}, {}).best(), 1u);
  EXPECT_EQ(curve({NAN}, {}).best(), std::nullopt);
}

TEST(History, comes_back_from_json_exactly) {
  History history = curve({1.0 / 3, NAN, INFINITY}, {0.1, 1e-300, 2});
  std::optional<History> again = History::fromJson(history.toJson());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->toJson(), history.toJson());
  EXPECT_EQ(again->epochs[0].training.loss, 1.0 / 3);
  EXPECT_TRUE(std::isnan(again->epochs[1].training.loss));
  EXPECT_FALSE(History::fromJson("{\"epochs\": 3}"));
  EXPECT_FALSE(History::fromJson("no json"));
}

TEST(History, csv_has_a_column_for_each_figure) {
  EXPECT_EQ(curve({0.5, NAN}, {0.25}).toCsv(),
            "epoch,lr,train_loss,train_accuracy,val_loss,val_accuracy,seconds,examples_per_second\n"
            "1,0.1,0.5,0.5,0.25,0.4,1.500,1000.0\n"
            "2,0.1,,0.6,,,1.500,1000.0\n");
}

TEST(Report, tells_over_fitting) {
  EXPECT_TRUE(contains(judgeFit(curve({4, 3, 2}, {3, 2, 4})), "Over-fitting: since epoch 2"));
  EXPECT_TRUE(contains(judgeFit(curve({4, 3, 2}, {4, 3, 2})), "more epochs may help"));
  EXPECT_TRUE(contains(judgeFit(curve({4, 3, 2}, {4, 3, 3})), "No over-fitting"));
  EXPECT_TRUE(contains(judgeFit(curve({4, 3, 2}, {})), "no validation data"));
}

TEST(Report, escapes_what_users_name) {
  TrainingReport report{"a<b>", {{"data", "x&y"}}, curve({2, 1}, {2, 1}), {"accuracy"}, {1, 0, 2, 3}, {"<i>", "b"}};
  std::string page = formatReport(report);
  EXPECT_TRUE(contains(page, "Training of a&lt;b&gt;"));
  EXPECT_TRUE(contains(page, "x&amp;y"));
  EXPECT_FALSE(contains(page, "<i>"));
  EXPECT_TRUE(contains(page, "b taken for &lt;i&gt;: 2"));
}

TEST(Chart, gaps_where_a_value_is_no_number) {
  std::string text = draw(LineChart{"loss", {{"training", "training", {1, NAN, 3, 4}}}, std::nullopt, ""});
  size_t lines = 0;
  for (size_t at = 0; (at = text.find("<polyline", at)) != std::string::npos; ++at)
    ++lines;
  EXPECT_EQ(lines, 2u);
  EXPECT_FALSE(contains(text, "nan"));
}

TEST(Chart, ticks_are_round_and_cover) {
  EXPECT_EQ(ticks(0, 1, 5), (std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1}));
  EXPECT_EQ(ticks(3, 47, 5), (std::vector<double>{0, 10, 20, 30, 40, 50}));
}

TEST(Chart, logarithmic_ticks_cover) {
  EXPECT_EQ(logarithmicTicks(0.003, 0.4), (std::vector<double>{0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5}));
  EXPECT_EQ(logarithmicTicks(0.001, 5), (std::vector<double>{0.001, 0.01, 0.1, 1, 10}));
}

TEST(Chart, is_logarithmic_where_values_span_powers_of_ten) {
  LineChart chart{"loss", {{"training", "training", {2, 0.01}}}, std::nullopt, "", true};
  EXPECT_TRUE(contains(draw(chart), "loss (logarithmic)"));
  chart.series[0].values[1] = 1;
  EXPECT_FALSE(contains(draw(chart), "loss (logarithmic)"));
  chart.series[0].values[1] = 0;
  EXPECT_FALSE(contains(draw(chart), "loss (logarithmic)"));
}

TEST(Chart, draws_one_epoch_and_constant_lines) {
  EXPECT_FALSE(contains(draw(LineChart{"loss", {{"training", "training", {2}}}, 0, "best"}), "nan"));
  EXPECT_FALSE(contains(draw(LineChart{"loss", {{"training", "training", {0, 0}}}, 1, "best"}), "inf"));
  EXPECT_FALSE(contains(draw(LineChart{"loss", {}, std::nullopt, ""}), "nan"));
}

TEST(Progress, durations_are_short) {
  EXPECT_EQ(formatDuration(7.4), "0:07");
  EXPECT_EQ(formatDuration(750), "12:30");
  EXPECT_EQ(formatDuration(11100), "3:05:00");
  EXPECT_EQ(formatDuration(INFINITY), "0:00");
  EXPECT_EQ(formatBar(0.5, 4), "━━┄┄");
}

} // namespace
