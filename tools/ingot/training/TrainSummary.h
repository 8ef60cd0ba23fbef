// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What `ingot train` tells, in words, as JSON and as a page.
#pragma once
#include "TrainSetup.h"

namespace ingot {

/// One line about what is to be done.
std::string describeTask(const TrainSetup &setup);
/// One line about the last epoch; a star marks the best so far.
std::string describeEpoch(const TrainSetup &setup, const History &history);
/// The last lines.
std::string describeResult(const TrainSetup &setup, const TrainingResult &result);

/// One JSON document.
std::string formatJson(const TrainSetup &setup, const TrainingResult &result);
/// The page of --report.
std::string formatPage(const TrainSetup &setup, const TrainRequest &request, const TrainingResult &result);

} // namespace ingot
