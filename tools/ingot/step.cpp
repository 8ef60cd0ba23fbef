// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ingot step: steps of training on given batches.
#include "Commands.h"
#include "CountedLabels.h"
#include "Failure.h"
#include "State.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>

namespace ingot {
namespace {

struct StepOptions {
  std::string library, entry, state, saveState;
  std::vector<std::string> batches, hypers;
  int32_t threads = 0;
  int64_t accumulate = 1;
  bool json = false;
};

/// A training library, its step in one part or in two.
struct Stepper {
  explicit Stepper(const StepOptions &options)
      : first(options.library), library(chooseStep(options.entry)),
        update(first.updateOf(library.description().entry)) {
    if (!library.isStep())
      library.expectEntry("train_step"); // says what there is
    if (options.accumulate > 1 && !update)
      throw Failure(exitBadInput, library.path(),
                    std::string("--accumulate needs a library made with ingotc ") +
                        (first.optionOf("--recipe").empty() ? "--train" : "--recipe") + " --split-update");
  }
  /// The programs that a hyperparameter may belong to.
  std::vector<const Library *> programs() const {
    return update ? std::vector<const Library *>{update, &library} : std::vector<const Library *>{&library};
  }

  Library first;
  Library &library, *update;

private:
  Library &chooseStep(const std::string &entry) {
    bool isBoth = entry == "train_step" && first.updateOf(entry); // both parts are one step
    return entry.empty() || isBoth ? first : first.entry(entry);
  }
};

Array scalar(double value) {
  Array number(INGOT_F64, {});
  *reinterpret_cast<double *>(number.data()) = value;
  return number;
}

// NAME=NUMBER, each a hyperparameter of one of the programs; the shares of a batch are nobody's to choose.
ArrayMap parseHypers(const Stepper &stepper, const std::vector<std::string> &words) {
  std::vector<std::string> known;
  for (const Library *program : stepper.programs())
    for (int32_t i = 0; i < program->description().input_count; ++i) {
      const ingot_port &port = program->description().inputs[i];
      bool isOurs = stepper.update && program != stepper.update && isShare(port);
      if (port.role == INGOT_HYPER && !isOurs && std::find(known.begin(), known.end(), port.name) == known.end())
        known.push_back(port.name);
    }
  ArrayMap hypers;
  for (const std::string &word : words) {
    size_t equals = word.find('=');
    char *end = nullptr;
    double value = equals == std::string::npos ? 0 : std::strtod(word.c_str() + equals + 1, &end);
    if (!end || *end || end == word.c_str() + equals + 1)
      throw Failure(exitBadUsage, "--hyper " + word, "expected NAME=NUMBER");
    std::string name = word.substr(0, equals);
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw Failure(exitBadInput, stepper.library.path(),
                    fmt::format("there is no hyperparameter \"{}\"; there are: {}", name, fmt::join(known, ", ")));
    hypers[name] = scalar(value);
  }
  return hypers;
}

// One step, or its gradients; returns the loss.
double step(Library &library, const ArrayMap &inputs, const ArrayMap &hypers) {
  std::vector<ingot_tensor> tensors = library.orderInputs(inputs);
  const ingot_description &about = library.description();
  for (int32_t i = 0; i < about.input_count; ++i)
    if (auto hyper = hypers.find(about.inputs[i].name); hyper != hypers.end())
      tensors[static_cast<size_t>(i)] = hyper->second.tensor();
  std::vector<Array> outputs = library.makeOutputs(tensors);
  library.run(tensors, tensorsOf(outputs));
  for (int32_t i = 0; i < about.output_count; ++i)
    if (about.outputs[i].role == INGOT_LOSS)
      return outputs[static_cast<size_t>(i)].at(0);
  return NAN;
}

void update(Library &library, const ArrayMap &hypers) {
  std::vector<ingot_tensor> inputs;
  const ingot_description &about = library.description();
  for (int32_t i = 0; i < about.input_count; ++i) {
    auto hyper = hypers.find(about.inputs[i].name);
    inputs.push_back(hyper == hypers.end() ? ingot_tensor{} : hyper->second.tensor());
  }
  library.run(inputs, {});
}

/// How a batch counts among those that share an update.
std::vector<double> countBatch(const Library &library, const ArrayMap &inputs) {
  const ingot_description &about = library.description();
  int64_t rows = 1;
  for (int32_t i = about.input_count; i-- > 0;)
    if (auto given = inputs.find(about.inputs[i].name); given != inputs.end() && !given->second.shape.empty())
      rows = given->second.shape[0];
  return countForShares(about, rows, [&](const ingot_port &port) {
    auto given = inputs.find(port.name);
    return given == inputs.end() ? nullptr : &given->second;
  });
}

/// The gradients of several batches together, each counting by its examples, and one update; returns the loss.
double stepTogether(Stepper &stepper, std::span<const std::string> paths, ArrayMap &hypers) {
  std::vector<ArrayMap> batches;
  std::vector<std::string> names = sharesOf(stepper.library.description());
  std::vector<std::vector<double>> counts;
  std::vector<double> total(names.size());
  for (const std::string &path : paths) {
    batches.push_back(readNpz(path));
    counts.push_back(countBatch(stepper.library, batches.back()));
    std::transform(total.begin(), total.end(), counts.back().begin(), total.begin(), std::plus());
  }
  double loss = total[0] > 0 ? 0 : NAN;
  for (size_t i = 0; i < batches.size(); ++i) {
    if (counts[i][0] == 0) // a mean over nothing
      continue;
    std::vector<double> shares = sharesOf(counts[i], total, 0);
    for (size_t j = 0; j < names.size(); ++j)
      hypers[names[j]] = scalar(shares[j]);
    loss += shares[0] * step(stepper.library, batches[i], hypers);
  }
  update(*stepper.update, hypers);
  return loss;
}

/// One step for each batch, or for `accumulate` of them; a loss for each.
std::vector<double> runSteps(Stepper &stepper, State &state, ArrayMap &hypers, const StepOptions &options) {
  std::vector<double> losses;
  auto count = int64_t(options.batches.size());
  for (int64_t begin = 0; begin < count; begin += options.accumulate) {
    std::span<const std::string> paths(options.batches.data() + begin, options.batches.data() + count);
    paths = paths.first(std::min(size_t(options.accumulate), paths.size()));
    losses.push_back(stepper.update ? stepTogether(stepper, paths, hypers)
                                    : step(stepper.library, readNpz(paths[0]), hypers));
    if (!options.json)
      fmt::print("step {}: loss {:.6g}\n", state.steps(stepper.library.description().entry), losses.back());
  }
  return losses;
}

void run(const StepOptions &options) {
  Stepper stepper(options);
  Library &library = stepper.library;
  if (options.threads)
    library.setThreads(options.threads);
  State state(stepper.first);
  if (!options.state.empty())
    state.load(options.state);
  library.bindState(state.data());
  if (stepper.update)
    stepper.update->bindState(state.data());
  ArrayMap hypers = parseHypers(stepper, options.hypers);
  std::vector<double> losses = runSteps(stepper, state, hypers, options);
  if (!options.saveState.empty())
    state.save(options.saveState);
  if (options.json)
    fmt::print("{}\n",
               nlohmann::ordered_json{{"losses", losses}, {"step", state.steps(library.description().entry)}}.dump());
}

} // namespace

void addStep(CLI::App &app) {
  auto options = std::make_shared<StepOptions>();
  CLI::App *command = app.add_subcommand("step", "Do steps of training with a library made by ingotc --train");
  command->add_option("library", options->library, "Library made by ingotc --train")->required();
  command->add_option("--npz", options->batches, "A batch: inputs and target by name; one step each (repeatable)")
      ->required()
      ->allow_extra_args(false);
  command->add_option("--entry", options->entry, "The step of a recipe (default: the first)");
  command
      ->add_option("--accumulate", options->accumulate,
                   "Batches that share an update, as one batch of all their examples (default 1)")
      ->check(CLI::PositiveNumber);
  command->add_option("--hyper", options->hypers, "A hyperparameter: NAME=NUMBER (repeatable)")
      ->allow_extra_args(false);
  command->add_option("--state", options->state,
                      "State to go on from (.safetensors; default: the model file's weights)");
  command->add_option("--save-state", options->saveState, "File for the state after the last step (.safetensors)");
  command->add_option("--threads", options->threads, "Number of threads (default: the cores of this process)")
      ->check(CLI::PositiveNumber);
  command->add_flag("--json", options->json, "Print one JSON document");
  command->callback([options] { run(*options); });
}

} // namespace ingot
