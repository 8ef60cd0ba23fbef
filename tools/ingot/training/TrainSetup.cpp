// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "TrainSetup.h"

#include "Adversary.h"
#include "Failure.h"
#include "Words.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <tuple>

namespace ingot {
namespace {

/// Whether --target names a column and not a file.
bool isColumn(const std::string &target) {
  std::error_code error;
  return !std::filesystem::exists(target, error);
}

} // namespace

TrainSetup::TrainSetup(const TrainRequest &request, int64_t ranks)
    : library(request.library), learner(library), options(request.training), request(request), ranks(ranks) {
  if (request.threads)
    library.setThreads(request.threads);
  for (const std::string &word : request.bindings)
    bindings.insert(parsePair("--bind", word));
  readOptions();
  readSizes();
  readNormalization();
  readAdversary();
  readAugmentation();
  readData();
  chooseMetrics();
  if (!request.state.empty())
    learner.state().load(request.state);
  openExamples();
  checkTargets(*training);
  if (validation)
    checkTargets(*validation);
  noteSettings();
}

void TrainSetup::readOptions() {
  if (!learner.hasHyper("lr"))
    throw Failure(exitBadInput, request.library, "its optimizer has no learning rate \"lr\"");
  options.rate = request.rate > 0 ? request.rate : learner.standardOf("lr");
  if (request.rate > 0)
    learner.setHyper("lr", request.rate);
  options.schedule = Schedule::parse(request.schedule);
  options.isShuffled = !request.isOrdered;
  for (const std::string &word : request.hypers) {
    auto [name, value] = parsePair("--hyper", word);
    double number = parseFraction("--hyper " + name, value);
    learner.setHyper(name, number);
    if (name == "lr" && request.rate == 0)
      options.rate = number;
  }
}

void TrainSetup::readSizes() {
  int64_t pieces = options.accumulate * ranks, fixed = learner.fixedBatch() * pieces;
  std::string cut = pieces == 1 ? "" : fmt::format(" in {} pieces of {}", pieces, learner.fixedBatch());
  if (fixed && options.batchSize && options.batchSize != fixed)
    throw Failure(exitBadInput, request.library,
                  fmt::format("it was made for batches of {}{}, not {}; an open first dimension of the model takes any",
                              fixed, cut, options.batchSize));
  if (!options.batchSize)
    options.batchSize = fixed ? fixed : 32;
  if (options.batchSize < pieces)
    throw Failure(
        exitBadUsage, fmt::format("--batch-size {}", options.batchSize),
        fmt::format("cannot be cut into {} pieces ({} processes, --accumulate {})", pieces, ranks, options.accumulate));
  options.checkpoints = checkpointFolder(request.library, options.checkpoints);
}

void TrainSetup::readNormalization() {
  normalization = request.normalization();
  if (request.isStandardized && !(request.mean.empty() && request.deviation.empty()))
    throw Failure(exitBadUsage, "--standardize",
                  "takes mean and deviation from the data: use it without --mean and --std");
}

void TrainSetup::readAdversary() {
  if (request.adversarial.empty())
    return;
  if (!library.optionOf("--course").empty())
    throw Failure(
        exitBadInput, request.library,
        "was made with --recipe, whose steps say what they train on: --adversarial is not for it; gradient() in "
        "a step's loss attacks the step's batch");
  options.adversary = parseAdversary(request.adversarial);
  options.adversary->seed = options.seed;
  options.dataScale = normalization.scale;
}

void TrainSetup::readAugmentation() {
  options.augmentation = parseAugmentation(request.augmentation);
  if (options.augmentation.isNone())
    return;
  options.images = learner.imagesInput();
  if (options.images.empty())
    throw Failure(exitBadInput, request.library, "has not one input of images, as --augment needs");
  DataOptions form;
  form.fit(learner.rowDims(options.images));
  options.areChannelsLast = form.isChannelsLast;
}

// Images take the form that the model's input has: channels, height, width, or channels last.
void TrainSetup::fitImages(DataOptions &data) const { data.fit(learner.rowDims(learner.featuresInput(bindings))); }

void TrainSetup::readData() {
  DataOptions data;
  data.target = request.target;
  data.dropped = request.dropped;
  fitImages(data);
  trainingData = readDataset(request.data, data);
  if (request.validation.empty())
    return;
  data.target =
      request.validationTarget.empty() && isColumn(request.target) ? request.target : request.validationTarget;
  data.classes = trainingData.classes;
  auto images = trainingData.arrays.find(featuresName);
  if (images != trainingData.arrays.end() && images->second.shape.size() == 4) { // of the same size
    std::vector<int64_t> dims(images->second.shape.begin() + 1, images->second.shape.end());
    if (data.isChannelsLast)
      std::rotate(dims.begin(), dims.begin() + 2, dims.end());
    std::tie(data.channels, data.height, data.width) = std::tie(dims[0], dims[1], dims[2]);
  }
  validationData = readDataset(request.validation, data);
}

void TrainSetup::chooseMetrics() {
  options.judged = learner.standardJudged();
  if (!request.task.empty())
    options.judged.task = request.task == "classes"     ? Task::Classes
                          : request.task == "decisions" ? Task::Decisions
                                                        : Task::Numbers;
  if (!request.predictions.empty())
    options.judged.output = request.predictions;
  if (!request.labels.empty())
    options.judged.input = request.labels;
  options.metrics = request.metrics;
  if (options.metrics.empty())
    for (const MetricName &metric : metricsOf(options.judged.task))
      if (metric.isStandard)
        options.metrics.push_back(metric.name);
  Metrics(options.judged.task, options.metrics); // names that do not exist
  options.columns.clear();
  if (learner.course().size() > 1)
    for (const CourseStep &step : learner.course())
      options.columns.push_back(step.name);
  options.columns.insert(options.columns.end(), options.metrics.begin(), options.metrics.end());
  bool isValidated = !request.validation.empty() || request.validationShare > 0;
  if (options.monitor.empty()) // the losses of opponents say nothing about quality
    options.monitor = learner.course().size() > 1 && !isValidated ? "last" : "loss";
  if (options.monitor != "loss" && options.monitor != "last" &&
      std::find(options.columns.begin(), options.columns.end(), options.monitor) == options.columns.end())
    throw Failure(
        exitBadUsage, "--monitor " + options.monitor,
        fmt::format("there are loss{}{}", options.columns.empty() ? "" : ", ", fmt::join(options.columns, ", ")));
  if (isValidated && !learner.hasEvaluation())
    throw Failure(exitBadInput, request.library,
                  "nothing validates: the recipe has no [entries.evaluation] with a loss");
}

void TrainSetup::openExamples() {
  Split split = splitRows(trainingData.rows(), request.validationShare, options.seed);
  if (request.isStandardized)
    standardize(split.training);
  if (request.areTargetsScaled)
    scaleTargets(split.training);
  training = openExamples(trainingData, std::move(split.training));
  if (!request.validation.empty())
    validation = openExamples(validationData, splitRows(validationData.rows(), 0, 0).training);
  else if (request.validationShare > 0)
    validation = openExamples(trainingData, std::move(split.validation));
  if (validation && validation->rows.empty())
    throw Failure(exitBadInput, trainingData.path, "there are too few examples to set some aside for validation");
  int64_t fixed = learner.fixedBatch();
  if (validation && fixed > int64_t(validation->rows.size()))
    throw Failure(exitBadInput, validation->source.data().path,
                  fmt::format("{} examples for validation do not fill the library's batch of {}",
                              validation->rows.size(), fixed));
}

Examples TrainSetup::openExamples(const Dataset &data, std::vector<int64_t> rows) const {
  std::string scaled = options.judged.isScaled ? options.judged.input : "";
  return {learner.open(data, bindings, normalization, scaled, targetScaling), std::move(rows)};
}

void TrainSetup::scaleTargets(const std::vector<int64_t> &rows) {
  if (options.judged.task != Task::Numbers)
    throw Failure(exitBadUsage, "--scale-targets",
                  "scales targets that are numbers, for losses such as mse and l1 (else --task numbers)");
  Learner::Source plain = learner.open(trainingData, bindings, {});
  const Array &array = trainingData.arrays.at(plain.arrayOf(options.judged.input));
  targetScaling = standardization(array, rows, 1, false);
  options.judged.isScaled = true;
}

void TrainSetup::standardize(const std::vector<int64_t> &rows) {
  std::string input = learner.featuresInput(bindings);
  if (input.empty())
    throw Failure(exitBadUsage, "--standardize", "the library has several inputs; which one is meant is open");
  Learner::Source plain = learner.open(trainingData, bindings, {});
  const Array &array = trainingData.arrays.at(plain.arrayOf(input));
  DataOptions form;
  fitImages(form);
  bool isChannelsFirst = array.shape.size() > 2 && learner.rowDims(input).size() > 2 && !form.isChannelsLast;
  normalization = standardization(array, rows, normalization.scale, isChannelsFirst);
}

void TrainSetup::checkTargets(const Examples &examples) const {
  int64_t classes = learner.classesOf(options.judged.output);
  if (options.judged.task != Task::Classes || !classes || learner.lossName() == "cross_entropy_probabilities")
    return;
  checkClasses(examples.source.data(), examples.source.arrayOf(options.judged.input), classes, learner.ignoredClass());
}

// What a resumed training must have in common with the one before, in words.
void TrainSetup::noteSettings() {
  options.notes["adversary"] = request.adversarial;
  options.notes["augmentation"] = fmt::format("{}", fmt::join(request.augmentation, ","));
  options.notes["target scaling"] = "";
  if (options.judged.isScaled)
    options.notes["target scaling"] = nlohmann::ordered_json{
        {"output", options.judged.output},
        {"mean", targetScaling.mean},
        {"deviation",
         targetScaling.deviation}}.dump();
  options.notes["batch size"] = std::to_string(options.batchSize);
  options.notes["seed"] = std::to_string(options.seed);
  options.notes["number of examples"] = std::to_string(training->rows.size());
  options.notes["normalization"] = nlohmann::ordered_json{
      {"scale", normalization.scale},
      {"mean", normalization.mean},
      {"deviation",
       normalization.deviation}}.dump();
}

} // namespace ingot
