// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A line on the terminal that tells how far a training is. Where standard error is no terminal nothing is shown.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace ingot {

class Progress {
public:
  /// `total` steps from now on, of the whole training.
  explicit Progress(int64_t total);
  ~Progress() { clear(); }

  /// Some steps more are done; redraws a few times a second. `share` is of the epoch that `title` names.
  void advance(int64_t steps, const std::string &title, double share, double loss, double examplesPerSecond);
  /// Takes the line away, so that others can write.
  void clear();

private:
  int64_t total, done = 0;
  bool isTerminal, isShown = false;
  std::chrono::steady_clock::time_point started, drawn;
};

/// "0:07", "12:30", "3:05:00".
std::string formatDuration(double seconds);

/// A bar of so many characters, filled to a share.
std::string formatBar(double share, int length);

} // namespace ingot
