// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Small changes of examples that make a network wrong.
#pragma once
#include "Rows.h"

#include <optional>
#include <utility>

namespace ingot {

/// What a network makes of some points.
struct Judgement {
  /// What an attack increases (empty: unknown, then the last point of a start counts), and whether it has what it
  /// wants.
  std::vector<double> losses;
  std::vector<char> isFooled;
  /// Of each loss by its point; empty when it was not wanted.
  Rows gradients;
};

class AttackedModel {
public:
  virtual ~AttackedModel() = default;
  /// `examples` tells which example each point is a variant of.
  virtual Judgement judge(const Rows &points, std::span<const int64_t> examples, bool wantsGradients) = 0;
};

enum class Norm { Largest, Euclidean };

struct AttackOptions {
  Norm norm = Norm::Largest;
  /// How far from the example, in that norm; how far in one step.
  double epsilon = 0, stepSize = 0;
  int64_t steps = 1, restarts = 1;
  /// Begins at a random point of the ball (and not at the example itself).
  bool startsAnywhere = false;
  /// What elements may be at all.
  std::optional<std::pair<double, double>> bounds;
  uint64_t seed = 0;
};

struct AttackResult {
  /// For each example a point in its ball: the first that fooled the network, else the one of the greatest loss.
  Rows points;
  std::vector<char> isFooled;
};

/// Projected gradient ascent of the loss within a ball around each example, several times from random starts; each
/// example until it succeeds. One step from the example itself is the fast gradient sign method. The result for an
/// example depends on the seed and its number in `examples`, not on the others.
/// Goodfellow, Shlens, Szegedy: Explaining and Harnessing Adversarial Examples (2014); Madry et al.: Towards Deep
/// Learning Models Resistant to Adversarial Attacks (2018).
AttackResult attack(AttackedModel &model, const Rows &clean, std::span<const int64_t> examples,
                    const AttackOptions &options);

} // namespace ingot
