// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The launches of several libraries, timed side by side.
#pragma once
#include "Commands.h"

namespace ingot {

/// A library and what to run it on.
struct ProfiledRun {
  Library &library;
  const std::vector<ingot_tensor> &inputs, &outputs;
};

/// Runs libraries in turns of some milliseconds, each for so many seconds and at least once, and tells the time of each
/// launch: what slows the machine for a while slows all of them.
std::vector<std::vector<LaunchTime>> profileInTurns(const std::vector<ProfiledRun> &runs, double seconds);

} // namespace ingot
