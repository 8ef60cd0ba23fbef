// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ingot step: steps of training on given batches.
#include "Commands.h"
#include "Failure.h"
#include "State.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

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
      : first(options.library), update(first.findEntry("update_step")), library(chooseStep(options.entry)) {
    if (!library.isStep())
      library.expectEntry("train_step"); // says what there is
    if (options.accumulate > 1 && !update)
      throw Failure(exitBadInput, library.path(),
                    "--accumulate needs a library made with ingotc --train --split-update");
  }
  /// The one whose hyperparameters are the optimizer's.
  const Library &optimizing() const { return update ? *update : library; }

  Library first;
  Library *update, &library;

private:
  Library &chooseStep(const std::string &entry) {
    bool isBoth = entry == "train_step" && update; // both parts are one step
    return entry.empty() || isBoth ? first : first.entry(entry);
  }
};

// NAME=NUMBER, each a hyperparameter of the library.
ArrayMap parseHypers(const Library &library, const std::vector<std::string> &words) {
  ArrayMap hypers;
  for (const std::string &word : words) {
    size_t equals = word.find('=');
    char *end = nullptr;
    double value = equals == std::string::npos ? 0 : std::strtod(word.c_str() + equals + 1, &end);
    if (!end || *end || end == word.c_str() + equals + 1)
      throw Failure(exitBadUsage, "--hyper " + word, "expected NAME=NUMBER");
    std::string name = word.substr(0, equals), known;
    const ingot_description &about = library.description();
    bool isKnown = false;
    for (int32_t i = 0; i < about.input_count; ++i)
      if (about.inputs[i].role == INGOT_HYPER) {
        known += (known.empty() ? "" : ", ") + std::string(about.inputs[i].name);
        isKnown |= name == about.inputs[i].name;
      }
    if (!isKnown)
      throw Failure(exitBadInput, library.path(),
                    fmt::format("there is no hyperparameter \"{}\"; there are: {}", name, known));
    Array number(INGOT_F64, {});
    *reinterpret_cast<double *>(number.data()) = value;
    hypers[name] = std::move(number);
  }
  return hypers;
}

// One step; returns the loss.
double step(Library &library, const std::string &path, const ArrayMap &hypers) {
  ArrayMap inputs = readNpz(path);
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

/// One step for each batch, or for `accumulate` of them; a loss for each.
std::vector<double> runSteps(Stepper &stepper, State &state, ArrayMap &hypers, const StepOptions &options) {
  std::vector<double> losses;
  auto count = int64_t(options.batches.size());
  for (int64_t begin = 0; begin < count; begin += options.accumulate) {
    int64_t end = std::min(begin + options.accumulate, count);
    Array share(INGOT_F64, {});
    *reinterpret_cast<double *>(share.data()) = 1 / double(end - begin);
    if (stepper.update)
      hypers["share"] = std::move(share);
    double sum = 0;
    for (int64_t i = begin; i < end; ++i)
      sum += step(stepper.library, options.batches[size_t(i)], hypers);
    losses.push_back(sum / double(end - begin));
    if (stepper.update)
      update(*stepper.update, hypers);
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
  ArrayMap hypers = parseHypers(stepper.optimizing(), options.hypers);
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
                   "Batches that share an update, by the mean of their gradients (default 1)")
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
