//===- TuningFile.cpp - Measured choices between compilations -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "tools/ingotc/Tuning.h"
#include "tools/ingotc/WholeFile.h"
#include "tools/process/ProcessorName.h"
#include <cmath>
#include <filesystem>
#include <fmt/core.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

namespace ingot {
namespace {

constexpr int version = 2;
constexpr const char *versionKey = "ingot-tuning";

/// What measurements hold for.
std::string thisMachine() {
  std::string processor = processorName();
  return fmt::format("{}, {} threads", processor.empty() ? "unknown processor" : processor,
                     std::max(1u, std::thread::hardware_concurrency()));
}

/// Reads an integer member into `value`, if there is one; false when it is none or out of bounds.
bool read(const Json &object, const char *name, int64_t least, int64_t most, int64_t &value) {
  if (!object.contains(name))
    return true;
  if (!object[name].is_number_integer())
    return false;
  value = object[name].get<int64_t>();
  return value >= least && value <= most;
}

/// Codegen takes any choice that is not absurd; a file is data from outside.
std::optional<KernelChoice> choiceFrom(const Json &object) {
  constexpr int64_t mostRows = 64, mostVectors = 16, mostChunk = 1 << 20, mostGrain = int64_t(1) << 40, mostTile = 4;
  KernelChoice choice;
  if (!object.is_object())
    return std::nullopt;
  if (object.contains("block")) {
    const Json &block = object["block"];
    if (!block.is_array() || block.size() != 2)
      return std::nullopt;
    Json named = {{"rows", block[0]}, {"vectors", block[1]}};
    if (!read(named, "rows", 1, mostRows, choice.rows) || !read(named, "vectors", 1, mostVectors, choice.vectors))
      return std::nullopt;
  }
  bool isSensible = read(object, "chunk", 0, mostChunk, choice.chunk) &&
                    read(object, "grain", 1, mostGrain, choice.grain) &&
                    read(object, "winograd", 0, mostTile, choice.tile);
  return isSensible ? std::optional(choice) : std::nullopt;
}

std::optional<TunedKernel> kernelFrom(const Json &entry) {
  auto choice = entry.is_object() && entry.contains("choice") ? choiceFrom(entry["choice"]) : std::nullopt;
  if (!choice)
    return std::nullopt;
  TunedKernel kernel{*choice, {}};
  auto number = [](const Json &trial, const char *name) {
    return trial.contains(name) && trial[name].is_number() ? trial[name].get<double>() : 0.0;
  };
  for (const Json &trial : entry.value("measured", Json::array()))
    if (auto tried = choiceFrom(trial))
      kernel.trials.push_back({*tried, number(trial, "predicted_us"), number(trial, "us"), number(trial, "model_us")});
  return kernel;
}

OrderedJson toJson(const KernelChoice &choice) {
  OrderedJson json = OrderedJson::object();
  if (choice.rows > 0)
    json["block"] = {choice.rows, choice.vectors};
  if (choice.chunk >= 0)
    json["chunk"] = choice.chunk;
  if (choice.grain > 0)
    json["grain"] = choice.grain;
  if (choice.tile >= 0)
    json["winograd"] = choice.tile;
  return json;
}

OrderedJson toJson(const TunedKernel &kernel) {
  auto rounded = [](double microseconds) { return std::round(microseconds * 1000) / 1000; };
  OrderedJson trials = OrderedJson::array();
  for (const TunedKernel::Trial &trial : kernel.trials) {
    OrderedJson json = toJson(trial.choice);
    if (trial.predicted > 0)
      json["predicted_us"] = rounded(trial.predicted);
    json["us"] = rounded(trial.microseconds);
    json["model_us"] = rounded(trial.model);
    trials.push_back(json);
  }
  return {{"choice", toJson(kernel.choice)}, {"measured", trials}};
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
  if (!json.is_object() || !json.contains(versionKey))
    return path + ": is not a tuning file";
  if (json[versionKey] != version)
    return fmt::format("{}: has version {} of tuning files, this is {}; delete it to measure again", path,
                       json[versionKey].dump(), version);
  if (!json.contains("kernels") || !json["kernels"].is_object() || !json.contains("machine") ||
      !json["machine"].is_string())
    return path + ": is not a whole tuning file";
  if (std::string machine = json["machine"]; machine != thisMachine())
    return fmt::format("{}: was measured on another machine ({}; this is {}): name another file, or delete it to "
                       "measure again",
                       path, machine, thisMachine());
  for (auto &[key, entry] : json["kernels"].items()) {
    auto kernel = kernelFrom(entry);
    if (!kernel)
      return fmt::format("{}: kernel \"{}\" has no valid choice of block, chunk, grain or winograd", path, key);
    table[key] = *kernel;
  }
  return {};
}

std::string writeTuning(const std::string &path, const TuningTable &table) {
  OrderedJson kernels = OrderedJson::object();
  for (auto &[key, kernel] : table)
    kernels[key] = toJson(kernel);
  OrderedJson json = {{versionKey, version}, {"machine", thisMachine()}, {"kernels", kernels}};
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::absolute(path).parent_path(), error);
  return writeWholeFile(path, json.dump(1) + "\n") ? std::string() : "cannot write " + path;
}

std::map<std::string, KernelChoice> choicesOf(const TuningTable &table) {
  std::map<std::string, KernelChoice> choices;
  for (auto &[key, kernel] : table)
    choices[key] = kernel.choice;
  return choices;
}

} // namespace ingot
