// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "FeedOptions.h"

#include "Failure.h"
#include "Words.h"

#include <algorithm>

namespace ingot {

Normalization FeedRequest::normalization() const {
  Normalization result;
  result.scale = scale.empty() ? 1 : parseFraction("--scale", scale);
  result.mean = mean;
  result.deviation = deviation;
  if (std::count(deviation.begin(), deviation.end(), 0.0))
    throw Failure(exitBadUsage, "--std", "a deviation of 0 would divide by 0");
  return result;
}

void addFeedOptions(CLI::App &command, FeedRequest &request) {
  command.add_option("--drop", request.dropped, "CSV columns to leave out, separated by commas")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--bind", request.bindings, "INPUT=ARRAY: which array of the data fills an input (repeatable)")
      ->allow_extra_args(false);
  command.add_option("--scale", request.scale, "Factor for real inputs, e.g. 1/255");
  command.add_option("--mean", request.mean, "Then subtract: one number, or one for each channel, separated by commas")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--std", request.deviation, "Then divide by: one number, or one for each channel")
      ->delimiter(',')
      ->allow_extra_args(false);
}

} // namespace ingot
