// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What every command that reads examples lets its user say about them.
#pragma once
#include "Batches.h"

#include <CLI/CLI.hpp>

namespace ingot {

/// From columns and arrays of the data to rows of the inputs.
struct FeedRequest {
  std::vector<std::string> dropped, bindings;
  std::string scale;
  std::vector<double> mean, deviation;

  /// What scale, mean and deviation say. A Failure names what cannot be.
  Normalization normalization() const;
};

/// --drop, --bind, --scale, --mean and --std.
void addFeedOptions(CLI::App &command, FeedRequest &request);

} // namespace ingot
