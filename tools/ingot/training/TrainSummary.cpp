// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "TrainSummary.h"

#include "Report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace ingot {
namespace {

using Json = nlohmann::ordered_json;

std::string describeFigures(const TrainSetup &setup, const Figures &figures) {
  std::string text = fmt::format("loss {:.4f}", figures.loss);
  for (size_t i = 0; i < setup.options.columns.size(); ++i)
    text += fmt::format("  {} {:.4f}", setup.options.columns[i], figures.metrics[i]);
  return text;
}

// NaN becomes null when it is written.
Json toJson(const TrainSetup &setup, const Figures &figures) {
  Json json = {{"loss", figures.loss}};
  for (size_t i = 0; i < setup.options.columns.size(); ++i)
    json[setup.options.columns[i]] = figures.metrics[i];
  return json;
}

Json toJson(const TrainSetup &setup, const Epoch &epoch) {
  return {{"lr", epoch.rate},
          {"training", toJson(setup, epoch.training)},
          {"validation", epoch.validation ? toJson(setup, *epoch.validation) : Json()},
          {"seconds", epoch.seconds},
          {"examples_per_second", epoch.examplesPerSecond}};
}

} // namespace

std::string describeTask(const TrainSetup &setup) {
  std::string text = fmt::format("{}: {} examples", setup.library.description().name, setup.training->rows.size());
  if (setup.validation)
    text += fmt::format(", {} for validation", setup.validation->rows.size());
  text += fmt::format("; batches of {}, {} threads", setup.options.batchSize, setup.library.threads());
  if (int64_t pieces = setup.pieces(); pieces > 1)
    text += fmt::format(", each in {} pieces", pieces);
  auto fixed = size_t(setup.learner.fixedBatch() * setup.pieces());
  if (fixed && setup.training->rows.size() % fixed)
    text += fmt::format("; the library takes whole batches only: {} examples an epoch are left out",
                        setup.training->rows.size() % fixed);
  return text;
}

std::string describeEpoch(const TrainSetup &setup, const History &history) {
  const Epoch &epoch = history.epochs.back();
  size_t digits = std::to_string(setup.options.epochs).size();
  std::string text = fmt::format("epoch {:>{}}/{}  {}", history.epochs.size(), digits, setup.options.epochs,
                                 describeFigures(setup, epoch.training));
  if (epoch.validation)
    text += "  |  validation " + describeFigures(setup, *epoch.validation);
  bool isBest = history.best() == history.epochs.size() - 1;
  return text +
         fmt::format("  |  {:.0f} examples/s  lr {:.3g}{}", epoch.examplesPerSecond, epoch.rate, isBest ? "  *" : "");
}

std::string describeResult(const TrainSetup &setup, const TrainingResult &result) {
  const History &history = result.history;
  std::optional<size_t> best = history.best();
  std::string text;
  if (result.stoppedEarly)
    text += fmt::format("stopped early: no better {} for {} epochs\n", history.monitor, setup.options.patience);
  if (best)
    text += fmt::format("best epoch {}: {} {}\n", *best + 1, setup.validation ? "validation" : "training",
                        describeFigures(setup, history.epochs[*best].judged()));
  return text + fmt::format("weights: {} (best), {} (last)", bestCheckpoint(setup.options.checkpoints),
                            lastCheckpoint(setup.options.checkpoints));
}

std::string formatJson(const TrainSetup &setup, const TrainingResult &result) {
  const History &history = result.history;
  Json epochs = Json::array();
  for (const Epoch &epoch : history.epochs)
    epochs.push_back(toJson(setup, epoch));
  std::optional<size_t> best = history.best();
  const std::string &folder = setup.options.checkpoints;
  return Json{{"model", setup.library.description().name},
              {"examples", setup.training->rows.size()},
              {"validation_examples", setup.validation ? setup.validation->rows.size() : 0},
              {"batch_size", setup.options.batchSize},
              {"steps", result.steps},
              {"stopped_early", result.stoppedEarly},
              {"best_epoch", best ? Json(*best + 1) : Json()},
              {"best", best ? toJson(setup, history.epochs[*best].judged()) : Json()},
              {"epochs", epochs},
              {"normalization", Json::parse(setup.options.notes.at("normalization"))},
              {"target_scaling",
               setup.options.judged.isScaled ? Json::parse(setup.options.notes.at("target scaling")) : Json()},
              {"checkpoints", {{"best", bestCheckpoint(folder)}, {"last", lastCheckpoint(folder)}}}}
      .dump();
}

std::string formatPage(const TrainSetup &setup, const TrainRequest &request, const TrainingResult &result) {
  const ingot_description &about = setup.library.description();
  TrainingReport report;
  report.title = about.name;
  report.settings = {{"data", fmt::format("{}", fmt::join(request.data, ", "))},
                     {"examples", std::to_string(setup.training->rows.size())},
                     {"validation", setup.validation ? std::to_string(setup.validation->rows.size()) : "none"},
                     {"batch size", std::to_string(setup.options.batchSize)},
                     {"optimizer", about.optimizer},
                     {"loss", setup.learner.lossName()},
                     {"learning rate", fmt::format("{}, {}", setup.options.rate, request.schedule)},
                     {"seed", std::to_string(setup.options.seed)}};
  report.history = result.history;
  for (size_t i = 0; i + setup.options.metrics.size() < setup.options.columns.size(); ++i)
    report.metricTitles.push_back("loss of " + setup.options.columns[i]);
  for (const std::string &name : setup.options.metrics)
    for (const MetricName &metric : metricsOf(setup.options.judged.task))
      if (name == metric.name)
        report.metricTitles.push_back(metric.title);
  report.confusion = result.confusion;
  report.classes = setup.classes();
  return formatReport(report);
}

} // namespace ingot
