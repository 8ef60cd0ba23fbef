// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the metrics of many batches are computed from: counts and running sums, and scores where an area is wanted.
#pragma once
#include "Metrics.h"

namespace ingot {

/// 0 of nothing.
inline double ratioOf(double part, double whole) { return whole > 0 ? part / whole : 0; }

/// Right and wrong decisions about one class. A ratio without a denominator is 0.
struct Decisions {
  int64_t truePositives = 0, falsePositives = 0, falseNegatives = 0;

  void add(const Decisions &other) {
    truePositives += other.truePositives;
    falsePositives += other.falsePositives;
    falseNegatives += other.falseNegatives;
  }
  bool occurs() const { return truePositives + falsePositives + falseNegatives > 0; }
  double precision() const { return ratioOf(double(truePositives), double(truePositives + falsePositives)); }
  double recall() const { return ratioOf(double(truePositives), double(truePositives + falseNegatives)); }
  double f1() const {
    return ratioOf(2 * double(truePositives), double(2 * truePositives + falsePositives + falseNegatives));
  }
};

/// Running sums of one column: Welford's mean and squares of the targets, squares of the errors.
struct Residuals {
  int64_t count = 0;
  double mean = 0, spread = 0, squares = 0;

  void add(double predicted, double target) {
    double step = target - mean;
    mean += step / double(++count);
    spread += step * (target - mean);
    squares += (predicted - target) * (predicted - target);
  }
  /// The sums of both, after Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm" (1979).
  void add(const Residuals &other) {
    double both = double(count + other.count), distance = other.mean - mean;
    if (other.count == 0)
      return;
    spread += other.spread + distance * distance * double(count) * double(other.count) / both;
    mean += distance * double(other.count) / both;
    count += other.count;
    squares += other.squares;
  }
  /// 1 - squares / spread; of a constant target 1 if it is hit, else 0.
  double r2() const { return spread > 0 ? 1 - squares / spread : squares > 0 ? 0 : 1; }
};

struct Metrics::Counts {
  bool wantsScores = false, wantsPerplexity = false;
  int64_t classes = 0;
  int64_t examples = 0, right = 0, rightInFive = 0;
  std::vector<Decisions> decisions;
  std::vector<int64_t> confusion;
  std::vector<std::vector<float>> scores;    // for each class or column
  std::vector<std::vector<bool>> isPositive; // of Task::Decisions
  std::vector<int64_t> labels;               // of Task::Classes, one for each row of scores
  double absolute = 0, surprise = 0;
  std::vector<Residuals> residuals;

  /// Scores [rows, classes, ...] against class numbers, or against shares of the same shape.
  void addClasses(const Array &scoreArray, const Array &targetArray, int64_t ignored);
  void addDecisions(const Array &scoreArray, const Array &targetArray);
  void addNumbers(const Array &scoreArray, const Array &targetArray);
  /// The metric of that name.
  double value(const std::string &name) const;

  /// All of it as bytes, and what another process has packed added to this.
  std::string pack() const;
  void merge(const std::string &packed);

private:
  void setClasses(int64_t count);
  void addRow(const float *row, int64_t stride, int64_t target);
  void addShares(const float *row, int64_t stride, int64_t target);
  void addDecision(size_t column, float score, bool isTrue);
  double meanOverClasses(double (Decisions::*score)() const) const;
  double meanArea() const;
  double meanR2() const;
  double squares() const;
};

} // namespace ingot
