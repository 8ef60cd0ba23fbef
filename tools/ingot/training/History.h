// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a training told, epoch by epoch.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ingot {

/// Loss and metrics over one pass through some data; metrics in the order of History::metrics.
struct Figures {
  double loss = 0;
  std::vector<double> metrics;
};

struct Epoch {
  /// The learning rate of its last step.
  double rate = 0;
  Figures training;
  std::optional<Figures> validation;
  double seconds = 0, examplesPerSecond = 0;

  /// Of the validation data, or where there are none of the training data.
  const Figures &judged() const { return validation ? *validation : training; }
};

struct History {
  std::vector<std::string> metrics;
  /// Epoch 1 first.
  std::vector<Epoch> epochs;
  /// What the best epoch is chosen by: "loss" or one of `metrics`; "last" takes the last epoch.
  std::string monitor = "loss";
  bool isHigherBetter = false;

  /// The monitored figure of an epoch, counted from 0.
  double monitored(size_t epoch) const;
  /// Index of the best epoch, the first of equals; epochs whose figure is NaN are never best. Empty: no epoch is.
  std::optional<size_t> best() const;
  /// Epochs since the best one.
  size_t epochsWithoutImprovement() const;
  /// Losses of judged() of all epochs.
  std::vector<double> losses() const;

  /// Exact, so that a resumed training continues from the same numbers. Nothing is returned for text of another kind.
  std::string toJson() const;
  static std::optional<History> fromJson(const std::string &text);

  /// A line per epoch: epoch, lr, train_loss, train_METRIC..., val_loss, val_METRIC..., seconds, examples_per_second.
  std::string toCsv() const;
};

} // namespace ingot
