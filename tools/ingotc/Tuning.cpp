//===- Tuning.cpp - ingotc --tune: schedules by measurement ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Trial r compiles the program with the r-th alternative of every kernel at once: kernels run one after the other, so
// each is judged alone, and a program takes as many trials as its kernel with the most alternatives has. Algorithms
// come first, since the kernels whose work is then to be divided depend on them. A trial runs in turns with the program
// of the cost model's choices, so that what slows the machine for a while slows both.
//
//===----------------------------------------------------------------------===//
#include "tools/ingotc/Tuning.h"
#include "tools/ingotc/Measurement.h"
#include "tools/ingotc/TrialFolder.h"
#include <algorithm>
#include <chrono>
#include <fmt/core.h>

namespace ingot {
namespace {

constexpr size_t mostTrials = 8;
/// How long each of two programs runs in a comparison: for so many runs, within bounds in seconds.
constexpr double runsPerTrial = 40, shortestTrial = 0.1, longestTrial = 1.2;
/// No further trial begins when it would end later than this. Algorithms may take half of it.
constexpr double mostSeconds = 42;
/// Kernels below this share of a run keep the cost model's choice.
constexpr double leastShare = 0.002;
/// What another choice must gain before it replaces the cost model's: less is noise.
constexpr double leastGain = 0.03;
/// Launches that take longer are worth all threads; whether shorter ones are depends on how fast threads wake.
constexpr double shortLaunch = 60;

using Decision = ProgramReport::Decision;
using Part = Decision ProgramReport::Schedule::*;

/// What a program's launches took for one key: predicted and measured microseconds, and how many they are.
struct Sum {
  double predicted = 0, microseconds = 0;
  int64_t launches = 0;
};

struct Program {
  std::string path;
  CompileReport report;
  std::map<std::string, Sum> sums; // by Decision::key, algorithms and divisions
  double total = 0;                // microseconds of a run
};

/// Other grains, in items: all on one thread, and one piece for each thread.
std::vector<KernelChoice> otherGrains(const ProgramReport::Schedule &schedule, int threads) {
  std::vector<KernelChoice> found;
  auto add = [&](int64_t grain) {
    KernelChoice choice = schedule.division.choice;
    choice.grain = grain;
    found.push_back(choice);
  };
  int64_t items = schedule.items, share = items / threads;
  if (threads < 2 || items < 2)
    return found;
  if (items / schedule.grain > 1)
    add(items);
  if (share >= 1 && (items / schedule.grain <= 1 || share > schedule.grain))
    add(share);
  return found;
}

/// Puts `more` behind the two likeliest.
void insertSecond(std::vector<KernelChoice> &list, const std::vector<KernelChoice> &more) {
  list.insert(list.begin() + int64_t(std::min<size_t>(list.size(), 2)), more.begin(), more.end());
}

class Tuner {
public:
  Tuner(CompileOptions options, TuningTable &table, const CompileEvents &events)
      : options(std::move(options)), table(table), events(events) {}

  CompileStatus run() {
    options.explain = true;
    base.path = (folder.path / "base.so").string();
    trial.path = (folder.path / "trial.so").string();
    options.choices = choicesOf(table);
    if (CompileStatus status = compileTo(base, "looking for what to measure"); status != CompileStatus::Done)
      return status;
    if (isEverythingKnown(&ProgramReport::Schedule::algorithm) && isEverythingKnown(&ProgramReport::Schedule::division))
      return CompileStatus::Done;
    if (CompileStatus status = measureBase(shortestTrial); status != CompileStatus::Done)
      return status;
    bool isForOneVariant = options.cpu == variant;
    options.cpu = variant; // only the code that runs here is compiled from now on
    if (!isForOneVariant)
      if (CompileStatus status = compileBase(); status != CompileStatus::Done)
        return status;
    CompileStatus status = explore(&ProgramReport::Schedule::algorithm, "algorithms", mostSeconds / 2);
    return status == CompileStatus::Done ? explore(&ProgramReport::Schedule::division, "schedules", mostSeconds)
                                         : status;
  }

private:
  CompileStatus compileTo(Program &program, const std::string &phrase) {
    CompileEvents quiet;
    quiet.onDiagnostic = events.onDiagnostic;
    if (events.onStage)
      events.onStage(phrase);
    options.output = program.path;
    program.report = CompileReport();
    return compile(options, program.report, quiet);
  }

  /// The program of what the table says, which trials are compared with.
  CompileStatus compileBase() {
    options.choices = choicesOf(table);
    return compileTo(base, "compiling what alternatives are compared with");
  }

  /// Whether each kernel with something to decide is in the table, for one instruction set at least: only one runs
  /// here.
  bool isEverythingKnown(Part part) const {
    auto isKnown = [&](const ProgramReport::Schedule &schedule) {
      bool isOpen =
          !(schedule.*part).alternatives.empty() || (part == &ProgramReport::Schedule::division && schedule.items > 1);
      return !isOpen || table.count((schedule.*part).key);
    };
    return std::all_of(base.report.program.kernels.begin(), base.report.program.kernels.end(), [&](auto &kernel) {
      return std::any_of(kernel.schedules.begin(), kernel.schedules.end(), isKnown);
    });
  }

  /// Runs the base for so long and adds up its launches' least times.
  CompileStatus measureBase(double seconds) {
    return add(measureLibrary(base.path, base.report.program, seconds), nullptr);
  }

  /// Runs the base and the trial in turns.
  CompileStatus compare() {
    return add(measureBeside(base.path, trial.path, base.report.program, secondsPerTrial()), &trial);
  }

  CompileStatus add(const std::optional<nlohmann::json> &timing, Program *beside) {
    if (!timing) {
      fmt::print(stderr, "ingotc: error: --tune: the library could not be measured on this machine\n");
      return CompileStatus::BadInput;
    }
    variant = (*timing)["variant"];
    threads = (*timing)["threads"];
    add((*timing)["launches"], base);
    if (beside)
      add((*timing)["beside"]["launches"], *beside);
    return CompileStatus::Done;
  }

  void add(const nlohmann::json &launches, Program &program) {
    const ProgramReport &report = program.report.program;
    program.sums.clear();
    program.total = 0;
    for (size_t i = 0; i < report.launches.size(); ++i) {
      double time = launches[i]["least_us"];
      program.total += time;
      if (const ProgramReport::Schedule *schedule = scheduleOf(report.kernels[report.launches[i].kernel]))
        for (const Decision *decision : {&schedule->algorithm, &schedule->division}) {
          Sum &sum = program.sums[decision->key];
          sum.microseconds += time;
          sum.predicted += predictLaunch(*schedule, *decision, threads);
          ++sum.launches;
        }
    }
  }

  CompileStatus compareTrial(const std::string &phrase) {
    CompileStatus status = compileTo(trial, fmt::format("{}, {:.0f} s", phrase, elapsed()));
    return status == CompileStatus::Done ? compare() : status;
  }

  const ProgramReport::Schedule *scheduleOf(const ProgramReport::Kernel &kernel) const {
    for (const ProgramReport::Schedule &schedule : kernel.schedules)
      if (schedule.variant == variant)
        return &schedule;
    return nullptr;
  }

  double secondsPerTrial() const { return std::clamp(runsPerTrial * base.total * 1e-6, shortestTrial, longestTrial); }

  double elapsed() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - beginning).count(); }

  /// Measures one kind of decision; `limit` is in seconds since the beginning.
  CompileStatus explore(Part part, const char *what, double limit) {
    if (isEverythingKnown(part))
      return CompileStatus::Done;
    if (CompileStatus status = measureBase(shortestTrial); status != CompileStatus::Done)
      return status;
    start(part);
    size_t trials = 0;
    for (auto &[key, list] : alternatives)
      trials = std::max(trials, std::min(mostTrials, list.size()));
    double longest = 0;
    for (size_t number = 0; number < trials && (number == 0 || elapsed() + longest < limit); ++number) {
      double before = elapsed();
      chooseTrial(number);
      std::string phrase = fmt::format("measuring {} {} of {} for {} kernels", what, number + 1, trials, open.size());
      if (CompileStatus status = compareTrial(phrase); status != CompileStatus::Done)
        return status;
      record(number);
      longest = std::max(longest, elapsed() - before);
    }
    return confirm(fmt::format("measuring the best {} again", what));
  }

  /// The kernels worth measuring, each with the cost model's choice as its first trial; for others that is all.
  void start(Part part) {
    open.clear();
    alternatives.clear();
    for (const ProgramReport::Kernel &kernel : base.report.program.kernels) {
      const ProgramReport::Schedule *schedule = scheduleOf(kernel);
      const Decision *decision = schedule ? &(schedule->*part) : nullptr;
      if (!decision || decision->key.empty() || table.count(decision->key) || open.count(decision->key))
        continue;
      std::vector<KernelChoice> others = decision->alternatives;
      const Sum &sum = base.sums[decision->key];
      if (decision == &schedule->division && sum.microseconds < shortLaunch * double(sum.launches))
        insertSecond(others, otherGrains(*schedule, threads));
      if (decision->alternatives.empty() && (decision == &schedule->algorithm || schedule->items <= 1))
        continue; // packing for another kernel, or nothing to choose
      TunedKernel entry{decision->choice, {{decision->choice, sum.predicted, sum.microseconds, sum.microseconds}}};
      if (others.empty() || sum.microseconds < leastShare * base.total) {
        table[decision->key] = entry;
        continue;
      }
      open[decision->key] = entry;
      alternatives[decision->key] = others;
    }
  }

  void chooseTrial(size_t number) {
    options.choices = choicesOf(table);
    for (auto &[key, list] : alternatives)
      if (number < list.size())
        options.choices[key] = list[number];
  }

  void record(size_t number) {
    for (auto &[key, kernel] : open) {
      // What became part of another kernel has no time of its own.
      auto tried = trial.sums.find(key), model = base.sums.find(key);
      if (number >= alternatives[key].size() || tried == trial.sums.end() || model == base.sums.end())
        continue;
      TunedKernel::Trial &first = kernel.trials.front();
      first.microseconds = first.model = std::min(first.model, model->second.microseconds);
      kernel.trials.push_back(
          {alternatives[key][number], tried->second.predicted, tried->second.microseconds, model->second.microseconds});
    }
  }

  /// Takes the best of each kernel's trials into the table, if it is as good when it is measured once more: on a busy
  /// machine one good figure may be luck.
  CompileStatus confirm(const std::string &phrase) {
    bool isChanged = false;
    options.choices = choicesOf(table);
    for (auto &[key, kernel] : open) {
      auto best = std::min_element(kernel.trials.begin(), kernel.trials.end(), [](auto &a, auto &b) {
        return a.microseconds * b.model < b.microseconds * a.model;
      });
      if (isWorthIt(best->microseconds, best->model)) {
        kernel.choice = best->choice;
        isChanged = true;
      }
      options.choices[key] = kernel.choice;
    }
    if (isChanged)
      if (CompileStatus status = compareTrial(phrase); status != CompileStatus::Done)
        return status;
    bool isKept = true;
    for (auto &[key, kernel] : open) {
      if (!(kernel.choice == kernel.trials.front().choice) &&
          !isWorthIt(trial.sums[key].microseconds, base.sums[key].microseconds)) {
        kernel.choice = kernel.trials.front().choice;
        isKept = false;
      }
      table[key] = kernel;
    }
    if (isChanged && isKept) {
      std::swap(base, trial);
      return CompileStatus::Done;
    }
    return isChanged ? compileBase() : CompileStatus::Done;
  }

  static bool isWorthIt(double microseconds, double model) { return microseconds < (1 - leastGain) * model; }

  CompileOptions options;
  TuningTable &table;
  const CompileEvents &events;
  TrialFolder folder{"tune"};
  std::chrono::steady_clock::time_point beginning = std::chrono::steady_clock::now();
  Program base, trial;
  std::string variant;
  int threads = 1;
  TuningTable open; // what is being measured
  std::map<std::string, std::vector<KernelChoice>> alternatives;
};

} // namespace

double predictLaunch(const ProgramReport::Schedule &schedule, const Decision &decision, int threads) {
  int64_t pieces = schedule.grain > 0 ? schedule.items / schedule.grain : 1;
  return decision.microseconds / double(std::clamp<int64_t>(pieces, 1, threads));
}

CompileStatus tune(CompileOptions options, TuningTable &table, const CompileEvents &events) {
  return Tuner(std::move(options), table, events).run();
}

} // namespace ingot
