// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ingot machine: the ceilings of this machine.
#include "Commands.h"
#include "Peak.h"
#include "tools/process/ProcessorName.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <thread>

namespace ingot {
namespace {

struct MachineOptions {
  int32_t threads = 0;
  bool json = false;
};

void machine(const MachineOptions &options) {
  int32_t threads =
      options.threads ? options.threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  MachinePeak peak = measureMachine(threads);
  if (options.json) {
    nlohmann::ordered_json bandwidths = nlohmann::ordered_json::array();
    for (const MachinePeak::Bandwidth &bandwidth : peak.bandwidths)
      bandwidths.push_back({{"bytes", bandwidth.bytes}, {"gb_per_s", bandwidth.gigabytesPerSecond}});
    nlohmann::ordered_json json = {{"processor", processorName()},
                                   {"threads", peak.threads},
                                   {"instructions", peak.instructions},
                                   {"gflops", peak.gigaflops},
                                   {"bandwidths", bandwidths}};
    fmt::print("{}\n", json.dump());
    return;
  }
  fmt::print("{} ({} threads, {}): {:.1f} GFLOP/s\n", processorName(), peak.threads, peak.instructions, peak.gigaflops);
  for (const MachinePeak::Bandwidth &bandwidth : peak.bandwidths)
    fmt::print("{:>10.2f} MB in use: {:8.1f} GB/s\n", static_cast<double>(bandwidth.bytes) / 1e6,
               bandwidth.gigabytesPerSecond);
}

} // namespace

void addMachine(CLI::App &app) {
  auto options = std::make_shared<MachineOptions>();
  CLI::App *command = app.add_subcommand("machine", "Measure what this machine can do at most: arithmetic and memory");
  command->add_option("--threads", options->threads, "Number of threads (default: all cores)")
      ->check(CLI::PositiveNumber);
  command->add_flag("--json", options->json, "Print one JSON document");
  command->callback([options] { machine(*options); });
}

} // namespace ingot
