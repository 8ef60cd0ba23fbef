// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "History.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>

namespace ingot {
namespace {

using nlohmann::json;

// JSON has neither NaN nor infinity.
json encode(double value) {
  return std::isfinite(value) ? json(value) : json(std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
}

double decode(const json &value) {
  if (value.is_number())
    return value.get<double>();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::string word = value.get<std::string>();
  return word == "inf" ? infinity : word == "-inf" ? -infinity : std::numeric_limits<double>::quiet_NaN();
}

json encode(const Figures &figures) {
  json result = json::array({encode(figures.loss)});
  for (double metric : figures.metrics)
    result.push_back(encode(metric));
  return result;
}

Figures decodeFigures(const json &value) {
  Figures figures{decode(value.at(0)), {}};
  for (size_t i = 1; i < value.size(); ++i)
    figures.metrics.push_back(decode(value[i]));
  return figures;
}

// The shortest text that is the same number again; nothing for NaN, as spreadsheets expect.
std::string cell(double value) { return std::isnan(value) ? "" : fmt::format("{}", value); }

std::string cells(const Figures *figures, size_t metrics) {
  if (!figures)
    return std::string(metrics + 1, ',');
  std::string text = "," + cell(figures->loss);
  for (double metric : figures->metrics)
    text += "," + cell(metric);
  return text;
}

} // namespace

double History::monitored(size_t epoch) const {
  const Figures &figures = epochs[epoch].judged();
  auto found = std::find(metrics.begin(), metrics.end(), monitor);
  return found == metrics.end() ? figures.loss : figures.metrics[size_t(found - metrics.begin())];
}

std::optional<size_t> History::best() const {
  std::optional<size_t> best;
  if (monitor == "last" && !epochs.empty())
    return epochs.size() - 1;
  for (size_t i = 0; i < epochs.size(); ++i) {
    double value = monitored(i);
    if (std::isnan(value))
      continue;
    if (!best || (isHigherBetter ? value > monitored(*best) : value < monitored(*best)))
      best = i;
  }
  return best;
}

size_t History::epochsWithoutImprovement() const {
  std::optional<size_t> index = best();
  return index ? epochs.size() - 1 - *index : epochs.size();
}

std::vector<double> History::losses() const {
  std::vector<double> all;
  for (const Epoch &epoch : epochs)
    all.push_back(epoch.judged().loss);
  return all;
}

std::string History::toJson() const {
  json list = json::array();
  for (const Epoch &epoch : epochs)
    list.push_back({{"rate", encode(epoch.rate)},
                    {"training", encode(epoch.training)},
                    {"validation", epoch.validation ? encode(*epoch.validation) : json()},
                    {"seconds", encode(epoch.seconds)},
                    {"examples_per_second", encode(epoch.examplesPerSecond)}});
  return json{{"metrics", metrics}, {"monitor", monitor}, {"higher_is_better", isHigherBetter}, {"epochs", list}}
      .dump();
}

std::optional<History> History::fromJson(const std::string &text) {
  try {
    json document = json::parse(text);
    History history;
    history.metrics = document.at("metrics").get<std::vector<std::string>>();
    history.monitor = document.at("monitor").get<std::string>();
    history.isHigherBetter = document.at("higher_is_better").get<bool>();
    for (const json &entry : document.at("epochs")) {
      Epoch epoch{decode(entry.at("rate")), decodeFigures(entry.at("training")), std::nullopt,
                  decode(entry.at("seconds")), decode(entry.at("examples_per_second"))};
      if (!entry.at("validation").is_null())
        epoch.validation = decodeFigures(entry.at("validation"));
      if (epoch.judged().metrics.size() != history.metrics.size())
        return std::nullopt;
      history.epochs.push_back(std::move(epoch));
    }
    return history;
  } catch (const json::exception &) {
    return std::nullopt;
  }
}

std::string History::toCsv() const {
  std::string text = "epoch,lr";
  for (const char *part : {"train", "val"}) {
    text += fmt::format(",{}_loss", part);
    for (const std::string &metric : metrics)
      text += fmt::format(",{}_{}", part, metric);
  }
  text += ",seconds,examples_per_second\n";
  for (size_t i = 0; i < epochs.size(); ++i) {
    const Epoch &epoch = epochs[i];
    text += fmt::format("{},{}{}{},{:.3f},{:.1f}\n", i + 1, cell(epoch.rate), cells(&epoch.training, metrics.size()),
                        cells(epoch.validation ? &*epoch.validation : nullptr, metrics.size()), epoch.seconds,
                        epoch.examplesPerSecond);
  }
  return text;
}

} // namespace ingot
