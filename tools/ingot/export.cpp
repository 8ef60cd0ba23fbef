// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ingot export: trained weights go back into the ONNX model.
#include "Commands.h"
#include "Failure.h"
#include "State.h"

#include <filesystem>
#include <fmt/format.h>

namespace ingot {
namespace {

struct ExportOptions {
  std::string library, state, output, model, network;
  bool forInference = false, keepsScaled = false;
};

// The model file: as given, where it was when the library was made, or beside the library.
std::string findModel(const Library &library, const ExportOptions &options) {
  if (!options.model.empty())
    return options.model;
  std::filesystem::path source = library.description().source;
  if (!options.network.empty())
    source = library.optionOf("--network-" + options.network);
  for (const std::filesystem::path &path :
       {source, std::filesystem::path(library.path()).parent_path() / source.filename()})
    if (std::filesystem::is_regular_file(path))
      return path.string();
  throw Failure(exitBadInput, library.path(),
                fmt::format("the model file {} is not there; --model says where it is", source.string()));
}

void exportState(const ExportOptions &options) {
  Library library(options.library);
  State state(library);
  if (state.isEmpty())
    throw Failure(exitBadInput, options.library, "has no state: it is not made for training");
  state.load(options.state); // says what does not fit
  if (bool isRecipe = !library.optionOf("--recipe").empty(); isRecipe == options.network.empty())
    throw Failure(exitBadUsage, "--network",
                  isRecipe ? "a recipe has several networks; which one is meant is open"
                           : "the library was not made from a recipe");
  std::vector<std::string> words = {findModel(library, options), "--weights", options.state, "-o", options.output};
  if (options.network.empty())
    words.insert(words.end(), {"--source-hash", library.description().source_hash});
  else
    words.insert(words.end(), {"--network", options.network});
  std::string ofNetwork = options.network.empty() ? "" : "-" + options.network;
  if (std::string scale = library.optionOf("--lora-scale" + ofNetwork); !scale.empty())
    words.insert(words.end(), {"--lora-scale", scale});
  if (options.forInference)
    words.push_back("--inference");
  if (options.keepsScaled)
    words.push_back("--keep-scaled");
  if (int code = runCompiler(words))
    std::exit(code);
}

} // namespace

void addExport(CLI::App &app) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App *command = app.add_subcommand("export", "Write trained weights into the ONNX model");
  command->add_option("library", options->library, "Library made by ingotc --train")->required();
  command->add_option("--state", options->state, "State of the training (.safetensors)")->required();
  command->add_option("-o,--output", options->output, "ONNX file to write")->required();
  command->add_option("--model", options->model, "The ONNX file that was compiled (default: where it was)");
  command->add_option("--network", options->network, "The network of a recipe");
  command->add_flag("--inference", options->forInference,
                    "Take the model out of training mode: batch normalisation by running statistics, no dropout");
  command->add_flag("--keep-scaled", options->keepsScaled,
                    "Leave outputs as --scale-targets trained them, and not in the units of the data");
  command->callback([options] { exportState(*options); });
}

} // namespace ingot
