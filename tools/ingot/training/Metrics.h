// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How good predictions are, beside the loss. Definitions are scikit-learn's; each is named in Metrics.cpp.
#pragma once
#include "Array.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ingot {

/// What a network predicts, and so what can be said about it.
enum class Task {
  /// Scores [rows, classes, ...] against class numbers [rows, ...] (or against shares of the same shape as the scores).
  Classes,
  /// One score per element, above 0 for yes, against 1 and 0 (or 1 and -1).
  Decisions,
  /// Numbers against numbers.
  Numbers,
  /// Nothing but the loss.
  Unknown
};

/// The task that a loss of `ingotc --train --loss` implies.
Task taskOfLoss(const std::string &loss);

/// Names of the metrics of a task, the first being the one that says most; `standard` ones are shown without being
/// asked.
struct MetricName {
  const char *name;
  const char *title;
  bool isStandard, isHigherBetter;
};
const std::vector<MetricName> &metricsOf(Task task);

/// Gathers predictions batch by batch. Counts are kept, not predictions, but for auc.
class Metrics {
public:
  /// Names outside of the task's are a Failure that lists those that exist. `ignored` is a class that counts nothing.
  Metrics(Task task, std::vector<std::string> names, int64_t ignored = -100);
  ~Metrics();
  Metrics(Metrics &&) noexcept;

  /// The scores and the targets of a batch, as the task describes them. A Failure says that the shapes do not fit.
  void add(const Array &scores, const Array &targets);
  void clear();

  /// What was gathered, as bytes for another process of the same build, and adding what another has gathered. In the
  /// order of ranks, the figures are the same everywhere.
  std::string pack() const;
  void merge(const std::string &packed);

  const std::vector<std::string> &names() const { return wanted; }
  /// In the order of names(); NaN where the data decide nothing (no example, one class alone).
  std::vector<double> values() const;
  /// Classes x classes counts, row = target, column = prediction; empty for other tasks and beyond 1000 classes.
  const std::vector<int64_t> &confusion() const;
  int64_t classes() const;

private:
  struct Counts;
  Task task;
  std::vector<std::string> wanted;
  int64_t ignored;
  std::unique_ptr<Counts> counts;
};

/// Area under the receiver's operating curve: the chance that a positive scores higher than a negative, ties counting
/// half. Fawcett, "An introduction to ROC analysis" (2006). NaN without both kinds.
double areaUnderCurve(const std::vector<float> &scores, const std::vector<bool> &isPositive);

} // namespace ingot
