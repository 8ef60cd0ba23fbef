// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The learning rate over time. It is an input of every step, so a schedule costs the library nothing.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ingot {

/// A schedule as the command line writes it: NAME or NAME:KEY=VALUE,KEY=VALUE.
///   constant
///   step      times `gamma` (0.1) every `size` (10) epochs
///   cosine    from the rate to `min` (0) along half a cosine
///   one-cycle up from rate / `div` (25) within the share `start` (0.3), then down to that / `final` (1e4); Smith 2018
///   plateau   times `factor` (0.1) when the loss has not fallen by the share `threshold` (1e-4) for more than
///   `patience` (5)
///             epochs, not below `min` (0)
///   warm-up   constant after a warm-up of one epoch
/// `warmup` epochs (any but one-cycle; default 0) rise linearly from 0 beforehand. Formulas are PyTorch's.
class Schedule {
public:
  /// A Failure names what is wrong with the text.
  static Schedule parse(const std::string &text);

  /// Without epochs' lengths a schedule says nothing; `steps` is of one epoch.
  void setLength(int64_t epochs, int64_t stepsPerEpoch);

  /// The rate of a step, counted from 0 over all epochs. `losses` are those of the epochs done, for plateau.
  double rate(double base, int64_t step, const std::vector<double> &losses) const;

private:
  enum class Kind { Constant, Step, Cosine, OneCycle, Plateau };
  double option(const char *name) const { return options.at(name); }
  double oneCycle(double base, int64_t step) const;
  double plateau(double base, const std::vector<double> &losses) const;

  Kind kind = Kind::Constant;
  std::map<std::string, double> options;
  int64_t epochs = 1, stepsPerEpoch = 1;
};

} // namespace ingot
