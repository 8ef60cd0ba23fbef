// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Schedule.h"

#include "Failure.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <numbers>
#include <sstream>

namespace ingot {
namespace {

/// From `begin` at share 0 to `end` at share 1.
double halfCosine(double begin, double end, double share) {
  return end + (begin - end) * (1 + std::cos(std::numbers::pi * share)) / 2;
}

} // namespace

Schedule Schedule::parse(const std::string &text) {
  static const std::map<std::string, std::pair<Kind, std::map<std::string, double>>> known = {
      {"constant", {Kind::Constant, {{"warmup", 0}}}},
      {"warm-up", {Kind::Constant, {{"warmup", 1}}}},
      {"step", {Kind::Step, {{"size", 10}, {"gamma", 0.1}, {"warmup", 0}}}},
      {"cosine", {Kind::Cosine, {{"min", 0}, {"warmup", 0}}}},
      {"one-cycle", {Kind::OneCycle, {{"start", 0.3}, {"div", 25}, {"final", 1e4}}}},
      {"plateau", {Kind::Plateau, {{"factor", 0.1}, {"patience", 5}, {"threshold", 1e-4}, {"min", 0}, {"warmup", 0}}}}};
  std::string subject = "--schedule " + text, name = text.substr(0, text.find(':'));
  auto found = known.find(name);
  if (found == known.end())
    throw Failure(exitBadUsage, subject, "there are constant, warm-up, step, cosine, one-cycle and plateau");
  Schedule schedule;
  schedule.kind = found->second.first;
  schedule.options = found->second.second;
  std::istringstream list(name.size() < text.size() ? text.substr(name.size() + 1) : "");
  for (std::string item; std::getline(list, item, ',');) {
    size_t equals = item.find('=');
    std::string key = item.substr(0, equals), number = equals == std::string::npos ? "" : item.substr(equals + 1);
    char *rest = nullptr;
    double value = std::strtod(number.c_str(), &rest);
    if (number.empty() || *rest || !std::isfinite(value) || value < 0)
      throw Failure(exitBadUsage, subject, fmt::format("\"{}\" is not KEY=NUMBER with a number from 0", item));
    if (!schedule.options.count(key))
      throw Failure(exitBadUsage, subject, fmt::format("{} has no \"{}\"", name, key));
    schedule.options[key] = value;
  }
  if ((schedule.options.count("size") && schedule.option("size") < 1) ||
      (schedule.options.count("div") && (schedule.option("div") == 0 || schedule.option("final") == 0)))
    throw Failure(exitBadUsage, subject, "size, div and final must be positive");
  return schedule;
}

void Schedule::setLength(int64_t epochCount, int64_t steps) {
  epochs = std::max<int64_t>(1, epochCount);
  stepsPerEpoch = std::max<int64_t>(1, steps);
}

double Schedule::rate(double base, int64_t step, const std::vector<double> &losses) const {
  if (kind == Kind::OneCycle)
    return oneCycle(base, step);
  double warm = std::round(option("warmup") * double(stepsPerEpoch)), total = double(epochs * stepsPerEpoch);
  if (double(step) < warm)
    return base * double(step + 1) / warm;
  if (kind == Kind::Step)
    return base * std::pow(option("gamma"), std::floor(double(step / stepsPerEpoch) / option("size")));
  if (kind == Kind::Cosine)
    return halfCosine(base, option("min"), std::min(1.0, (double(step) - warm) / std::max(1.0, total - warm)));
  return kind == Kind::Plateau ? plateau(base, losses) : base;
}

double Schedule::oneCycle(double base, int64_t step) const {
  double total = double(epochs * stepsPerEpoch), top = option("start") * total - 1, last = total - 1;
  double first = base / option("div");
  if (double(step) <= top)
    return halfCosine(first, base, top > 0 ? double(step) / top : 1);
  return halfCosine(base, first / option("final"), std::min(1.0, (double(step) - top) / std::max(1.0, last - top)));
}

// Follows all epochs from the first, so that a resumed run needs nothing but their losses.
double Schedule::plateau(double base, const std::vector<double> &losses) const {
  double rate = base, best = std::numeric_limits<double>::infinity(), bad = 0;
  for (double loss : losses) {
    bool isBetter = loss < best * (1 - option("threshold"));
    best = isBetter ? loss : best;
    bad = isBetter ? 0 : bad + 1;
    if (bad > option("patience")) {
      rate = std::max(rate * option("factor"), option("min"));
      bad = 0;
    }
  }
  return rate;
}

} // namespace ingot
