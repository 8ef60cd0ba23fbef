// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ingot bench --profile: the time of each kernel.
#include "Commands.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <numeric>

namespace ingot {
namespace {

struct Profile {
  std::vector<int64_t>
      nanoseconds; // by launch, the least of all runs: what other programs do on the machine is left out
  static void add(void *state, int32_t launch, int64_t time) {
    int64_t &least = static_cast<Profile *>(state)->nanoseconds[static_cast<size_t>(launch)];
    least = std::min(least, time);
  }
};

} // namespace

void printProfile(Library &library, const std::vector<ingot_tensor> &inputs, const std::vector<ingot_tensor> &outputs,
                  double seconds) {
  const ingot_description &about = library.description();
  Profile profile{std::vector<int64_t>(static_cast<size_t>(about.launch_count), INT64_MAX)};
  library.setProfiler(Profile::add, &profile);
  auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  do
    library.run(inputs, outputs);
  while (std::chrono::steady_clock::now() < end);
  library.setProfiler(nullptr, nullptr);

  std::vector<size_t> order(profile.nanoseconds.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return profile.nanoseconds[a] > profile.nanoseconds[b]; });
  double total =
      static_cast<double>(std::accumulate(profile.nanoseconds.begin(), profile.nanoseconds.end(), int64_t(0)));
  fmt::print("\n{:>10} {:>6} {:>6}  launch, kernel, node\n", "least us", "%", "sum %");
  double sum = 0;
  for (size_t launch : order) {
    double time = static_cast<double>(profile.nanoseconds[launch]);
    sum += time;
    fmt::print("{:10.2f} {:6.1f} {:6.1f}  {} {}\n", time / 1e3, 100 * time / total, 100 * sum / total, launch,
               about.launch_names[launch]);
  }
}

} // namespace ingot
