//===- TuningFile.cpp - Measured schedules between compilations -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "tools/ingotc/Tuning.h"
#include "tools/ingotc/WholeFile.h"
#include <filesystem>
#include <fmt/core.h>
#include <fstream>
#include <nlohmann/json.hpp>

using Json = nlohmann::json;

namespace ingot {
namespace {

constexpr int version = 1;
constexpr const char *versionKey = "ingot-tuning";

/// Emitters take any block that is not absurd; a file is data from outside.
std::optional<RegisterBlock> blockFrom(const Json &list) {
  if (!list.is_array() || list.size() < 2 || !list[0].is_number_integer() || !list[1].is_number_integer())
    return std::nullopt;
  RegisterBlock block{list[0].get<int64_t>(), list[1].get<int64_t>()};
  bool isSensible = block.rows >= 1 && block.rows <= 64 && block.vectors >= 1 && block.vectors <= 16;
  return isSensible ? std::optional(block) : std::nullopt;
}

std::optional<TunedKernel> kernelFrom(const Json &entry) {
  auto block = entry.is_object() && entry.contains("block") ? blockFrom(entry["block"]) : std::nullopt;
  if (!block)
    return std::nullopt;
  TunedKernel kernel{*block, {}};
  for (const Json &trial : entry.value("measured", Json::array()))
    if (auto tried = blockFrom(trial); tried && trial.size() == 3 && trial[2].is_number())
      kernel.trials.push_back({*tried, trial[2].get<double>()});
  return kernel;
}

} // namespace

std::string defaultTuningFile() {
  const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  std::filesystem::path folder = cache && *cache ? cache : std::string(home ? home : ".") + "/.cache";
  return (folder / "ingot" / "tuning.json").string();
}

std::string readTuning(const std::string &path, TuningTable &table) {
  if (!std::filesystem::exists(path))
    return {};
  std::ifstream file(path, std::ios::binary);
  Json json = Json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains(versionKey) || !json.contains("kernels") || !json["kernels"].is_object())
    return path + ": is not a tuning file";
  if (json[versionKey] != version)
    return fmt::format("{}: has version {} of tuning files, this is {}; delete it to measure again", path,
                       json[versionKey].dump(), version);
  for (auto &[key, entry] : json["kernels"].items()) {
    auto kernel = kernelFrom(entry);
    if (!kernel)
      return fmt::format("{}: kernel \"{}\" has no block of rows and vectors", path, key);
    table[key] = *kernel;
  }
  return {};
}

std::string writeTuning(const std::string &path, const TuningTable &table) {
  nlohmann::ordered_json kernels = nlohmann::ordered_json::object();
  for (auto &[key, kernel] : table) {
    nlohmann::ordered_json trials = nlohmann::ordered_json::array();
    for (const TunedKernel::Trial &trial : kernel.trials)
      trials.push_back({trial.block.rows, trial.block.vectors, trial.microseconds});
    kernels[key] = {{"block", {kernel.block.rows, kernel.block.vectors}}, {"measured", trials}};
  }
  nlohmann::ordered_json json = {{versionKey, version}, {"kernels", kernels}};
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::absolute(path).parent_path(), error);
  return writeWholeFile(path, json.dump(1) + "\n") ? std::string() : "cannot write " + path;
}

std::map<std::string, RegisterBlock> chosenBlocks(const TuningTable &table) {
  std::map<std::string, RegisterBlock> blocks;
  for (auto &[key, kernel] : table)
    blocks[key] = kernel.block;
  return blocks;
}

} // namespace ingot
