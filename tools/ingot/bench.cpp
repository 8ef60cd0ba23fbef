// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ingot bench: time from load to first result, and of many runs after it.
#include "Allocations.h"
#include "Commands.h"
#include "MadeInputs.h"
#include "Profile.h"
#include "State.h"
#include "tools/process/PeakMemory.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ingot {
namespace {

struct BenchOptions {
  std::string library, beside, npz, entry;
  std::vector<std::string> dims;
  int32_t threads = 0;
  double seconds = 1;
  bool json = false, profile = false;
};

struct Timing {
  double loadMs = 0, firstMs = 0, minMs = 0, medianMs = 0, p99Ms = 0;
  int64_t runs = 0, allocations = 0;
  int64_t arenaBytes = 0; // for the sizes that ran
};

double now() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Keeps a bounded sample of many times, so that measuring takes no memory worth mentioning: when full, it drops every
// other one and from then on takes only every second, fourth, ... time.
class Sample {
public:
  Sample() { kept.reserve(most); }

  void add(double time) {
    smallest = std::min(smallest, time);
    if (++count % stride)
      return;
    if (kept.size() == most) {
      for (size_t i = 0; i < most / 2; ++i)
        kept[i] = kept[2 * i];
      kept.resize(most / 2);
      stride *= 2;
    }
    kept.push_back(static_cast<float>(time));
  }

  void finish(Timing &timing) {
    std::sort(kept.begin(), kept.end());
    timing.minMs = smallest;
    timing.medianMs = kept[kept.size() / 2];
    timing.p99Ms = kept[std::min(kept.size() - 1, kept.size() * 99 / 100)];
    timing.runs = count;
  }

private:
  static constexpr size_t most = 1 << 16;
  std::vector<float> kept;
  double smallest = INFINITY;
  int64_t count = 0, stride = 1;
};

// Runs for the given time, and at least three times.
void measure(Library &library, const std::vector<ingot_tensor> &inputs, const std::vector<ingot_tensor> &outputs,
             double seconds, Timing &timing) {
  Sample sample;
  int64_t before = countAllocations();
  double end = now() + seconds * 1e3, last = now();
  for (int runs = 0; last < end || runs < 3; ++runs) {
    library.run(inputs, outputs);
    double time = now();
    sample.add(time - last);
    last = time;
  }
  timing.allocations = countAllocations() - before;
  sample.finish(timing);
}

nlohmann::ordered_json toJson(const Library &library, const std::vector<LaunchTime> &launches) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (size_t i = 0; i < launches.size(); ++i)
    list.push_back({{"name", library.description().launch_names[i]},
                    {"least_us", launches[i].least},
                    {"median_us", launches[i].median}});
  return list;
}

void report(const Timing &timing, Library &library, const std::vector<LaunchTime> &launches, bool asJson) {
  const ingot_description &about = library.description();
  if (asJson) {
    nlohmann::ordered_json json = {{"load_ms", timing.loadMs},     {"first_ms", timing.firstMs},
                                   {"min_ms", timing.minMs},       {"median_ms", timing.medianMs},
                                   {"p99_ms", timing.p99Ms},       {"runs", timing.runs},
                                   {"threads", library.threads()}, {"arena_bytes", timing.arenaBytes},
                                   {"rss_bytes", peakMemory()},    {"allocations", timing.allocations}};
    if (!launches.empty()) {
      json["variant"] = about.variant;
      json["launches"] = toJson(library, launches);
    }
    // Names are bytes of the model's choosing.
    fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  fmt::print("{} ({}, {} threads): median {:.4f} ms, min {:.4f}, 99 % {:.4f}, {} runs\n", about.name, about.variant,
             library.threads(), timing.medianMs, timing.minMs, timing.p99Ms, timing.runs);
  fmt::print(
      "load {:.3f} ms, first run {:.3f} ms; arena {} bytes, peak memory {:.1f} MB, {} allocations while running\n",
      timing.loadMs, timing.firstMs, timing.arenaBytes, static_cast<double>(peakMemory()) / 1e6, timing.allocations);
  if (!launches.empty())
    printProfile(library, launches);
}

// A library, opened, with what to run it on.
struct Subject {
  Subject(const std::string &path, const BenchOptions &options)
      : first(path), library(options.entry.empty() ? first : first.entry(options.entry)), state(first) {
    if (options.threads)
      library.setThreads(options.threads);
    if (!state.isEmpty())
      library.bindState(state.data());
    fixedBytes = library.sessionBytes(); // opens the session
  }

  void prepare(const BenchOptions &options) {
    ArrayMap read;
    if (!options.npz.empty())
      read = readNpz(options.npz);
    arrays = options.npz.empty() ? makeInputs(library, {options.dims, 0, 1}) : std::move(read);
    inputs = library.orderInputs(arrays);
    results = library.makeOutputs(inputs);
    outputs = tensorsOf(results);
  }

  ProfiledRun profiled() { return {library, inputs, outputs}; }

  Library first, &library;
  State state;
  int64_t fixedBytes; // before the first run
  ArrayMap arrays;
  std::vector<Array> results;
  std::vector<ingot_tensor> inputs, outputs;
};

// The launches of two libraries, in turns.
void benchBeside(const BenchOptions &options) {
  Subject one(options.library, options), other(options.beside, options);
  for (Subject *subject : {&one, &other}) {
    subject->prepare(options);
    subject->library.run(subject->inputs, subject->outputs);
  }
  std::vector<std::vector<LaunchTime>> launches = profileInTurns({one.profiled(), other.profiled()}, options.seconds);
  if (options.json) {
    nlohmann::ordered_json json = {
        {"threads", one.library.threads()},
        {"variant", one.library.description().variant},
        {"launches", toJson(one.library, launches[0])},
        {"beside",
         {{"variant", other.library.description().variant}, {"launches", toJson(other.library, launches[1])}}}};
    fmt::print("{}\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  double sums[2] = {};
  for (size_t i : {0, 1})
    for (const LaunchTime &time : launches[i])
      sums[i] += time.least;
  fmt::print("{}: launches {:.2f} us; {}: {:.2f} us, {:.3f} times as long\n", options.library, sums[0], options.beside,
             sums[1], sums[1] / sums[0]);
  if (options.profile) {
    printProfile(one.library, launches[0]);
    printProfile(other.library, launches[1]);
  }
}

void bench(const BenchOptions &options) {
  if (!options.beside.empty())
    return benchBeside(options);
  Timing timing;
  double begin = now();
  Subject subject(options.library, options);
  timing.loadMs = now() - begin;
  subject.prepare(options);
  Library &library = subject.library;
  begin = now();
  library.run(subject.inputs, subject.outputs);
  timing.firstMs = now() - begin;
  // A session allocates the arena when it knows all sizes: for open ones with the first run.
  const ingot_description &about = library.description();
  timing.arenaBytes = about.symbol_count ? library.sessionBytes() - subject.fixedBytes : about.arena_bytes;
  measure(library, subject.inputs, subject.outputs, options.seconds, timing);
  std::vector<LaunchTime> launches;
  if (options.profile)
    launches = profile(library, subject.inputs, subject.outputs, options.seconds);
  report(timing, library, launches, options.json);
}

} // namespace

void addBench(CLI::App &app) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App *command = app.add_subcommand("bench", "Measure a library: load, first run, and many runs");
  command->add_option("library", options->library, "Library made by ingotc")->required();
  command->add_option("--beside", options->beside,
                      "Another library: times the launches of both, which run in turns, and compares their sums");
  command->add_option(
      "--entry", options->entry,
      "What to run: run, train_step, evaluation, or an entry of a recipe (default: the library's first)");
  command->add_option("--threads", options->threads, "Number of threads (default: the cores of this process)")
      ->check(CLI::PositiveNumber);
  command->add_option("--seconds", options->seconds, "How long to measure (default 1)")->check(CLI::NonNegativeNumber);
  command->add_option("--npz", options->npz, "Inputs by name (default: made up)");
  command->add_option("--dim", options->dims, "Size of a symbolic dimension: NAME=N (repeatable)")
      ->allow_extra_args(false);
  command->add_flag("--json", options->json, "Print one JSON document");
  command->add_flag("--profile", options->profile, "Also print the time of each kernel");
  command->callback([options] { bench(*options); });
}

} // namespace ingot
