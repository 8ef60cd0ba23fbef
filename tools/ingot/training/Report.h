// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A page about a training, to open in a browser: one file, no scripts, nothing loaded from elsewhere.
#pragma once
#include "History.h"

#include <string>
#include <utility>
#include <vector>

namespace ingot {

struct TrainingReport {
  /// The library's model.
  std::string title;
  /// What was asked for, as (name, value).
  std::vector<std::pair<std::string, std::string>> settings;
  History history;
  /// Names of the metrics for readers, as in history.metrics.
  std::vector<std::string> metricTitles;
  /// Of the judged data after the best epoch; empty when the task has no classes.
  std::vector<int64_t> confusion;
  std::vector<std::string> classes;
};

/// The page: well-formed XML that is HTML too.
std::string formatReport(const TrainingReport &report);

/// What the curves say about fitting, in one sentence: validation against training.
std::string judgeFit(const History &history);

} // namespace ingot
