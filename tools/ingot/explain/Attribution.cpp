// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Attribution.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

namespace ingot {
namespace {

// The mean gradient over points that are made one after another, `batch` of them at once.
Attribution meanGradient(ScoreFunction &score, const Rows &example, int64_t points, int64_t batch,
                         const std::function<void(int64_t, std::vector<double> &)> &append) {
  Attribution sum(example.perRow());
  for (int64_t done = 0; done < points;) {
    Rows some{example.shape, {}};
    for (int64_t end = std::min(points, done + batch); done < end; ++done)
      append(done, some.values);
    Rows gradients = score.gradients(some);
    for (size_t i = 0; i < gradients.values.size(); ++i)
      sum[i % sum.size()] += gradients.values[i];
  }
  for (double &value : sum)
    value /= double(points);
  return sum;
}

// Two normal numbers from two uniform ones (Box and Muller), the same with every C++ library.
class Noise {
public:
  explicit Noise(uint64_t seed) : random(seed) {}
  double next() {
    if (hasSpare) {
      hasSpare = false;
      return spare;
    }
    double radius = std::sqrt(-2 * std::log(uniform())), angle = 2 * std::numbers::pi * uniform();
    spare = radius * std::sin(angle);
    hasSpare = true;
    return radius * std::cos(angle);
  }

private:
  double uniform() { return (double(random() >> 11) + 0.5) * 0x1p-53; }

  std::mt19937_64 random;
  double spare = 0;
  bool hasSpare = false;
};

} // namespace

Attribution saliency(ScoreFunction &score, const Rows &example) { return score.gradients(example).values; }

Attribution smoothGradient(ScoreFunction &score, const Rows &example, const NoiseOptions &options) {
  auto [least, greatest] = std::minmax_element(example.values.begin(), example.values.end());
  double deviation = example.values.empty() ? 0 : options.level * (*greatest - *least);
  Noise noise(options.seed);
  return meanGradient(score, example, options.samples, options.batch, [&](int64_t, std::vector<double> &points) {
    for (double value : example.values)
      points.push_back(value + deviation * noise.next());
  });
}

Attribution integratedGradients(ScoreFunction &score, const Rows &example, const PathOptions &options) {
  auto append = [&](int64_t step, std::vector<double> &points) {
    double share = (double(step) + 0.5) / double(options.steps);
    for (size_t i = 0; i < example.values.size(); ++i)
      points.push_back(std::lerp(options.baseline[i], example.values[i], share));
  };
  Attribution result = meanGradient(score, example, options.steps, options.batch, append);
  for (size_t i = 0; i < result.size(); ++i)
    result[i] *= example.values[i] - options.baseline[i];
  return result;
}

Attribution gradCam(std::span<const double> activation, std::span<const double> gradient, const PlaceGrid &grid) {
  size_t places = 1;
  for (int64_t extent : grid.extents)
    places *= size_t(extent);
  auto after = size_t(grid.after);
  Attribution map(places);
  for (size_t before = 0; before < size_t(grid.before); ++before)
    for (size_t channel = 0; channel < after; ++channel) {
      auto at = [&](size_t place) { return (before * places + place) * after + channel; };
      double weight = 0;
      for (size_t place = 0; place < places; ++place)
        weight += gradient[at(place)];
      for (size_t place = 0; place < places; ++place)
        map[place] += weight / double(places) * activation[at(place)];
    }
  for (double &value : map)
    value = std::max(0.0, value);
  return map;
}

Attribution attentionRollout(const std::vector<Rows> &layers, int64_t token) {
  auto tokens = size_t(layers.front().shape.back());
  // One row of the product of all layers: from the last layer's back to the first's.
  Attribution flow(tokens);
  flow[size_t(token)] = 1;
  for (size_t layer = layers.size(); layer-- > 0;) {
    size_t heads = layers[layer].values.size() / (tokens * tokens);
    Attribution next(tokens);
    for (size_t from = 0; from < tokens; ++from) {
      std::vector<double> weights(tokens);
      double sum = 0;
      for (size_t to = 0; to < tokens; ++to) {
        for (size_t head = 0; head < heads; ++head)
          weights[to] += layers[layer].values[(head * tokens + from) * tokens + to] / double(heads);
        weights[to] = 0.5 * weights[to] + (to == from ? 0.5 : 0);
        sum += weights[to];
      }
      for (size_t to = 0; to < tokens; ++to)
        next[to] += flow[from] * weights[to] / sum;
    }
    flow = std::move(next);
  }
  return flow;
}

} // namespace ingot
