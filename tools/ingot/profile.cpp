// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ingot bench --profile: the time of each launch.
#include "Commands.h"
#include "Profile.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <numeric>

namespace ingot {
namespace {

struct Recorder {
  std::vector<std::vector<float>> microseconds; // by launch, then run

  static void add(void *state, int32_t launch, int64_t nanoseconds) {
    static_cast<Recorder *>(state)->microseconds[static_cast<size_t>(launch)].push_back(
        static_cast<float>(nanoseconds) / 1e3f);
  }

  std::vector<LaunchTime> summarize() {
    std::vector<LaunchTime> times;
    for (std::vector<float> &all : microseconds) {
      auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
      std::nth_element(all.begin(), middle, all.end());
      times.push_back({*std::min_element(all.begin(), all.end()), *middle});
    }
    return times;
  }
};

} // namespace

std::vector<std::vector<LaunchTime>> profileInTurns(const std::vector<ProfiledRun> &runs, double seconds) {
  using Clock = std::chrono::steady_clock;
  constexpr int mostRuns = 10000;
  constexpr std::chrono::milliseconds turn(20);
  std::vector<Recorder> recorders;
  for (const ProfiledRun &run : runs)
    recorders.push_back({std::vector<std::vector<float>>(static_cast<size_t>(run.library.description().launch_count))});
  auto end = Clock::now() + std::chrono::duration<double>(seconds * static_cast<double>(runs.size()));
  int64_t count = 0;
  do
    for (size_t i = 0; i < runs.size(); ++i) {
      auto endOfTurn = Clock::now() + turn;
      runs[i].library.setProfiler(Recorder::add, &recorders[i]);
      do {
        runs[i].library.run(runs[i].inputs, runs[i].outputs);
        ++count;
      } while (Clock::now() < endOfTurn && Clock::now() < end);
      runs[i].library.setProfiler(nullptr, nullptr);
    }
  while (Clock::now() < end && count < mostRuns * static_cast<int64_t>(runs.size()));
  std::vector<std::vector<LaunchTime>> times;
  for (Recorder &recorder : recorders)
    times.push_back(recorder.summarize());
  return times;
}

std::vector<LaunchTime> profile(Library &library, const std::vector<ingot_tensor> &inputs,
                                const std::vector<ingot_tensor> &outputs, double seconds) {
  return profileInTurns({{library, inputs, outputs}}, seconds).front();
}

void printProfile(const Library &library, const std::vector<LaunchTime> &times) {
  std::vector<size_t> order(times.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return times[a].least > times[b].least; });
  double total = 0, sum = 0;
  for (const LaunchTime &time : times)
    total += time.least;
  fmt::print("\n{:>10} {:>10} {:>6} {:>6}  launch, kernel, node\n", "least us", "median us", "%", "sum %");
  for (size_t launch : order) {
    sum += times[launch].least;
    fmt::print("{:10.2f} {:10.2f} {:6.1f} {:6.1f}  {} {}\n", times[launch].least, times[launch].median,
               100 * times[launch].least / total, 100 * sum / total, launch,
               library.description().launch_names[launch]);
  }
}

} // namespace ingot
