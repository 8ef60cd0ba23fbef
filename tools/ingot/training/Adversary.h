// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Adversarial training: each batch is changed, within a small distance, to what the network as it is now finds hardest.
#pragma once
#include "Attack.h"
#include "Learner.h"

namespace ingot {

/// As the command line writes it: NAME:KEY=VALUE,KEY=VALUE.
///   fgsm     one step of `epsilon` along the sign of the loss's gradient
///   pgd      `steps` (7) of length `step` (2.5 epsilon / steps) from a random point within `epsilon`
///   pgd-l2   the same within a Euclidean distance
/// `least` and `greatest` bound what elements may be. All numbers are of the data after --scale, before --mean and
/// --std.
AttackOptions parseAdversary(const std::string &text);

class Adversary : private AttackedModel {
public:
  /// The learner and its source must outlive this. A Failure says what the library has to be made with.
  Adversary(Learner &learner, Learner::Source &source, const AttackOptions &options, double scale);

  /// Lets the source give changed rows in the place of those that it gives now, until it is restored. Random starts
  /// follow from the options' seed, the epoch and the row alone.
  void perturb(std::span<const int64_t> rows, int64_t epoch);

private:
  Judgement judge(const Rows &points, std::span<const int64_t> rows, bool wantsGradients) override;
  void fill(const Rows &points);
  Rows gradients(std::span<const int64_t> rows);

  Learner &learner;
  Learner::Source &source;
  AttackOptions options;
  double scale;
  std::string input;
  ingot_dtype dtype = INGOT_F32;
};

} // namespace ingot
