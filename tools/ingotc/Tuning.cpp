//===- Tuning.cpp - ingotc --tune: schedules by measurement ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Trial r compiles the program with the r-th alternative of every kernel at once: kernels run one after the other, so
// each is judged alone, and a program takes as many trials as its kernel with the most alternatives has.
//
//===----------------------------------------------------------------------===//
#include "tools/ingotc/Tuning.h"
#include "tools/ingotc/Measurement.h"
#include "tools/ingotc/TrialFolder.h"
#include <algorithm>
#include <fmt/core.h>

namespace ingot {
namespace {

constexpr size_t mostTrials = 5;
constexpr double secondsPerTrial = 1;
/// Kernels below this share of a run keep the cost model's choice.
constexpr double leastShare = 0.002;
/// What another choice must gain before it replaces the cost model's: less is noise.
constexpr double leastGain = 0.03;

class Tuner {
public:
  Tuner(CompileOptions options, TuningTable &table, const CompileEvents &events)
      : options(std::move(options)), table(table), events(events) {}

  CompileStatus run() {
    options.explain = true;
    options.output = (folder.path / "trial.so").string();
    options.blocks = chosenBlocks(table);
    if (CompileStatus status = compileTrial("looking for schedules to measure"); status != CompileStatus::Done)
      return status;
    if (isEverythingKnown())
      return CompileStatus::Done;
    if (CompileStatus status = measure(); status != CompileStatus::Done)
      return status;
    // Only the code that runs here is compiled from now on.
    options.cpu = variant;
    start();
    size_t trials = std::min(mostTrials, longest);
    for (size_t trial = 0; trial < trials; ++trial) {
      chooseTrial(trial);
      std::string phrase = fmt::format("measuring schedules {} of {} for {} kernels", trial + 1, trials, open.size());
      if (CompileStatus status = measureTrial(phrase); status != CompileStatus::Done)
        return status;
      record(trial);
    }
    return confirm();
  }

private:
  /// The program with options.blocks, in the trial folder and `report`.
  CompileStatus compileTrial(const std::string &phrase) {
    CompileEvents quiet;
    quiet.onDiagnostic = events.onDiagnostic;
    if (events.onStage)
      events.onStage(phrase);
    report = CompileReport();
    return compile(options, report, quiet);
  }

  CompileStatus measureTrial(const std::string &phrase) {
    CompileStatus status = compileTrial(phrase);
    return status == CompileStatus::Done ? measure() : status;
  }

  /// Whether each kernel with a choice is in the table, for one instruction set at least: only one runs here.
  bool isEverythingKnown() const {
    auto isKnown = [&](const ProgramReport::Schedule &schedule) {
      return schedule.alternatives.empty() || table.count(schedule.key);
    };
    return std::all_of(report.program.kernels.begin(), report.program.kernels.end(), [&](auto &kernel) {
      return std::any_of(kernel.schedules.begin(), kernel.schedules.end(), isKnown);
    });
  }

  /// Runs the trial; `times` then has each kernel's time by its key.
  CompileStatus measure() {
    auto timing = measureLibrary(options.output, report.program, secondsPerTrial);
    if (!timing) {
      fmt::print(stderr, "ingotc: error: --tune: the library could not be measured on this machine\n");
      return CompileStatus::BadInput;
    }
    variant = (*timing)["variant"];
    times.clear();
    total = 0;
    for (size_t i = 0; i < report.program.launches.size(); ++i) {
      double time = (*timing)["launches"][i]["least_us"];
      total += time;
      if (const ProgramReport::Schedule *schedule = scheduleOf(report.program.launches[i].kernel))
        times[schedule->key] += time;
    }
    return CompileStatus::Done;
  }

  const ProgramReport::Schedule *scheduleOf(size_t kernel) {
    for (const ProgramReport::Schedule &schedule : report.program.kernels[kernel].schedules)
      if (schedule.variant == variant)
        return &schedule;
    return nullptr;
  }

  /// The kernels worth measuring, each with the cost model's choice as its first trial; for others that is all.
  void start() {
    for (size_t kernel = 0; kernel < report.program.kernels.size(); ++kernel) {
      const ProgramReport::Schedule *schedule = scheduleOf(kernel);
      if (!schedule || schedule->alternatives.empty() || table.count(schedule->key))
        continue;
      TunedKernel entry{schedule->block, {{schedule->block, times[schedule->key]}}};
      if (times[schedule->key] < leastShare * total) {
        table[schedule->key] = entry;
        continue;
      }
      open[schedule->key] = entry;
      alternatives[schedule->key] = schedule->alternatives;
      longest = std::max(longest, schedule->alternatives.size());
    }
  }

  void chooseTrial(size_t trial) {
    options.blocks = chosenBlocks(table);
    for (auto &[key, list] : alternatives)
      if (trial < list.size())
        options.blocks[key] = list[trial];
  }

  void record(size_t trial) {
    for (auto &[key, kernel] : open)
      if (trial < alternatives[key].size())
        kernel.trials.push_back({alternatives[key][trial], times[key]});
  }

  /// Takes the best of each kernel's trials into the table, if it is as good when it is measured once more: on a busy
  /// machine one good figure may be luck.
  CompileStatus confirm() {
    bool isChanged = false;
    for (auto &[key, kernel] : open) {
      auto best = std::min_element(kernel.trials.begin(), kernel.trials.end(),
                                   [](auto &a, auto &b) { return a.microseconds < b.microseconds; });
      if (isWorthIt(best->microseconds, kernel)) {
        kernel.block = best->block;
        isChanged = true;
      }
      options.blocks[key] = kernel.block;
    }
    if (isChanged)
      if (CompileStatus status = measureTrial("measuring the best schedules again"); status != CompileStatus::Done)
        return status;
    for (auto &[key, kernel] : open) {
      if (isChanged && !isWorthIt(times[key], kernel))
        kernel.block = kernel.trials.front().block;
      table[key] = kernel;
    }
    return CompileStatus::Done;
  }

  /// Compared with the cost model's choice.
  static bool isWorthIt(double microseconds, const TunedKernel &kernel) {
    return microseconds < (1 - leastGain) * kernel.trials.front().microseconds;
  }

  CompileOptions options;
  TuningTable &table;
  const CompileEvents &events;
  TrialFolder folder{"tune"};
  CompileReport report;
  std::string variant;
  std::map<std::string, double> times; // microseconds of all launches of a kernel
  double total = 0;
  TuningTable open; // kernels being measured
  std::map<std::string, std::vector<RegisterBlock>> alternatives;
  size_t longest = 0;
};

} // namespace

CompileStatus tune(CompileOptions options, TuningTable &table, const CompileEvents &events) {
  return Tuner(std::move(options), table, events).run();
}

} // namespace ingot
