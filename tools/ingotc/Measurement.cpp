//===- Measurement.cpp - What a library does on this machine --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "tools/ingotc/Measurement.h"
#include "tools/process/Sibling.h"
#include <fmt/core.h>

namespace ingot {

static std::optional<nlohmann::json> ask(const std::vector<std::string> &arguments) {
  std::string output;
  int code = runSibling("ingot", arguments, &output);
  nlohmann::json answer = code == 0 ? nlohmann::json::parse(output, nullptr, /*allow_exceptions=*/false) : nullptr;
  if (answer.is_object())
    return answer;
  if (code < 0)
    fmt::print(stderr, "ingotc: error: ingot, which measures libraries, cannot be started, or crashed\n");
  return std::nullopt;
}

static std::optional<nlohmann::json> askBench(std::vector<std::string> arguments, const ProgramReport &program,
                                              double seconds) {
  arguments.insert(arguments.begin(), "bench");
  for (const std::string &word : {std::string("--json"), std::string("--seconds"), fmt::format("{}", seconds)})
    arguments.push_back(word);
  for (const ProgramReport::Symbol &symbol : program.symbols) {
    arguments.push_back("--dim");
    arguments.push_back(fmt::format("{}={}", symbol.name, symbol.value));
  }
  return ask(arguments);
}

std::optional<nlohmann::json> measureLibrary(const std::string &library, const ProgramReport &program, double seconds) {
  return askBench({library, "--profile"}, program, seconds);
}

std::optional<nlohmann::json> measureBeside(const std::string &library, const std::string &other,
                                            const ProgramReport &program, double seconds) {
  return askBench({library, "--beside", other}, program, seconds);
}

std::optional<nlohmann::json> compareLibraries(const std::string &library, const std::string &reference,
                                               const std::string &npz) {
  std::vector<std::string> arguments = {"compare", library, reference, "--json"};
  if (!npz.empty()) {
    arguments.push_back("--npz");
    arguments.push_back(npz);
  }
  return ask(arguments);
}

std::optional<nlohmann::json> measureMachine(int threads) {
  return ask({"machine", "--json", "--threads", std::to_string(threads)});
}

} // namespace ingot
