// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From the words of the command line to a learner and its examples.
#pragma once
#include "FeedOptions.h"
#include "Training.h"

namespace ingot {

/// What `ingot train` was asked for.
struct TrainRequest : FeedRequest {
  std::string library, target, validationTarget, schedule = "constant", task, predictions, labels, state, report,
                                                 distributed, adversarial;
  std::vector<std::string> data, validation, hypers, metrics, augmentation;
  /// The share of the data that is set aside, and the learning rate; 0: none, the library's.
  double validationShare = 0, rate = 0;
  bool isStandardized = false, areTargetsScaled = false, isOrdered = false, json = false;
  int32_t threads = 0;
  /// Batch size 0: the library's, or 32.
  TrainingOptions training;
};

/// Everything that a training needs, checked. The constructor throws a Failure about whatever is wrong with the
/// request, the library or the data.
class TrainSetup {
public:
  /// `ranks`: how many processes share the training.
  TrainSetup(const TrainRequest &request, int64_t ranks);
  TrainSetup(const TrainSetup &) = delete;

  Library library;
  Learner learner;
  TrainingOptions options;
  /// Of the inputs, and of the targets where they are scaled.
  Normalization normalization, targetScaling;
  std::optional<Examples> training, validation;
  /// What a batch is cut into, over all processes.
  int64_t pieces() const { return options.accumulate * ranks; }
  /// Names of the classes, where the data name them.
  const std::vector<std::string> &classes() const { return trainingData.classes; }

private:
  void readOptions();
  void readSizes();
  void readNormalization();
  void readAdversary();
  void readAugmentation();
  void fitImages(DataOptions &data) const;
  void readData();
  void chooseMetrics();
  void openExamples();
  void standardize(const std::vector<int64_t> &rows);
  void scaleTargets(const std::vector<int64_t> &rows);
  Examples openExamples(const Dataset &data, std::vector<int64_t> rows) const;
  void checkTargets(const Examples &examples) const;
  void noteSettings();

  const TrainRequest &request;
  int64_t ranks;
  Bindings bindings;
  Dataset trainingData, validationData;
};

} // namespace ingot
