// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ingot train: trains a library made by ingotc --train on a data set.
#include "AtomicFile.h"
#include "Commands.h"
#include "TrainSummary.h"

#include <csignal>
#include <fmt/format.h>
#include <unistd.h>
#include <vector>

namespace ingot {
namespace {

/// Says why a process ends when another one of the training died: mpirun then asks the rest to end.
class Farewell {
public:
  Farewell(const TrainRequest &request, const Reduction &ranks) {
    text = fmt::format("ingot: error: rank {} of {} is asked to end: another process of this training has died, or "
                       "somebody stopped it. {} has the last finished epoch; --resume goes on from it\n",
                       ranks.rank(), ranks.size(),
                       lastCheckpoint(checkpointFolder(request.library, request.training.checkpoints)));
    std::signal(SIGTERM, [](int) {
      [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
      std::_Exit(exitBadInput);
    });
  }
  ~Farewell() { std::signal(SIGTERM, SIG_DFL); }

private:
  inline static std::string text;
};

void checkFiles(const TrainRequest &request) {
  for (const std::string &path : {request.training.log, request.report}) // before hours of work, not after
    if (!path.empty())
      AtomicFile(path).write("", 0);
}

void writeReport(const TrainRequest &request, const TrainSetup &setup, const TrainingResult &result) {
  if (request.report.empty())
    return;
  std::string page = formatPage(setup, request, result);
  AtomicFile file(request.report);
  file.write(page.data(), page.size());
  file.commit();
}

/// What one process does; the first of several tells about it.
void trainRank(const TrainRequest &request, Reduction *ranks) {
  bool isTelling = !ranks || ranks->isFirst();
  std::optional<TrainSetup> setup;
  together(ranks, Who::First, [&] { checkFiles(request); });
  together(ranks, Who::Everyone, [&] { setup.emplace(request, ranks ? ranks->size() : 1); });
  if (isTelling && !request.json) {
    if (ranks)
      fmt::print("{} processes by {}\n", ranks->size(), ranks->name());
    fmt::print("{}\n", describeTask(*setup));
  }
  Examples *validation = setup->validation ? &*setup->validation : nullptr;
  auto onEpoch = [&](const History &history) {
    if (isTelling && !request.json)
      fmt::print("{}\n", describeEpoch(*setup, history));
    std::fflush(stdout);
  };
  TrainingResult result = train(setup->learner, *setup->training, validation, setup->options, ranks, onEpoch);
  together(ranks, Who::First, [&] { writeReport(request, *setup, result); });
  if (isTelling)
    fmt::print("{}\n", request.json ? formatJson(*setup, result) : describeResult(*setup, result));
}

void run(const TrainRequest &request) {
  if (request.distributed.empty())
    return trainRank(request, nullptr);
  std::unique_ptr<Reduction> ranks = joinMpi();
  Farewell farewell(request, *ranks);
  try {
    trainRank(request, ranks.get());
  } catch (const AgreedFailure &failure) {
    if (!failure.isToldElsewhere)
      std::fprintf(stderr, "%s\n", failure.what());
    std::vector<double> told(1);
    ranks->sum(told); // when one ends, mpirun ends them all: nobody does before it is told
    throw CLI::RuntimeError(failure.code);
  } catch (const Failure &failure) { // the others wait for this rank
    std::fprintf(stderr, "rank %d: %s\n", ranks->rank(), failure.what());
    ranks->abort(failure.code);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "ingot: rank %d: internal error: %s\n", ranks->rank(), error.what());
    ranks->abort(exitBug);
  }
}

void addDataOptions(CLI::App &command, TrainRequest &request) {
  command
      .add_option("--data", request.data,
                  "Training data: .npz, .npy, .csv, idx, CIFAR files, a folder of images (repeatable)")
      ->required()
      ->allow_extra_args(false);
  auto *validation =
      command.add_option("--val", request.validation, "Validation data (repeatable)")->allow_extra_args(false);
  command.add_option("--val-split", request.validationShare, "Share of the data to set aside for validation, e.g. 0.2")
      ->check(CLI::Range(0.0, 0.99))
      ->excludes(validation);
  command.add_option("--target", request.target,
                     "CSV: column of targets (default: target); .npy, idx: file of targets");
  command.add_option("--val-target", request.validationTarget, "The same for --val, where it is a file of its own")
      ->needs(validation);
  addFeedOptions(command, request);
  command.add_flag("--standardize", request.isStandardized,
                   "Take mean and deviation of each feature or channel from the training data");
  command.add_flag(
      "--scale-targets", request.areTargetsScaled,
      "Learn targets that are numbers with mean 0 and deviation 1; metrics are of the numbers as they are");
  command
      .add_option(
          "--augment", request.augmentation,
          "Change training images in each epoch: flip, flip-vertical, crop:padding=4, shift:pixels=2, separated "
          "by commas")
      ->delimiter(',')
      ->allow_extra_args(false);
}

void addCourseOptions(CLI::App &command, TrainRequest &request) {
  TrainingOptions &training = request.training;
  command.add_option("--epochs", training.epochs, "Passes over the data (default 10)")->check(CLI::PositiveNumber);
  command
      .add_option("--batch-size", training.batchSize,
                  "Examples an update, over all pieces and processes (default 32, or what the library is made for)")
      ->check(CLI::PositiveNumber);
  command
      .add_option(
          "--accumulate", training.accumulate,
          "Cut each batch into so many pieces, whose gradients are added up (a library made with --split-update)")
      ->check(CLI::PositiveNumber);
  command
      .add_option("--distributed", request.distributed,
                  "mpi: share each batch with the other processes that mpirun has started")
      ->check(CLI::IsMember({"mpi"}));
  command.add_option("--lr", request.rate, "Learning rate (default: the optimizer's)")->check(CLI::PositiveNumber);
  command.add_option("--schedule", request.schedule,
                     "constant, warm-up, step, cosine, one-cycle or plateau, with options as in step:size=5,gamma=0.5");
  command.add_option("--hyper", request.hypers, "A hyperparameter: NAME=NUMBER (repeatable)")->allow_extra_args(false);
  command.add_option(
      "--adversarial", request.adversarial,
      "Train on examples changed against the network: fgsm, pgd or pgd-l2, as in pgd:epsilon=8/255,steps=7");
  command.add_option("--seed", training.seed, "Decides the order of examples and the split (default 0)");
  command.add_flag("--no-shuffle", request.isOrdered, "Take the examples in the data's order");
  command.add_option("--patience", training.patience, "End after so many epochs without improvement")
      ->check(CLI::PositiveNumber);
  command.add_option("--monitor", training.monitor,
                     "What improves: loss (default) or one of --metrics; last: the last epoch counts as the best");
  command.add_option("--threads", request.threads, "Number of threads (default: the cores of this process)")
      ->check(CLI::PositiveNumber);
}

void addOutputOptions(CLI::App &command, TrainRequest &request) {
  TrainingOptions &training = request.training;
  command
      .add_option(
          "--metrics", request.metrics,
          "accuracy, top5, precision, recall, f1, auc; mae, rmse, r2; separated by commas (default: the loss's)")
      ->delimiter(',')
      ->allow_extra_args(false);
  command
      .add_option("--task", request.task,
                  "What is predicted, where the loss does not say: classes, decisions or numbers")
      ->check(CLI::IsMember({"classes", "decisions", "numbers"}));
  command.add_option("--predictions", request.predictions, "Output that metrics judge (default: the first)");
  command.add_option("--labels", request.labels, "Input that it is compared with (default: the target)");
  auto *state =
      command.add_option("--state", request.state, "Weights to begin with (.safetensors; default: the model file's)");
  command.add_option("--checkpoints", training.checkpoints,
                     "Folder for best.safetensors and last.safetensors (default: LIBRARY.checkpoints)");
  command.add_flag("--resume", training.resumes, "Go on from last.safetensors; --epochs counts from the beginning")
      ->excludes(state);
  command.add_option("--log", training.log, "File for a line per epoch (.csv)");
  command.add_option("--report", request.report, "File for a page with learning curves and confusion matrix (.html)");
  command.add_flag("--json", request.json, "Print one JSON document at the end");
}

} // namespace

void addTrain(CLI::App &app) {
  auto request = std::make_shared<TrainRequest>();
  request->training.batchSize = 0;
  request->training.monitor.clear();
  CLI::App *command = app.add_subcommand("train", "Train a library made by ingotc --train");
  command->add_option("library", request->library, "Library made by ingotc --train")->required();
  addDataOptions(*command, *request);
  addCourseOptions(*command, *request);
  addOutputOptions(*command, *request);
  command->callback([request] { run(*request); });
}

} // namespace ingot
