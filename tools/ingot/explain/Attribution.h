// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What in an example speaks for a score: methods that see a network as a function with a gradient.
#pragma once
#include "Rows.h"

#include <string>

namespace ingot {

/// One number that a network gives for each row, and its gradient by the row.
class ScoreFunction {
public:
  virtual ~ScoreFunction() = default;
  virtual std::vector<double> scores(const Rows &points) = 0;
  /// In the shape of the points.
  virtual Rows gradients(const Rows &points) = 0;
};

/// Every method takes one example and returns one number for each of its elements.
using Attribution = std::vector<double>;

/// The gradient at the example itself. Simonyan, Vedaldi, Zisserman: Deep Inside Convolutional Networks (2013).
Attribution saliency(ScoreFunction &score, const Rows &example);

struct NoiseOptions {
  /// How many noisy copies are averaged, and how many of them are computed at once.
  int64_t samples = 50, batch = 32;
  /// Standard deviation, as a share of the example's range (its greatest minus its least element).
  double level = 0.15;
  uint64_t seed = 0;
};

/// The mean gradient at noisy copies of the example. Smilkov et al.: SmoothGrad (2017).
Attribution smoothGradient(ScoreFunction &score, const Rows &example, const NoiseOptions &options);

struct PathOptions {
  /// Where the path begins: one number for each element of the example.
  std::vector<double> baseline;
  /// Points on the path, and how many of them are computed at once.
  int64_t steps = 64, batch = 32;
};

/// (example - baseline) times the mean gradient on the straight line between them, by the midpoint rule. The
/// attributions sum to score(example) - score(baseline), but for the rule's error. Sundararajan, Taly, Yan: Axiomatic
/// Attribution for Deep Networks (2017).
Attribution integratedGradients(ScoreFunction &score, const Rows &example, const PathOptions &options);

/// Where an example has places that can be hidden: [before, places..., after] elements, row-major.
struct PlaceGrid {
  /// The extents of places: one or two.
  std::vector<int64_t> extents;
  /// Elements before the places (channels of a channels-first image) and after them (channels last).
  int64_t before = 1, after = 1;
};

struct OcclusionOptions {
  /// Extents of what is hidden, and how far it moves; one for each of the grid's.
  std::vector<int64_t> window, stride;
  /// What hidden elements become.
  std::vector<double> baseline;
  int64_t batch = 32;
};

/// How much the score falls when a window over a place is hidden, averaged over the windows that cover the place. One
/// number for each place. Zeiler, Fergus: Visualizing and Understanding Convolutional Networks (2014).
Attribution occlusion(ScoreFunction &score, const Rows &example, const PlaceGrid &grid,
                      const OcclusionOptions &options);

/// The positive part of the sum of a layer's channels, each weighted by its mean gradient. `grid` describes the layer.
/// One number for each place. Selvaraju et al.: Grad-CAM (2017).
Attribution gradCam(std::span<const double> activation, std::span<const double> gradient, const PlaceGrid &grid);

/// How much each token of the first layer takes part in a token of the last: products of the layers' attention, heads
/// averaged, with half of each token kept by the residual connection. `layers` are [heads, tokens, tokens], the first
/// layer first. Abnar, Zuidema: Quantifying Attention Flow in Transformers (2020).
Attribution attentionRollout(const std::vector<Rows> &layers, int64_t token);

} // namespace ingot
