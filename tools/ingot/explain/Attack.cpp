// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Attack.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace ingot {
namespace {

using Point = std::span<double>;

double length(std::span<const double> vector) {
  double sum = 0;
  for (double value : vector)
    sum += value * value;
  return std::sqrt(sum);
}

// The nearest point to `point` that is in the ball and within the bounds. With both the Euclidean ball and bounds, a
// point that is in both.
void project(Point point, std::span<const double> centre, const AttackOptions &options) {
  double least = options.bounds ? options.bounds->first : -std::numeric_limits<double>::infinity();
  double greatest = options.bounds ? options.bounds->second : std::numeric_limits<double>::infinity();
  double scale = 1;
  if (options.norm == Norm::Euclidean) {
    std::vector<double> difference(point.size());
    std::transform(point.begin(), point.end(), centre.begin(), difference.begin(), std::minus<>());
    scale = std::min(1.0, options.epsilon / std::max(length(difference), 1e-300));
  }
  for (size_t i = 0; i < point.size(); ++i) {
    double step = (point[i] - centre[i]) * scale;
    if (options.norm == Norm::Largest)
      step = std::clamp(step, -options.epsilon, options.epsilon);
    point[i] = std::clamp(centre[i] + step, std::min(least, centre[i]), std::max(greatest, centre[i]));
  }
}

void ascend(Point point, std::span<const double> gradient, const AttackOptions &options) {
  double scale = options.stepSize / std::max(length(gradient), 1e-300);
  for (size_t i = 0; i < point.size(); ++i)
    point[i] += options.norm == Norm::Euclidean ? gradient[i] * scale
                                                : options.stepSize * double((gradient[i] > 0) - (gradient[i] < 0));
}

// A point of the ball: uniform in each element, brought into the Euclidean ball by its length.
void scatter(Point point, const AttackOptions &options, int64_t example, int64_t restart) {
  std::seed_seq seeds{uint32_t(options.seed), uint32_t(options.seed >> 32), uint32_t(example), uint32_t(restart)};
  std::mt19937_64 random(seeds);
  auto uniform = [&] { return double(random() >> 11) * 0x1p-53; };
  std::vector<double> direction(point.size());
  for (double &value : direction)
    value = 2 * uniform() - 1;
  double scale = options.norm == Norm::Largest ? options.epsilon
                                               : options.epsilon * uniform() / std::max(length(direction), 1e-300);
  for (size_t i = 0; i < point.size(); ++i)
    point[i] += scale * direction[i];
}

// The examples that still withstand, as rows of their own.
struct Survivors {
  std::vector<size_t> places; // in the result
  std::vector<int64_t> examples;
  Rows centres, points;
};

Survivors survivorsOf(const AttackResult &result, const Rows &clean, std::span<const int64_t> examples) {
  Survivors left;
  left.centres.shape = left.points.shape = clean.shape;
  for (size_t i = 0; i < result.isFooled.size(); ++i)
    if (!result.isFooled[i]) {
      left.places.push_back(i);
      left.examples.push_back(examples[i]);
      left.centres.append(clean.row(i));
    }
  left.points.values = left.centres.values;
  return left;
}

// Keeps the points that are worse for the network than what is known.
void keepWorst(const Survivors &left, const Judgement &judgement, std::vector<double> &worst, AttackResult &result) {
  for (size_t i = 0; i < left.places.size(); ++i) {
    size_t place = left.places[i];
    bool isUnknown = judgement.losses.empty();
    if (result.isFooled[place] || !(judgement.isFooled[i] || isUnknown || judgement.losses[i] > worst[place]))
      continue;
    result.isFooled[place] = judgement.isFooled[i];
    worst[place] = isUnknown ? worst[place] : judgement.losses[i];
    std::copy_n(left.points.row(i).begin(), left.points.perRow(), result.points.row(place).begin());
  }
}

void attackOnce(AttackedModel &model, Survivors &left, const AttackOptions &options, int64_t restart,
                std::vector<double> &worst, AttackResult &result) {
  for (size_t i = 0; options.startsAnywhere && i < left.places.size(); ++i) {
    scatter(left.points.row(i), options, left.examples[i], restart);
    project(left.points.row(i), left.centres.row(i), options);
  }
  for (int64_t step = 0; step <= options.steps; ++step) {
    bool isLast = step == options.steps;
    Judgement judgement = model.judge(left.points, left.examples, !isLast);
    if (step > 0 || options.startsAnywhere) // else it is the example itself
      keepWorst(left, judgement, worst, result);
    if (std::all_of(left.places.begin(), left.places.end(), [&](size_t place) { return result.isFooled[place]; }))
      return;
    for (size_t i = 0; !isLast && i < left.places.size(); ++i) {
      ascend(left.points.row(i), judgement.gradients.row(i), options);
      project(left.points.row(i), left.centres.row(i), options);
    }
  }
}

} // namespace

AttackResult attack(AttackedModel &model, const Rows &clean, std::span<const int64_t> examples,
                    const AttackOptions &options) {
  AttackResult result{clean, model.judge(clean, examples, false).isFooled};
  std::vector<double> worst(examples.size(), -std::numeric_limits<double>::infinity());
  for (int64_t restart = 0; restart < options.restarts; ++restart) {
    Survivors left = survivorsOf(result, clean, examples);
    if (left.places.empty())
      break;
    attackOnce(model, left, options, restart, worst, result);
  }
  return result;
}

} // namespace ingot
