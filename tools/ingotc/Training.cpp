//===- Training.cpp - ingotc's options for gradients and training ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "tools/ingotc/Training.h"

namespace ingot {

namespace {

/// Which parameters change.
void addTrainableOptions(CLI::App &app, CLI::Option *train, TrainOptions &options) {
  app.add_option("--freeze", options.freeze, "regular expression: parameters that do not change")->needs(train);
  app.add_option("--train-only", options.trainOnly, "regular expression: the only parameters that change")
      ->needs(train);
  auto lora = app.add_option("--lora", options.lora,
                             "regular expression: weights that get an increment of low rank to train in their place");
  lora->needs(train);
  app.add_option("--rank", options.loraRank, "rank of the increments (default 8)")
      ->check(CLI::PositiveNumber)
      ->needs(lora);
  app.add_option("--alpha", options.loraAlpha, "increments are alpha / rank times a product (default: the rank)")
      ->check(CLI::PositiveNumber)
      ->needs(lora);
}

/// What is minimised, beside its name.
void addLossOptions(CLI::App &app, CLI::Option *train, TrainOptions &options) {
  app.add_option("--clip", options.clip, "limit gradients by the hyperparameter clip")
      ->check(CLI::IsMember({"norm", "value"}))
      ->needs(train);
  app.add_option("--label-smoothing", options.labelSmoothing,
                 "cross_entropy: share of the target spread over all classes")
      ->check(CLI::Range(0.0, 1.0))
      ->needs(train);
  app.add_option("--ignore-index", options.ignoreIndex, "cross_entropy, nll: class that counts nothing")->needs(train);
  app.add_option("--threshold", options.threshold, "smooth_l1, huber: where the square ends")
      ->check(CLI::PositiveNumber)
      ->needs(train);
  app.add_option("--margin", options.margin, "hinge, triplet: the margin")->needs(train);
}

/// How a step is made.
void addStepOptions(CLI::App &app, CLI::Option *train, TrainOptions &options) {
  app.add_option("--memory-budget", options.memoryBudget,
                 "bytes that the arena may have, as 500M or 2G: backward computes again what does not fit")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::PositiveNumber);
  auto *gradients =
      app.add_flag("--gradients", options.gradients, "return the parameters' gradients too")->needs(train);
  app.add_flag("--split-update", options.splitUpdate,
               "make two entries of a step, for gradients and update, so that batches or machines can share an update")
      ->excludes(gradients);
  app.add_flag("--detect-anomaly", options.detectAnomaly,
               "check every operation, and tell where a NaN or infinity in the loss or a gradient began (slow)");
}

/// Derivatives that an inference returns.
void addDerivativeOptions(CLI::App &app, CLI::Option *train, TrainOptions &options) {
  auto inputs = app.add_flag(
      "--grad-inputs", options.inputGradients,
      "return the gradients of the first output by the inputs too; with --train: of the evaluation's loss");
  app.add_flag("--cotangent", options.cotangent, "take the gradient that arrives at the output as an input")
      ->needs(inputs)
      ->excludes(train);
  app.add_flag_callback(
         "--vjp", [&options] { options.inputGradients = options.cotangent = true; },
         "vector-Jacobian product: --grad-inputs --cotangent")
      ->excludes(train);
  app.add_flag("--jvp", options.tangents,
               "Jacobian-vector product: how outputs (with --grad-inputs gradients, too) change along given directions")
      ->excludes(train);
  app.add_option("--grad-at", options.gradientsAt,
                 "--grad-inputs, and return an inner tensor and the gradient by it too (repeatable)")
      ->allow_extra_args(false)
      ->each([&options](const std::string &) { options.inputGradients = true; })
      ->excludes(train);
  // A flag, so that it does not take the model's file for its tensor.
  auto words = std::make_shared<std::vector<std::string>>();
  auto read = [&options, words](const std::string &word) {
    options.inputGradients = options.cotangent = true;
    if (word == "true") // no tensor was named
      options.gradientAtLastConvolution = true;
    else
      options.gradientsAt.push_back(word);
  };
  app.add_flag("--grad-cam", *words,
               "--grad-inputs --cotangent, and --grad-at the last convolution's features, or --grad-cam=TENSOR")
      ->each(read)
      ->excludes(train);
}

} // namespace

void addTrainingOptions(CLI::App &app, TrainOptions &options) {
  auto *train =
      app.add_flag("--train", options.isWanted, "make one step of training: forward, loss, backward and update");
  app.add_option("--loss", options.loss, "loss by name, or output:NAME when the model computes it")->needs(train);
  app.add_option("--optimizer", options.optimizer, "optimizer by name")->needs(train);
  addTrainableOptions(app, train, options);
  addLossOptions(app, train, options);
  addStepOptions(app, train, options);
  addDerivativeOptions(app, train, options);
}

std::string checkTrainingOptions(const CompileOptions &options) {
  const TrainOptions &train = options.train;
  if (options.isRecipe && (train.isWanted || train.inputGradients))
    return "a recipe says itself what is trained: no --train and no --grad-inputs";
  bool isStep = train.isWanted || options.isRecipe;
  for (auto [name, isGiven] :
       {std::pair("--memory-budget", train.memoryBudget > 0), std::pair("--split-update", train.splitUpdate),
        std::pair("--detect-anomaly", train.detectAnomaly)})
    if (isGiven && !isStep)
      return std::string(name) + " needs --train or --recipe";
  if (!train.budgetDims.empty() && train.memoryBudget == 0)
    return "--budget-dim needs --memory-budget";
  return {};
}

void addOutputOptions(CLI::App &app, CompileOptions &options) {
  app.add_option("--outputs", options.outputs, "return an inner tensor too, by its name in the model (repeatable)")
      ->allow_extra_args(false)
      ->excludes(app.get_option("--train"));
  app.add_flag("--attention-outputs", options.attentionOutputs,
               "return the weights of every attention, as attention.0, attention.1, ...")
      ->excludes(app.get_option("--train"));
  // A flag, so that it does not take the model's file for its expression.
  auto words = std::make_shared<std::vector<std::string>>();
  app.add_flag("--kv-cache", *words,
               "append to inputs in place what outputs would repeat with rows behind it: all such inputs, or "
               "--kv-cache=REGEX those whose names match")
      ->each([&options, words](const std::string &word) { options.caches = word == "true" ? ".*" : word; })
      ->excludes(app.get_option("--train"))
      ->excludes(app.get_option("--recipe"));
}

} // namespace ingot
