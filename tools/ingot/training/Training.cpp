// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Training.h"

#include "Adversary.h"
#include "AtomicFile.h"
#include "Failure.h"
#include "Progress.h"
#include "SharedStep.h"

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <optional>

namespace ingot {
namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void writeText(const std::string &path, const std::string &text) {
  AtomicFile file(path);
  file.write(text.data(), text.size());
  file.commit();
}

/// Lets `name` be another name of the same file, in the place of what had it. False where that cannot be.
bool linkFile(const std::string &file, const std::string &name) {
  std::string temporary = name + ".link";
  std::error_code error;
  std::filesystem::remove(temporary, error); // of an interrupted training
  std::filesystem::create_hard_link(file, temporary, error);
  if (error)
    return false;
  std::filesystem::rename(temporary, name, error);
  if (error)
    std::filesystem::remove(temporary);
  return !error;
}

bool isHigherBetter(Task task, const std::string &name) {
  for (const MetricName &metric : metricsOf(task))
    if (name == metric.name)
      return metric.isHigherBetter;
  return false;
}

/// The mean loss of each step over the examples for which it was done, those that count in it.
class LossSums {
public:
  explicit LossSums(size_t steps) : sums(steps), counts(steps) {}
  void add(size_t step, double loss, double examples) {
    sums[step] += loss * examples;
    counts[step] += examples;
  }
  std::vector<double> means() const {
    std::vector<double> means;
    for (size_t i = 0; i < sums.size(); ++i)
      means.push_back(counts[i] > 0 ? sums[i] / counts[i] : 0);
    return means;
  }
  double total() const {
    double total = 0;
    for (double mean : means())
      total += mean;
    return total;
  }

private:
  std::vector<double> sums, counts;
};

class Course {
public:
  Course(Learner &learner, Examples &training, Examples *validation, const TrainingOptions &options, Reduction *ranks)
      : learner(learner), ranks(ranks), step(learner, ranks, options.accumulate), training(training),
        validation(validation), options(options), schedule(options.schedule),
        metrics(options.judged.task, options.metrics, learner.ignoredClass()),
        isSteadyBatch(learner.fixedBatch() != 0) {
    stepsPerEpoch = batchesOf(training.rows.size(), options.batchSize);
    if (stepsPerEpoch == 0)
      throw Failure(exitBadInput, training.source.data().path,
                    fmt::format("{} examples do not fill a batch of {}", training.rows.size(), options.batchSize));
    schedule.setLength(options.epochs, stepsPerEpoch);
    if (!options.augmentation.isNone())
      augmentation.emplace(training.source, options.images, options.areChannelsLast, options.augmentation,
                           options.seed);
    if (options.adversary)
      adversary.emplace(learner, training.source, *options.adversary, options.dataScale);
    result.history.metrics = options.columns;
    result.history.monitor = options.monitor;
    result.history.isHigherBetter = isHigherBetter(options.judged.task, options.monitor);
  }

  TrainingResult run(const std::function<void(const History &)> &onEpoch) {
    together(ranks, Who::First, [&] { options.resumes ? resume() : makeFolder(); });
    adoptFirst();
    int64_t left = options.epochs - int64_t(result.history.epochs.size());
    Progress shown(std::max<int64_t>(0, left) * stepsPerEpoch);
    while (int64_t(result.history.epochs.size()) < options.epochs && !isOutOfPatience()) {
      runEpoch(shown);
      together(ranks, Who::First, [&] { saveEpoch(); });
      shown.clear();
      onEpoch(result.history);
    }
    result.stoppedEarly = int64_t(result.history.epochs.size()) < options.epochs;
    result.steps = learner.state().steps();
    judgeBest();
    return std::move(result);
  }

private:
  // A library made for a fixed batch takes whole ones only: what is left over is left out.
  int64_t batchesOf(size_t rows, int64_t batchSize) const {
    auto size = size_t(batchSize);
    return int64_t(isSteadyBatch ? rows / size : (rows + size - 1) / size);
  }

  bool isOutOfPatience() const {
    return options.patience > 0 && int64_t(result.history.epochsWithoutImprovement()) >= options.patience &&
           !result.history.epochs.empty();
  }

  static std::span<const int64_t> batch(const std::vector<int64_t> &rows, int64_t size, int64_t index) {
    auto begin = size_t(index * size);
    return std::span(rows).subspan(begin, std::min(size_t(size), rows.size() - begin));
  }

  void runEpoch(Progress &shown) {
    auto number = int64_t(result.history.epochs.size());
    std::vector<int64_t> rows = options.isShuffled ? shuffledRows(training.rows, options.seed, number) : training.rows;
    std::vector<double> losses = result.history.losses();
    Epoch epoch;
    LossSums sums(learner.course().size());
    double examples = 0;
    auto started = Clock::now();
    metrics.clear();
    for (int64_t i = 0; i < stepsPerEpoch; ++i) {
      epoch.rate = schedule.rate(options.rate, number * stepsPerEpoch + i, losses);
      learner.setRate(epoch.rate, options.rate);
      std::span<const int64_t> chosen = batch(rows, options.batchSize, i);
      std::vector<double> stepLosses = runSteps(number, i, chosen);
      for (size_t which = 0; which < stepLosses.size(); ++which)
        if (!std::isfinite(stepLosses[which])) // on all ranks
          throw AgreedFailure(Failure(exitBadInput, training.source.data().path,
                                      describeDivergence(number + 1, i + 1, stepLosses[which], epoch.rate)),
                              ranks && !ranks->isFirst());
        else if (Learner::isDue(learner.course()[which], i))
          sums.add(which, stepLosses[which], learner.countOf(which, training.source, chosen));
      examples += double(chosen.size());
      shown.advance(1, fmt::format("epoch {}/{}", number + 1, options.epochs), double(i + 1) / double(stepsPerEpoch),
                    sums.total(), examples / secondsSince(started));
    }
    uniteMetrics();
    step.unite();
    epoch.training = {sums.total(), columnsOf(sums.means(), metrics.values())};
    epoch.examplesPerSecond = examples / secondsSince(started);
    if (validation)
      epoch.validation = evaluate(*validation);
    epoch.seconds = secondsSince(started);
    result.history.epochs.push_back(std::move(epoch));
  }

  /// The figures of `options.columns`; there are no losses of steps but while training.
  std::vector<double> columnsOf(std::vector<double> losses, const std::vector<double> &values) const {
    if (learner.course().size() < 2)
      losses.clear();
    losses.insert(losses.end(), values.begin(), values.end());
    return losses;
  }

  /// The loss of each of the library's steps for a batch of an epoch, the last one of those repeated.
  std::vector<double> runSteps(int64_t epoch, int64_t number, std::span<const int64_t> rows) {
    auto prepare = [&](std::span<const int64_t> piece) {
      training.source.restore();
      if (augmentation)
        augmentation->apply(piece, epoch);
      if (adversary)
        adversary->perturb(piece, epoch);
    };
    std::vector<double> losses;
    for (const CourseStep &one : learner.course()) {
      double loss = 0; // where it is not its turn
      for (int64_t repeat = 0; Learner::isDue(one, number) && repeat < one.repeats; ++repeat)
        loss = step.run(losses.size(), training.source, rows, &metrics, options.judged, prepare);
      losses.push_back(loss);
    }
    return losses;
  }

  std::string describeDivergence(int64_t epoch, int64_t step, double loss, double rate) const {
    return fmt::format(
        "epoch {}, step {}: the loss is {} (learning rate {:.3g}). Are all inputs numbers? Else a lower --lr, "
        "normalised inputs (--standardize, --scale), or a library made with --clip norm may help; one made with "
        "--detect-anomaly tells which operator it begins with",
        epoch, step, std::isnan(loss) ? "not a number (NaN)" : "infinite", rate);
  }

  // Ranks take turns with the batches.
  Figures evaluate(Examples &examples) {
    metrics.clear();
    int64_t size = std::max<int64_t>(1, options.batchSize / step.pieces());
    std::vector<double> sums(2); // of losses, and of what they are means over
    for (int64_t i = 0; i < batchesOf(examples.rows.size(), size); ++i) {
      if (ranks && i % ranks->size() != ranks->rank())
        continue;
      std::span<const int64_t> chosen = batch(examples.rows, size, i);
      double counted = learner.countOfEvaluation(examples.source, chosen);
      double loss = learner.evaluate(examples.source, chosen, &metrics, options.judged);
      sums[0] += counted > 0 ? loss * counted : 0; // a mean over nothing is no number
      sums[1] += counted;
    }
    if (ranks)
      ranks->sum(sums);
    uniteMetrics();
    return {sums[0] / sums[1], columnsOf(std::vector<double>(learner.course().size(), std::nan("")), metrics.values())};
  }

  void uniteMetrics() {
    if (!ranks)
      return;
    std::vector<std::string> all = ranks->exchange(metrics.pack());
    metrics.clear();
    for (const std::string &packed : all)
      metrics.merge(packed);
  }

  void saveEpoch() {
    std::map<std::string, std::string> notes = options.notes;
    notes["history"] = result.history.toJson();
    std::string best = bestCheckpoint(options.checkpoints), last = lastCheckpoint(options.checkpoints);
    // The best one first: interrupted in between, a resumed training does this epoch again and saves the same.
    bool isBest = result.history.best() == result.history.epochs.size() - 1;
    if (isBest)
      learner.state().save(best, notes);
    if (!isBest || !linkFile(best, last)) // files are never changed, but replaced
      learner.state().save(last, notes);
    if (!options.log.empty())
      writeText(options.log, result.history.toCsv());
  }

  void makeFolder() const {
    std::error_code error;
    std::filesystem::create_directories(options.checkpoints, error);
    if (error)
      throw Failure(exitBadInput, options.checkpoints, "cannot be made: " + error.message());
  }

  void resume() {
    std::string path = lastCheckpoint(options.checkpoints);
    std::map<std::string, std::string> notes = learner.state().load(path);
    std::optional<History> before = History::fromJson(notes.count("history") ? notes["history"] : "");
    if (!before)
      throw Failure(exitBadInput, path, "holds no training to resume (--state takes its weights alone)");
    if (before->metrics != result.history.metrics || before->monitor != result.history.monitor)
      throw Failure(exitBadInput, path, "was made with other --metrics or another --monitor");
    for (auto &[name, value] : options.notes)
      if (notes[name] != value)
        throw Failure(exitBadInput, path,
                      fmt::format("was made with another {} ({}, now {}), so that it cannot be resumed", name,
                                  notes[name], value));
    result.history = std::move(*before);
  }

  // What the first rank begins with: its state, and the history of a training that is resumed.
  void adoptFirst() {
    if (!ranks)
      return;
    std::string history = result.history.toJson();
    ranks->share(history);
    if (std::optional<History> first = History::fromJson(history))
      result.history = std::move(*first);
    step.adopt();
  }

  // The state becomes the best epoch's, and so do the figures that no history keeps.
  void judgeBest() {
    if (!result.history.best())
      return;
    together(ranks, Who::First, [&] { learner.state().load(bestCheckpoint(options.checkpoints)); });
    step.adopt();
    if (options.judged.task != Task::Classes || !learner.hasEvaluation())
      return;
    evaluate(validation ? *validation : training);
    result.confusion = metrics.confusion();
  }

  Learner &learner;
  Reduction *ranks;
  SharedStep step;
  Examples &training, *validation;
  const TrainingOptions &options;
  Schedule schedule;
  std::optional<Augmentation> augmentation;
  std::optional<Adversary> adversary;
  Metrics metrics;
  bool isSteadyBatch;
  int64_t stepsPerEpoch = 0;
  TrainingResult result;
};

} // namespace

TrainingResult train(Learner &learner, Examples &training, Examples *validation, const TrainingOptions &options,
                     Reduction *ranks, const std::function<void(const History &)> &onEpoch) {
  std::optional<Course> course;
  together(ranks, Who::Everyone, [&] { course.emplace(learner, training, validation, options, ranks); });
  return course->run(onEpoch);
}

std::string checkpointFolder(const std::string &library, const std::string &wanted) {
  return wanted.empty() ? std::filesystem::path(library).stem().string() + ".checkpoints" : wanted;
}
std::string lastCheckpoint(const std::string &folder) { return std::filesystem::path(folder) / "last.safetensors"; }
std::string bestCheckpoint(const std::string &folder) { return std::filesystem::path(folder) / "best.safetensors"; }

} // namespace ingot
