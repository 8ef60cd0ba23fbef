// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Metrics.h"

#include "Failure.h"
#include "MetricCounts.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ingot {

Task taskOfLoss(const std::string &loss) {
  if (loss == "cross_entropy" || loss == "nll" || loss == "cross_entropy_probabilities")
    return Task::Classes;
  if (loss == "bce_with_logits" || loss == "hinge")
    return Task::Decisions;
  if (loss == "mse" || loss == "l1" || loss == "smooth_l1" || loss == "huber")
    return Task::Numbers;
  return Task::Unknown;
}

const std::vector<MetricName> &metricsOf(Task task) {
  static const std::vector<MetricName> classes = {{"accuracy", "accuracy", true, true},
                                                  {"top5", "top-5 accuracy", false, true},
                                                  {"precision", "precision", false, true},
                                                  {"recall", "recall", false, true},
                                                  {"f1", "F1", true, true},
                                                  {"auc", "AUC", false, true},
                                                  {"perplexity", "perplexity", false, false}};
  static const std::vector<MetricName> decisions = {{"accuracy", "accuracy", true, true},
                                                    {"precision", "precision", false, true},
                                                    {"recall", "recall", false, true},
                                                    {"f1", "F1", true, true},
                                                    {"auc", "AUC", true, true}};
  static const std::vector<MetricName> numbers = {{"mae", "mean absolute error", true, false},
                                                  {"rmse", "root mean squared error", true, false},
                                                  {"r2", "R2", true, true}};
  static const std::vector<MetricName> none;
  return task == Task::Classes ? classes : task == Task::Decisions ? decisions : task == Task::Numbers ? numbers : none;
}

Metrics::Metrics(Task task, std::vector<std::string> names, int64_t ignored)
    : task(task), wanted(std::move(names)), ignored(ignored) {
  std::string known;
  for (const MetricName &metric : metricsOf(task))
    known += (known.empty() ? "" : ", ") + std::string(metric.name);
  for (const std::string &name : wanted)
    if (std::none_of(metricsOf(task).begin(), metricsOf(task).end(), [&](auto &metric) { return name == metric.name; }))
      throw Failure(exitBadUsage, "--metrics " + name,
                    known.empty() ? "this loss has no metrics" : "the metrics of this loss are " + known);
  clear();
}

Metrics::~Metrics() = default;
Metrics::Metrics(Metrics &&) noexcept = default;

void Metrics::add(const Array &scores, const Array &targets) {
  if (task == Task::Classes)
    counts->addClasses(scores, targets, ignored);
  else if (task == Task::Decisions)
    counts->addDecisions(scores, targets);
  else if (task == Task::Numbers)
    counts->addNumbers(scores, targets);
}

void Metrics::clear() {
  counts = std::make_unique<Counts>();
  counts->wantsScores = std::find(wanted.begin(), wanted.end(), "auc") != wanted.end();
  counts->wantsPerplexity = std::find(wanted.begin(), wanted.end(), "perplexity") != wanted.end();
}

std::string Metrics::pack() const { return counts->pack(); }
void Metrics::merge(const std::string &packed) { counts->merge(packed); }

std::vector<double> Metrics::values() const {
  std::vector<double> all;
  for (const std::string &name : wanted)
    all.push_back(counts->value(name));
  return all;
}

const std::vector<int64_t> &Metrics::confusion() const { return counts->confusion; }
int64_t Metrics::classes() const { return counts->classes; }

double areaUnderCurve(const std::vector<float> &scores, const std::vector<bool> &isPositive) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] < scores[b]; });
  double positives = 0, rankSum = 0;
  for (size_t begin = 0, end; begin < order.size(); begin = end) {
    for (end = begin; end < order.size() && scores[order[end]] == scores[order[begin]];)
      ++end;
    double rank = double(begin + 1 + end) / 2; // the mean of ranks begin + 1 ... end
    for (size_t i = begin; i < end; ++i)
      if (isPositive[order[i]]) {
        ++positives;
        rankSum += rank;
      }
  }
  double negatives = double(order.size()) - positives;
  return positives && negatives ? (rankSum - positives * (positives + 1) / 2) / (positives * negatives) : std::nan("");
}

} // namespace ingot
