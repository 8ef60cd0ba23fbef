// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ingot run: one inference on given tensors.
#include "Commands.h"
#include "Failure.h"
#include "State.h"

#include <algorithm>
#include <fmt/format.h>

namespace ingot {
namespace {

struct RunOptions {
  std::string library, npz, out, entry, state, saveState;
  std::vector<std::string> inputs;
  int32_t threads = 0;
};

ArrayMap readInputs(const RunOptions &options) {
  ArrayMap inputs;
  if (!options.npz.empty())
    inputs = readNpz(options.npz);
  for (const std::string &word : options.inputs) {
    size_t equals = word.find('=');
    if (equals == std::string::npos)
      throw Failure(exitBadUsage, "--input " + word, "expected NAME=FILE.npy");
    inputs[word.substr(0, equals)] = readNpy(word.substr(equals + 1));
  }
  return inputs;
}

// The first values of a tensor, enough to see whether it makes sense.
std::string preview(const Array &array) {
  constexpr int64_t most = 8;
  std::string text;
  for (int64_t i = 0; i < std::min(array.count(), most); ++i)
    text += fmt::format("{}{:.6g}", i ? " " : "", array.at(i));
  return array.count() > most ? text + " ..." : text;
}

void run(const RunOptions &options) {
  Library first(options.library);
  if (options.entry.empty())
    first.expectEntry("run");
  Library &library = options.entry.empty() ? first : first.entry(options.entry);
  if (options.threads)
    library.setThreads(options.threads);
  State state(first);
  if (!options.state.empty())
    state.load(options.state);
  if (!state.isEmpty())
    library.bindState(state.data());
  ArrayMap inputs = readInputs(options), outputs = library.run(inputs);
  const ingot_description &about = library.description();
  for (int32_t i = 0; i < about.output_count; ++i) {
    const Array &output = outputs[about.outputs[i].name];
    fmt::print("{}: {} {}\n", about.outputs[i].name, describe(output), preview(output));
  }
  // A cache is what it was given with the run's rows in it.
  for (int32_t i = 0; i < about.input_count; ++i)
    if (about.inputs[i].role == INGOT_CACHE)
      outputs[about.inputs[i].name] = std::move(inputs[about.inputs[i].name]);
  if (!options.out.empty())
    writeNpz(options.out, outputs);
  if (!options.saveState.empty())
    state.save(options.saveState);
}

} // namespace

void addRun(CLI::App &app) {
  auto options = std::make_shared<RunOptions>();
  CLI::App *command = app.add_subcommand("run", "Run a library once and show or keep its outputs");
  command->add_option("library", options->library, "Library made by ingotc")->required();
  command->add_option("--npz", options->npz, "Inputs by name, as numpy.savez writes them");
  command->add_option("--input", options->inputs, "One input: NAME=FILE.npy (repeatable)")->allow_extra_args(false);
  command->add_option("--out", options->out, "File for the outputs (.npz)");
  auto *entry = command->add_option("--entry", options->entry, "An entry of a training library, as \"evaluation\"");
  command->add_option("--state", options->state, "State for the entry (.safetensors)")->needs(entry);
  command->add_option("--save-state", options->saveState, "File for the state afterwards (.safetensors)")->needs(entry);
  command->add_option("--threads", options->threads, "Number of threads (default: the cores of this process)")
      ->check(CLI::PositiveNumber);
  command->callback([options] { run(*options); });
}

} // namespace ingot
