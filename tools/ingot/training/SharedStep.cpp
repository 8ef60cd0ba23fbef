// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SharedStep.h"

#include "CountedLabels.h"

#include <cmath>
#include <cstring>

namespace ingot {

SharedStep::SharedStep(Learner &learner, Reduction *ranks, int64_t accumulate)
    : learner(learner), ranks(ranks), accumulate(accumulate), rankCount(ranks ? ranks->size() : 1),
      ownRank(ranks ? ranks->rank() : 0) {
  if (pieces() > 1 && !learner.isSplit())
    throw Failure(exitBadInput, learner.path(),
                  std::string("its gradients cannot be shared by several batches or processes: make it again with "
                              "ingotc ") +
                      (learner.isRecipe() ? "--recipe" : "--train") + " --split-update");
  if (rankCount > 1)
    for (const CourseStep &step : learner.course())
      buckets.emplace_back(step.library->description(), step.update->description(), learner.state().data(), *ranks);
}

SharedStep::~SharedStep() {
  for (size_t which = 0; which < buckets.size(); ++which)
    learner.observeGradients(which, nullptr, nullptr);
}

double SharedStep::run(size_t which, Learner::Source &source, std::span<const int64_t> rows, Metrics *metrics,
                       const Judged &judged, const Preparation &prepare) {
  double loss = runPieces(which, source, rows, metrics, judged, prepare);
  source.restore();
  return loss;
}

double SharedStep::runPieces(size_t which, Learner::Source &source, std::span<const int64_t> rows, Metrics *metrics,
                             const Judged &judged, const Preparation &prepare) {
  if (!learner.isSplit()) {
    if (prepare)
      prepare(rows);
    return learner.step(which, source, rows, metrics, judged);
  }
  double loss = addGradients(which, source, rows, metrics, judged, prepare);
  if (!buckets.empty()) {
    buckets[which].finish();
    std::vector<double> all{loss};
    ranks->sum(all);
    loss = all[0];
  }
  learner.update(which);
  return loss;
}

// This rank's part of the loss.
double SharedStep::addGradients(size_t which, Learner::Source &source, std::span<const int64_t> rows, Metrics *metrics,
                                const Judged &judged, const Preparation &prepare) {
  double loss = 0;
  std::vector<double> total = learner.countForShares(which, source, rows);
  for (int64_t i = 0; i < accumulate; ++i) {
    int64_t piece = i * rankCount + ownRank, count = int64_t(rows.size());
    auto begin = size_t(count * piece / pieces()), end = size_t(count * (piece + 1) / pieces());
    if (!buckets.empty() && i + 1 == accumulate) {
      buckets[which].start();
      learner.observeGradients(which, GradientBuckets::observe, &buckets[which]);
    }
    std::span<const int64_t> chosen = rows.subspan(begin, end - begin);
    if (chosen.empty()) // fewer rows than pieces
      continue;
    std::vector<double> counted = learner.countForShares(which, source, chosen);
    if (counted[0] == 0 && total[0] > 0) // a mean over nothing
      continue;
    std::vector<double> shares = sharesOf(counted, total, double(chosen.size()) / double(count));
    if (prepare)
      prepare(chosen);
    loss += shares[0] * learner.addGradients(which, source, chosen, shares, metrics, judged);
  }
  if (!buckets.empty())
    learner.observeGradients(which, nullptr, nullptr);
  return loss;
}

void SharedStep::unite() {
  const ingot_description &about = learner.state().description();
  if (rankCount == 1)
    return;
  auto forEachStatistic = [&](auto work) {
    for (int64_t i = 0; i < about.state_count; ++i)
      if (about.state[i].port.role == INGOT_STATISTIC)
        work(learner.state().data() + about.state[i].offset, about.state[i].bytes,
             static_cast<ingot_dtype>(about.state[i].port.dtype));
  };
  auto divide = [&](auto *numbers, int64_t bytes) {
    for (int64_t i = 0; i < bytes / int64_t(sizeof *numbers); ++i)
      numbers[i] /= decltype(+*numbers)(rankCount);
  };
  forEachStatistic([&](char *data, int64_t bytes, ingot_dtype dtype) {
    if (dtype == INGOT_F32 || dtype == INGOT_F64)
      ranks->beginSum(data, bytes / (dtype == INGOT_F32 ? 4 : 8), dtype);
  });
  ranks->finishSums();
  forEachStatistic([&](char *data, int64_t bytes, ingot_dtype dtype) {
    if (dtype == INGOT_F32)
      divide(reinterpret_cast<float *>(data), bytes);
    else if (dtype == INGOT_F64)
      divide(reinterpret_cast<double *>(data), bytes);
  });
}

void SharedStep::adopt() {
  const ingot_description &about = learner.state().description();
  if (rankCount == 1)
    return;
  ranks->broadcast(learner.state().data(), about.state_bytes, 0);
  for (int64_t i = 0; i < about.state_count; ++i)
    if (about.state[i].port.role == INGOT_GENERATOR) {
      int64_t seed = 0;
      char *place = learner.state().data() + about.state[i].offset;
      std::memcpy(&seed, place, sizeof seed);
      seed += ownRank;
      std::memcpy(place, &seed, sizeof seed);
    }
}

} // namespace ingot
