// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ingot explain: what in an example speaks for what a network says about it.
#include "Commands.h"
#include "ExplanationFiles.h"
#include "Failure.h"

#include <filesystem>
#include <fmt/format.h>

namespace ingot {
namespace {

void run(const ExplainRequest &request) {
  Library library(request.library);
  Explainer explainer(library, request);
  if (!request.out.empty()) { // before the work, not after
    std::error_code error;
    std::filesystem::create_directories(request.out, error);
    if (error)
      throw Failure(exitBadInput, request.out, "the folder cannot be made: " + error.message());
  }
  std::vector<Explanation> explanations;
  for (int64_t row : explainer.rows()) {
    explanations.push_back(explainer.explain(row));
    if (!request.json)
      fmt::print("{}\n", describe(explanations.back()));
  }
  nlohmann::ordered_json document = documentOf(request, explainer, explanations);
  if (!request.out.empty())
    writeExplanations(request.out, document, explainer, explanations);
  if (request.json)
    fmt::print("{}\n", document.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

void addMethodOptions(CLI::App &command, ExplainRequest &request) {
  command.add_option("--method", request.method, "How to explain (default: saliency)")
      ->check(CLI::IsMember(explanationMethods()));
  command.add_option("--target", request.target,
                     "Class to explain, or indices into a row of the first output (default: the predicted class)");
  command.add_option("--explain", request.input, "Input to explain (default: the first of real numbers)");
  command.add_option("--at", request.at, "Inner tensor to explain instead (ingotc --grad-at, --grad-cam)");
  command.add_flag("--channels-last", request.isChannelsLast,
                   "grad-cam: the tensor's last axis counts its channels, not its first");
  command.add_option("--baseline", request.baseline,
                     "integrated-gradients, occlusion: what stands for nothing, a number or FILE.npy (default: 0)");
  command.add_option("--steps", request.steps, "integrated-gradients: points on the path (default 64)")
      ->check(CLI::Range(1, 1 << 20));
  command.add_option("--samples", request.noise.samples, "smoothgrad: noisy copies (default 50)")
      ->check(CLI::Range(1, 1 << 20));
  command
      .add_option("--noise", request.noise.level,
                  "smoothgrad: their deviation as a share of the example's range (default 0.15)")
      ->check(CLI::NonNegativeNumber);
  command.add_option("--seed", request.noise.seed, "smoothgrad: decides the noise (default 0)");
  command.add_option("--window", request.window, "occlusion: size of what is hidden: one number, or height,width")
      ->delimiter(',')
      ->expected(1, 2);
  command.add_option("--stride", request.stride, "occlusion: how far it moves (default: half the window)")
      ->delimiter(',')
      ->expected(1, 2);
  command.add_option("--token", request.token, "attention-rollout: the last layer's token to follow (default 0)")
      ->check(CLI::NonNegativeNumber);
}

} // namespace

void addExplain(CLI::App &app) {
  auto request = std::make_shared<ExplainRequest>();
  CLI::App *command = app.add_subcommand("explain", "Show what in an input speaks for a prediction");
  command->add_option("library", request->library, "Library made by ingotc")->required();
  addMethodOptions(*command, *request);
  addExampleOptions(*command, request->examples);
  command->add_option("--input", request->examples.inputs, "One input: NAME=FILE.npy, or an image (repeatable)")
      ->allow_extra_args(false);
  command->add_option("--labels", request->examples.target,
                      "CSV: column of targets (default: target); idx: file of targets");
  command->add_option("--rows", request->rows, "Examples to explain, like 0,5,8-10 (default: the first ten)");
  command->add_option("--batch", request->batch, "How many points to compute at once (default 32)")
      ->check(CLI::Range(1, 1 << 20));
  command->add_option("--out", request->out, "Folder for explanation.json, attributions.npz and pictures");
  command->add_option("--threads", request->threads, "Number of threads (default: the cores of this process)")
      ->check(CLI::PositiveNumber);
  command->add_flag("--json", request->json, "Print one JSON document");
  command->callback([request] { run(*request); });
}

} // namespace ingot
