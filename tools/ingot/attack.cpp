// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ingot attack: how easily a network is fooled by small changes of its input.
#include "AtomicFile.h"
#include "AttackSetup.h"
#include "Commands.h"
#include "Failure.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ingot {
namespace {

using Json = nlohmann::ordered_json;

double share(int64_t part, int64_t whole) { return double(part) / double(whole); }

Json toJson(const AttackRequest &request, const AttackSetup &setup, const AttackSummary &summary) {
  AttackOptions options = setup.optionsFor(summary.epsilon);
  Json json = {{"epsilon", summary.epsilon},
               {"step_size", options.stepSize},
               {"steps", options.steps},
               {"restarts", options.restarts},
               {"robust_accuracy", share(summary.right, setup.count())},
               {"mean_linf", summary.largestChange},
               {"mean_l2", summary.euclideanChange}};
  if (request.isTargeted)
    json["reached_target"] = share(summary.reachedTarget, setup.count());
  return json;
}

std::string describe(const AttackRequest &request, const AttackSetup &setup, const AttackSummary &summary) {
  std::string text = fmt::format("epsilon {:.6g}: {:.2f} % right under {}", summary.epsilon,
                                 100 * share(summary.right, setup.count()), request.method);
  if (request.isTargeted)
    text += fmt::format(", {:.2f} % at the target", 100 * share(summary.reachedTarget, setup.count()));
  return text;
}

void run(AttackRequest request) {
  request.isTargeted |= request.wanted >= 0;
  for (const std::string &path : {request.out, request.grid}) // before the work, not after
    if (!path.empty())
      AtomicFile(path).write("", 0);
  Library library(request.library);
  AttackSetup setup(library, request);
  double greatest = *std::max_element(setup.epsilons().begin(), setup.epsilons().end());
  double clean = share(setup.countRight(), setup.count());
  Json document = {{"library", request.library}, {"method", request.method},       {"norm", request.norm},
                   {"examples", setup.count()},  {"targeted", request.isTargeted}, {"clean_accuracy", clean},
                   {"results", Json::array()}};
  if (!request.json)
    fmt::print("{} examples: {:.2f} % right as they are\n", setup.count(), 100 * clean);
  for (double epsilon : setup.epsilons()) {
    Rows variants;
    bool isKept = epsilon == greatest && !(request.out.empty() && request.grid.empty());
    AttackSummary summary = setup.run(epsilon, isKept ? &variants : nullptr);
    document["results"].push_back(toJson(request, setup, summary));
    if (!request.json)
      fmt::print("{}\n", describe(request, setup, summary));
    if (isKept && !request.out.empty())
      setup.writeExamples(request.out, variants);
    if (isKept && !request.grid.empty())
      setup.writeGrid(request.grid, variants, epsilon);
  }
  if (request.json)
    fmt::print("{}\n", document.dump(1, ' ', false, Json::error_handler_t::replace));
}

void addMethodOptions(CLI::App &command, AttackRequest &request) {
  command
      .add_option("--method", request.method,
                  "fgsm: one step along the gradient's sign; pgd: several, projected, from random starts (default)")
      ->check(CLI::IsMember({"fgsm", "pgd"}));
  command.add_option("--epsilon", request.epsilons, "How far from the example, e.g. 8/255; several after commas")
      ->required()
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--norm", request.norm, "Distance: linf, the largest change (default), or l2")
      ->check(CLI::IsMember({"linf", "l2"}));
  auto positive = CLI::Range(1, 1 << 20);
  command.add_option("--steps", request.steps, "pgd: steps of a start (default 10)")->check(positive);
  command.add_option("--step-size", request.stepSize, "Length of a step (default: pgd 2.5 * epsilon / steps)");
  command.add_option("--restarts", request.restarts, "pgd: random starts; the worst counts (default 1)")
      ->check(positive);
  command.add_option("--clip", request.clip, "What elements may be, e.g. 0,1")->delimiter(',')->expected(1, 2);
  command.add_flag("--targeted", request.isTargeted, "Towards a class: the one after the right one, or --to");
  command.add_option("--to", request.wanted, "Class that the network should see")->check(CLI::NonNegativeNumber);
  command.add_option("--seed", request.seed, "pgd: decides the starts (default 0)");
  command.add_flag("--probabilities", request.areProbabilities, "The first output is probabilities, not logits");
  command.add_option("--attack", request.input, "Input to change (default: the first of real numbers)");
}

} // namespace

void addAttack(CLI::App &app) {
  auto request = std::make_shared<AttackRequest>();
  CLI::App *command = app.add_subcommand("attack", "Measure how robust a classifier is against small changes");
  command->add_option("library", request->library, "Library made by ingotc --grad-inputs --cotangent")->required();
  addMethodOptions(*command, *request);
  addExampleOptions(*command, request->examples);
  command->add_option("--target", request->examples.target,
                      "CSV: column of classes (default: target); .npy, idx: file of classes");
  command->add_option("--labels", request->examples.labels, "Array of the classes (default: target)");
  command->add_option("--rows", request->rows, "Examples to attack, like 0-99 (default: all)");
  command->add_option("--batch", request->batch, "How many examples to compute at once (default 64)")
      ->check(CLI::Range(1, 1 << 20));
  command->add_option("--out", request->out, "File for the changed examples of the greatest epsilon (.npz)");
  command->add_option("--grid", request->grid, "Picture of some: example, change, changed example (.png)");
  command->add_option("--threads", request->threads, "Number of threads (default: the cores of this process)")
      ->check(CLI::PositiveNumber);
  command->add_flag("--json", request->json, "Print one JSON document");
  command->callback([request] { run(*request); });
}

} // namespace ingot
