// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ingot bench --profile: the time of each launch.
#include "Commands.h"

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
};

} // namespace

std::vector<LaunchTime> profile(Library &library, const std::vector<ingot_tensor> &inputs,
                                const std::vector<ingot_tensor> &outputs, double seconds) {
  constexpr int mostRuns = 10000;
  Recorder recorder{std::vector<std::vector<float>>(static_cast<size_t>(library.description().launch_count))};
  library.setProfiler(Recorder::add, &recorder);
  auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  for (int run = 0; run < mostRuns && (run == 0 || std::chrono::steady_clock::now() < end); ++run)
    library.run(inputs, outputs);
  library.setProfiler(nullptr, nullptr);
  std::vector<LaunchTime> times;
  for (std::vector<float> &all : recorder.microseconds) {
    auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
    std::nth_element(all.begin(), middle, all.end());
    times.push_back({*std::min_element(all.begin(), all.end()), *middle});
  }
  return times;
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
