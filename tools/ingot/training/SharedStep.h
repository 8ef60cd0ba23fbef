// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A step of training whose batch is cut into pieces: some for each rank, one after the other, then one update.
#pragma once
#include "GradientBuckets.h"
#include "Learner.h"

#include <functional>

namespace ingot {

class SharedStep {
public:
  /// Done before each piece with the piece's rows: may let the source give others in their place.
  using Preparation = std::function<void(std::span<const int64_t> rows)>;

  /// `ranks` may be null: this process alone. With one piece in all, the library may be of either kind; else a Failure
  /// says that its update is not split.
  SharedStep(Learner &learner, Reduction *ranks, int64_t accumulate);
  ~SharedStep();
  SharedStep(const SharedStep &) = delete;

  /// The pieces of a batch, over all ranks.
  int64_t pieces() const { return accumulate * rankCount; }

  /// Step `which` of the course on these rows, the same on all ranks; returns the whole batch's loss, on all ranks.
  /// Pieces are as equal as can be, and their gradients and losses count by what their losses are means over (see
  /// Learner::countOf), so that accumulated they are the whole batch's. `metrics` get the outputs of this rank's
  /// pieces. The source gives the data's rows again afterwards.
  double run(size_t which, Learner::Source &source, std::span<const int64_t> rows, Metrics *metrics,
             const Judged &judged, const Preparation &prepare = nullptr);

  /// What ranks compute apart becomes the same again: running statistics their mean. Before states are compared, saved
  /// or evaluated.
  void unite();
  /// The first rank's state becomes everybody's; but each rank draws random numbers of its own.
  void adopt();

private:
  double runPieces(size_t which, Learner::Source &source, std::span<const int64_t> rows, Metrics *metrics,
                   const Judged &judged, const Preparation &prepare);
  double addGradients(size_t which, Learner::Source &source, std::span<const int64_t> rows, Metrics *metrics,
                      const Judged &judged, const Preparation &prepare);

  Learner &learner;
  Reduction *ranks;
  int64_t accumulate, rankCount, ownRank;
  /// For each step of the course; none on one rank.
  std::vector<GradientBuckets> buckets;
};

} // namespace ingot
