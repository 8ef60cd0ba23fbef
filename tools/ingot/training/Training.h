// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A whole training: epochs of steps, validation, checkpoints, and what is told about them.
#pragma once
#include "Attack.h"
#include "Augmentation.h"
#include "History.h"
#include "Learner.h"
#include "Reduction.h"
#include "Schedule.h"

#include <functional>

namespace ingot {

struct TrainingOptions {
  /// A batch is what an update sees, over all ranks; it is cut into `accumulate` pieces for each rank.
  int64_t epochs = 10, batchSize = 32, accumulate = 1;
  double rate = 1e-3;
  Schedule schedule;
  uint64_t seed = 0;
  bool isShuffled = true;
  Judged judged;
  std::vector<std::string> metrics;
  /// What is told beside the loss: of a library with several steps the loss of each, then the metrics.
  std::vector<std::string> columns;
  std::string monitor = "loss";
  /// Epochs without improvement after which training ends; 0: never.
  int64_t patience = 0;
  /// Folder for best.safetensors and last.safetensors.
  std::string checkpoints;
  bool resumes = false;
  /// Train on examples changed against the network; `dataScale` is what the data were multiplied by.
  std::optional<AttackOptions> adversary;
  double dataScale = 1;
  /// How training images are changed, which input they go to, and the form that they have.
  AugmentationOptions augmentation;
  std::string images;
  bool areChannelsLast = false;
  /// Further entries for the checkpoints' metadata.
  std::map<std::string, std::string> notes;
  /// CSV file; empty: none.
  std::string log;
};

/// Rows of some data.
struct Examples {
  Learner::Source source;
  std::vector<int64_t> rows;
};

struct TrainingResult {
  History history;
  bool stoppedEarly = false;
  /// Steps done, those before a resumption included.
  int64_t steps = 0;
  /// Of the judged examples at the best epoch.
  std::vector<int64_t> confusion;
};

/// Trains from the learner's state on; afterwards the state is the best epoch's. `validation` may be null. `onEpoch` is
/// told each finished epoch. A Failure says where the loss became no number, or what is wrong with a checkpoint.
///
/// With `ranks` (may be null) all of them call this with the same examples and options; each works on its share, all
/// get the same result, and the first one writes the files.
TrainingResult train(Learner &learner, Examples &training, Examples *validation, const TrainingOptions &options,
                     Reduction *ranks, const std::function<void(const History &)> &onEpoch);

/// The folder for a library's checkpoints: `wanted`, or one named after the library.
std::string checkpointFolder(const std::string &library, const std::string &wanted);
/// Where the checkpoints of a folder lie.
std::string lastCheckpoint(const std::string &folder);
std::string bestCheckpoint(const std::string &folder);

} // namespace ingot
