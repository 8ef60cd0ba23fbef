//===- Progress.cpp - What ingotc tells while and after it compiles ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "tools/ingotc/Progress.h"
#include "tools/process/PeakMemory.h"
#include <cmath>
#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace ingot {
namespace {

std::string megabytes(int64_t bytes) { return fmt::format("{:.1f} MB", double(bytes) / 1e6); }

nlohmann::ordered_json toJson(const CompileOptions &options, const CompileReport::MemoryBudget &budget) {
  nlohmann::ordered_json assumed = nlohmann::ordered_json::object();
  for (auto &[name, size] : budget.assumed)
    assumed[name] = size;
  return {{"budget_bytes", options.train.memoryBudget},
          {"choice", budget.words},
          {"assumed", assumed},
          {"arena_bytes", budget.arenaBytes},
          {"arena_bytes_without", budget.arenaBytesWithout},
          {"recomputed_values", budget.values},
          {"more_operations", budget.moreOperations}};
}

/// Of a recipe an object with each step's.
nlohmann::ordered_json budgetsToJson(const CompileOptions &options, const CompileReport &report) {
  nlohmann::ordered_json json;
  for (const CompileReport::MemoryBudget &budget : report.budgets)
    (options.isRecipe ? json[budget.step] : json) = toJson(options, budget);
  return json;
}

void print(const CompileReport::MemoryBudget &budget) {
  std::string assumed;
  for (auto &[name, size] : budget.assumed)
    assumed += fmt::format("{} {} = {}", assumed.empty() ? ", for" : ",", name, size);
  fmt::print(stderr, "{}{}: arena {} instead of {}{}, {} values computed again, {:.1f} % more operations\n",
             budget.step.empty() ? "" : budget.step + " ", budget.words, megabytes(budget.arenaBytes),
             megabytes(budget.arenaBytesWithout), assumed, budget.values, 100 * budget.moreOperations);
}

nlohmann::ordered_json toJson(CompileStatus status, const CompileOptions &options, const CompileReport &report,
                              const std::vector<std::string> &diagnostics) {
  nlohmann::ordered_json stages = nlohmann::ordered_json::object();
  for (const CompileReport::StageTime &stage : report.stages)
    stages[stage.stage] = stage.seconds;
  return {{"status", static_cast<int>(status)},
          {"model", options.input},
          {"output", options.output},
          {"seconds", report.seconds},
          {"stages", stages},
          {"peak_memory_bytes", peakMemory()},
          {"kernels", report.kernels},
          {"launches", report.launches},
          {"arena_bytes", report.arenaBytes},
          {"arena_lower_bound", report.arenaLowerBound},
          {"constant_bytes", report.constantBytes},
          {"prepared_bytes", report.preparedBytes},
          {"winograd_bytes", report.winogradBytes},
          {"output_bytes", report.outputBytes},
          {"memory_budget", budgetsToJson(options, report)},
          {"diagnostics", diagnostics}};
}

nlohmann::ordered_json toJson(const std::vector<CompileReport::ReducedWeight> &weights) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const CompileReport::ReducedWeight &weight : weights)
    list.push_back({{"name", weight.name},
                    {"storage", weight.storage},
                    {"shape", weight.shape},
                    {"bytes", weight.bytes},
                    {"rms_error", weight.rmsError},
                    {"largest_error", weight.largestError}});
  return list;
}

nlohmann::ordered_json toJson(const std::vector<CompileReport::OutputError> &outputs) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const CompileReport::OutputError &output : outputs)
    list.push_back({{"name", output.name},
                    {"rms_error", output.rmsError},
                    {"largest_error", output.largestError},
                    {"top1_agreement", output.top1Agreement < 0 ? nlohmann::ordered_json()
                                                                : nlohmann::ordered_json(output.top1Agreement)}});
  return list;
}

void printOutputErrors(const std::vector<CompileReport::OutputError> &outputs) {
  for (const CompileReport::OutputError &output : outputs) {
    fmt::print(stderr, "output \"{}\": rms error {:.2g}, largest {:.2g}", output.name, output.rmsError,
               output.largestError);
    if (output.top1Agreement >= 0)
      fmt::print(stderr, "; same largest element in {:.4g} % of rows", 100 * output.top1Agreement);
    fmt::print(stderr, "\n");
  }
}

/// One line for all weights; --json has each.
void printReducedWeights(const std::vector<CompileReport::ReducedWeight> &weights) {
  double squares = 0, most = 0;
  int64_t bytes = 0;
  for (const CompileReport::ReducedWeight &weight : weights) {
    squares += weight.rmsError * weight.rmsError;
    most = std::max(most, weight.rmsError);
    bytes += weight.bytes;
  }
  fmt::print(stderr, "{} weights in {}: rms rounding error {:.2g} on average, {:.2g} at most\n", weights.size(),
             megabytes(bytes), weights.empty() ? 0 : std::sqrt(squares / double(weights.size())), most);
}

} // namespace

Progress::Progress(const ReportOptions &options)
    : options(options), isTerminal(isatty(STDERR_FILENO) && !options.json) {}

void Progress::clearLine() {
  if (hasLine)
    fmt::print(stderr, "\r\033[K");
  hasLine = false;
}

CompileEvents Progress::events() {
  CompileEvents events;
  events.onStage = [this](const std::string &phrase) {
    if (!isTerminal)
      return;
    clearLine();
    fmt::print(stderr, "  {} ...", phrase);
    std::fflush(stderr);
    hasLine = true;
  };
  events.onDiagnostic = [this](const std::string &text) {
    clearLine();
    if (options.json)
      diagnostics.push_back(text);
    fmt::print(stderr, "{}", text);
  };
  return events;
}

void Progress::finish(CompileStatus status, const CompileOptions &compileOptions, const CompileReport &report) {
  clearLine();
  if (options.json) {
    nlohmann::ordered_json json = toJson(status, compileOptions, report, diagnostics);
    if (compileOptions.precision != Precision::Float32)
      json["precision"] = {{"requested", nameOf(compileOptions.precision)},
                           {"weights", toJson(report.reducedWeights)},
                           {"outputs", toJson(report.outputErrors)}};
    fmt::print("{}\n", json.dump(1));
    return;
  }
  if (status != CompileStatus::Done)
    return;
  bool isTraining = compileOptions.train.isWanted || compileOptions.isRecipe;
  if (compileOptions.precision != Precision::Float32 && !isTraining) {
    printReducedWeights(report.reducedWeights);
    printOutputErrors(report.outputErrors);
  }
  for (const CompileReport::MemoryBudget &budget : report.budgets)
    print(budget);
  if (options.timing) {
    for (const CompileReport::StageTime &stage : report.stages)
      fmt::print(stderr, "{:>10} {:8.3f} s\n", stage.stage, stage.seconds);
    double excess =
        report.arenaLowerBound ? 100.0 * (report.arenaBytes - report.arenaLowerBound) / report.arenaLowerBound : 0;
    fmt::print(stderr, "     total {:8.3f} s, peak memory {}\n", report.seconds, megabytes(peakMemory()));
    fmt::print(stderr, "{} kernels in {} launches; arena {} ({:+.1f} % of the lower bound); constants {}\n",
               report.kernels, report.launches, megabytes(report.arenaBytes), excess, megabytes(report.constantBytes));
    if (report.winogradBytes)
      fmt::print(stderr, "filters in Winograd's form: {} more{}\n", megabytes(report.winogradBytes),
                 report.preparedBytes ? ", computed before the first run" : "");
  }
  if (isTerminal && compileOptions.emit == Stage::Library)
    fmt::print(stderr, "{} ({}) in {:.1f} s\n", compileOptions.output, megabytes(report.outputBytes), report.seconds);
}

} // namespace ingot
