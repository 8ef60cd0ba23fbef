// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A training library at work on data: what fills its inputs, its steps and its evaluations.
#pragma once
#include "Batches.h"
#include "Metrics.h"
#include "State.h"

#include <map>
#include <optional>
#include <tuple>

namespace ingot {

/// What fills the inputs of a library, by their names; what is not named here is found by its own name, or is the only
/// array that can be meant.
using Bindings = std::map<std::string, std::string>;

/// What the metrics compare: an output with an input.
struct Judged {
  Task task = Task::Unknown;
  std::string output, input;
  /// The input's numbers are normalised, and compared as they were before.
  bool isScaled = false;
};

/// A step of the library, and when it is done: for every `every`-th batch, `repeats` times.
struct CourseStep {
  Library *library;
  /// Of a step that is split, what applies the gradients that `library` adds up; else null.
  Library *update;
  std::string name;
  int64_t repeats = 1, every = 1;
  /// Its own values for hyperparameters, and the learning rate that a schedule multiplies; 0: the schedule's own.
  std::map<std::string, Array> hypers;
  double rate = 0;
};

class Learner {
public:
  /// The library must outlive this. A Failure says that it has no evaluation, or does not train, or not on rows; that
  /// of a recipe need not have an evaluation.
  explicit Learner(Library &library);

  const std::string &path() const { return training.path(); }
  /// Whether steps are made of gradient steps and an update.
  bool isSplit() const { return steps.front().update; }

  /// Whether the library was made with --recipe.
  bool isRecipe() const { return !training.optionOf("--recipe").empty(); }
  /// The library's steps in the order in which they are done; several of a recipe, else one.
  const std::vector<CourseStep> &course() const { return steps; }
  bool hasEvaluation() const { return evaluation; }

  /// The loss that the library was made with, "" when it does not say; its class that counts nothing.
  const std::string &lossName() const { return loss; }
  int64_t ignoredClass() const { return ignored; }
  /// The first output and the target; which task they are follows from the loss.
  Judged standardJudged() const;
  /// The classes that a library's output tells apart: its second extent; 0 if it has none that is constant.
  int64_t classesOf(const std::string &output) const;
  /// The constant number of rows that the library takes at once; 0: any.
  int64_t fixedBatch() const;
  /// The constant extents of an input's rows; -1 where the library takes any.
  std::vector<int64_t> rowDims(const std::string &input) const;
  /// The one input that takes the features of formats that name none; "" when several could be meant.
  std::string featuresInput(const Bindings &bindings) const;

  State &state() { return block; }
  /// What `evaluate` runs.
  Library &evaluationPart() { return *evaluation; }

  /// Values for hyperparameters other than their standard ones, of all steps that have them or as STEP.NAME of one; a
  /// Failure names one that the library does not have.
  void setHyper(const std::string &name, double value);
  /// The learning rate of the next steps, where a schedule began with `base`: the steps of a recipe change theirs by
  /// the same factor.
  void setRate(double rate, double base);
  bool hasHyper(const std::string &name) const;
  double standardOf(const std::string &name) const;

  /// Feeds for the inputs from this data; a Failure names what is missing or does not fit. `normalization` is of all
  /// real inputs but the targets, `scaling` of the input `scaled` (none: empty).
  class Source;
  Source open(const Dataset &data, const Bindings &bindings, const Normalization &normalization,
              const std::string &scaled = "", const Normalization &scaling = {}) const;
  /// The only input of data whose rows have the two or three extents of images; "" when none has, or several have.
  std::string imagesInput() const;

  /// Whether it is this step's turn with batch `number` of an epoch.
  static bool isDue(const CourseStep &step, int64_t number) { return (number + 1) % step.every == 0; }
  /// Step `which` of the course on these rows; returns the loss. `metrics`, if any, get the outputs.
  double step(size_t which, Source &source, std::span<const int64_t> rows, Metrics *metrics, const Judged &judged);
  /// Of a step that is split: adds to the state's gradients those of these rows, a piece of a batch; returns the loss.
  /// `shares` are the piece's, in the order of `sharesOf` (CountedLabels.h); the first still multiplies the loss.
  double addGradients(size_t which, Source &source, std::span<const int64_t> rows, const std::vector<double> &shares,
                      Metrics *metrics, const Judged &judged);
  /// Applies the state's gradients.
  void update(size_t which);
  /// Told of each gradient as soon as a gradient step has completed it; null ends it.
  void observeGradients(size_t which, ingot_gradient_observer observer, void *state);
  /// Over how many examples the step's loss on these rows is a mean: the labels that are not of the class that counts
  /// nothing, or, without a target of classes, the rows.
  double countOf(size_t which, Source &source, std::span<const int64_t> rows) const {
    return countOf(*steps[which].library, source, rows);
  }
  /// How rows count as a piece of a batch (countForShares in CountedLabels.h).
  std::vector<double> countForShares(size_t which, Source &source, std::span<const int64_t> rows) const;
  /// The same of `evaluate`.
  double countOfEvaluation(Source &source, std::span<const int64_t> rows) const {
    return countOf(*evaluation, source, rows);
  }
  /// The loss on these rows, as the trained model gives it (no batch statistics, no dropout); nothing changes.
  double evaluate(Source &source, std::span<const int64_t> rows, Metrics *metrics, const Judged &judged);

private:
  void readCourse(const std::string &course);
  /// An input that data fill, and the program it is of.
  struct FedInput {
    const ingot_port *port;
    const ingot_description *about;
    const ingot_port *operator->() const { return port; }
    std::string describe() const;
  };
  std::vector<FedInput> fedInputs() const;
  double countOf(const Library &library, Source &source, std::span<const int64_t> rows) const;
  void judge(const Array &predictions, Source &source, Metrics &metrics, const Judged &judged) const;
  double run(Library &library, const std::map<std::string, Array> &hypers, Source &source,
             std::span<const int64_t> rows, Metrics *metrics, const Judged &judged);

  Library &training;
  Library *evaluation;
  State block;
  std::vector<CourseStep> steps;
  std::string loss;
  int64_t ignored = -100;
  std::vector<ingot_tensor> updateInputs;
  /// By library and number of rows: their shapes follow from these, as all rows of some data are alike.
  std::map<std::tuple<const Library *, const Source *, size_t>, std::vector<Array>> outputs;
};

/// The feeds of a library's inputs, by name.
class Learner::Source {
public:
  const Array &fill(const std::string &input, std::span<const int64_t> rows) {
    auto other = replaced.find(input);
    return other == replaced.end() ? feeds.at(input).fill(rows) : other->second;
  }
  const Array &current(const std::string &input) const { return feeds.at(input).current(); }
  const Feed &feedOf(const std::string &input) const { return feeds.at(input); }
  /// Lets an input have other values than the data's, until `restore`.
  void replace(const std::string &input, Array values) { replaced[input] = std::move(values); }
  void restore() { replaced.clear(); }
  const Dataset &data() const { return *dataset; }
  /// The array that fills an input.
  const std::string &arrayOf(const std::string &input) const { return arrays.at(input); }

private:
  friend class Learner;
  const Dataset *dataset = nullptr;
  std::map<std::string, Feed> feeds;
  std::map<std::string, std::string> arrays;
  ArrayMap replaced;
};

} // namespace ingot
