// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Metrics.h"

#include "Elements.h"
#include "Failure.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace ingot {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t mostConfusedClasses = 1000;

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

/// Right and wrong decisions about one class. A ratio without a denominator is 0.
struct Decisions {
  int64_t truePositives = 0, falsePositives = 0, falseNegatives = 0;

  bool occurs() const { return truePositives + falsePositives + falseNegatives > 0; }
  double precision() const { return ratio(double(truePositives), double(truePositives + falsePositives)); }
  double recall() const { return ratio(double(truePositives), double(truePositives + falseNegatives)); }
  double f1() const {
    return ratio(2 * double(truePositives), double(2 * truePositives + falsePositives + falseNegatives));
  }
};

/// Running sums of one column: Welford's mean and squares of the targets, squares of the errors.
struct Residuals {
  int64_t count = 0;
  double mean = 0, spread = 0, squares = 0;

  void add(double predicted, double target) {
    double step = target - mean;
    mean += step / double(++count);
    spread += step * (target - mean);
    squares += (predicted - target) * (predicted - target);
  }
  /// 1 - squares / spread; of a constant target 1 if it is hit, else 0.
  double r2() const { return spread > 0 ? 1 - squares / spread : squares > 0 ? 0 : 1; }
};

/// Real or whole elements as float, whatever they are.
std::vector<float> realsOf(const Array &array) {
  std::vector<float> values(size_t(array.count()));
  bool isKnown = withElementType(array.dtype, [&](auto type) {
    const auto *from = reinterpret_cast<const decltype(type) *>(array.data());
    std::transform(from, from + values.size(), values.begin(), [](auto value) { return float(value); });
  });
  for (size_t i = 0; !isKnown && i < values.size(); ++i)
    values[i] = float(array.at(int64_t(i)));
  return values;
}

int64_t innerCount(const Array &array, size_t firstAxis) {
  int64_t count = 1;
  for (size_t axis = firstAxis; axis < array.shape.size(); ++axis)
    count *= array.shape[axis];
  return count;
}

[[noreturn]] void failShapes(const Array &scores, const Array &targets) {
  throw Failure(exitBadInput, "metrics",
                fmt::format("predictions {} do not fit targets {}", describe(scores), describe(targets)));
}

} // namespace

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

struct Metrics::Counts {
  bool wantsScores = false, wantsPerplexity = false;
  int64_t classes = 0;
  int64_t examples = 0, right = 0, rightInFive = 0;
  std::vector<Decisions> decisions;
  std::vector<int64_t> confusion;
  std::vector<std::vector<float>> scores;    // for each class or column
  std::vector<std::vector<bool>> isPositive; // of Task::Decisions
  std::vector<int64_t> labels;               // of Task::Classes, one for each row of scores
  double absolute = 0, surprise = 0;
  std::vector<Residuals> residuals;

  void setClasses(int64_t count) {
    if (classes == count)
      return;
    classes = count;
    decisions.resize(size_t(count));
    scores.resize(size_t(count));
    isPositive.resize(size_t(count));
    if (count <= mostConfusedClasses)
      confusion.resize(size_t(count * count));
  }

  /// One row of scores, `stride` apart, against its class.
  void addRow(const float *row, int64_t stride, int64_t target) {
    int64_t best = 0, above = 0;
    for (int64_t c = 1; c < classes; ++c)
      if (row[c * stride] > row[best * stride])
        best = c;
    for (int64_t c = 0; c < classes; ++c) // of equal scores the earlier class wins
      above += row[c * stride] > row[target * stride] || (row[c * stride] == row[target * stride] && c < target);
    ++examples;
    right += best == target;
    rightInFive += above < 5;
    decisions[size_t(best)].truePositives += best == target;
    decisions[size_t(best)].falsePositives += best != target;
    decisions[size_t(target)].falseNegatives += best != target;
    if (!confusion.empty())
      ++confusion[size_t(target * classes + best)];
    if (wantsScores || wantsPerplexity)
      addShares(row, stride, target);
  }

  // The class's share among all, so that scores of different rows can be compared.
  void addShares(const float *row, int64_t stride, int64_t target) {
    double most = row[0], sum = 0;
    for (int64_t c = 1; c < classes; ++c)
      most = std::max<double>(most, row[c * stride]);
    for (int64_t c = 0; c < classes; ++c)
      sum += std::exp(row[c * stride] - most);
    surprise += std::log(sum) + most - row[target * stride];
    if (!wantsScores)
      return;
    for (int64_t c = 0; c < classes; ++c)
      scores[size_t(c)].push_back(float(std::exp(row[c * stride] - most) / sum));
    labels.push_back(target);
  }

  void addDecision(size_t column, float score, bool isTrue) {
    bool isChosen = score > 0;
    ++examples;
    right += isChosen == isTrue;
    decisions[column].truePositives += isChosen && isTrue;
    decisions[column].falsePositives += isChosen && !isTrue;
    decisions[column].falseNegatives += !isChosen && isTrue;
    if (wantsScores) {
      scores[column].push_back(score);
      isPositive[column].push_back(isTrue);
    }
  }

  /// The mean over the classes that occur, in the target or among the predictions.
  template <typename Score>
  double meanOverClasses(const Score &score) const {
    double sum = 0;
    int64_t count = 0;
    for (const Decisions &one : decisions)
      if (one.occurs()) {
        sum += score(one);
        ++count;
      }
    return count ? sum / double(count) : 0;
  }

  /// The mean over columns, or over classes each against the rest, that have both kinds.
  double meanArea() const {
    double sum = 0;
    int64_t count = 0;
    for (size_t c = 0; c < scores.size(); ++c) {
      std::vector<bool> isOwn = isPositive[c];
      for (int64_t label : labels)
        isOwn.push_back(label == int64_t(c));
      double area = areaUnderCurve(scores[c], isOwn);
      if (!std::isnan(area)) {
        sum += area;
        ++count;
      }
    }
    return count ? sum / double(count) : nothing;
  }

  double meanR2() const {
    double sum = 0;
    for (const Residuals &column : residuals)
      sum += column.r2();
    return sum / double(residuals.size());
  }

  double squares() const {
    double sum = 0;
    for (const Residuals &column : residuals)
      sum += column.squares;
    return sum;
  }

  double value(const std::string &name) const {
    if (examples == 0)
      return nothing;
    if (name == "accuracy")
      return double(right) / double(examples);
    if (name == "top5")
      return double(rightInFive) / double(examples);
    if (name == "precision")
      return meanOverClasses([](const Decisions &one) { return one.precision(); });
    if (name == "recall")
      return meanOverClasses([](const Decisions &one) { return one.recall(); });
    if (name == "f1")
      return meanOverClasses([](const Decisions &one) { return one.f1(); });
    if (name == "auc")
      return meanArea();
    if (name == "perplexity")
      return std::exp(surprise / double(examples));
    if (name == "mae")
      return absolute / double(examples);
    if (name == "rmse")
      return std::sqrt(squares() / double(examples));
    return meanR2();
  }

  void addClasses(const Array &scoreArray, const Array &targetArray, int64_t ignored) {
    if (scoreArray.shape.size() < 2)
      failShapes(scoreArray, targetArray);
    setClasses(scoreArray.shape[1]);
    int64_t inner = innerCount(scoreArray, 2), rows = scoreArray.shape[0];
    bool isShares = targetArray.count() == scoreArray.count() && classes > 1;
    if (!isShares && targetArray.count() != rows * inner)
      failShapes(scoreArray, targetArray);
    std::vector<float> values = realsOf(scoreArray), shares = isShares ? realsOf(targetArray) : std::vector<float>();
    for (int64_t i = 0; i < rows * inner; ++i) {
      int64_t first = i / inner * classes * inner + i % inner, target = 0;
      if (!isShares)
        target = int64_t(targetArray.at(i));
      for (int64_t c = 1; isShares && c < classes; ++c)
        if (shares[size_t(first + c * inner)] > shares[size_t(first + target * inner)])
          target = c;
      if (!isShares && target == ignored)
        continue;
      if (target < 0 || target >= classes)
        throw Failure(exitBadInput, "metrics", fmt::format("class {} of {} does not exist", target, classes));
      addRow(&values[size_t(first)], inner, target);
    }
  }

  void addDecisions(const Array &scoreArray, const Array &targetArray) {
    if (scoreArray.count() != targetArray.count() || scoreArray.shape.empty())
      failShapes(scoreArray, targetArray);
    int64_t columns = std::max<int64_t>(1, innerCount(scoreArray, 1));
    setClasses(columns);
    confusion.clear();
    std::vector<float> values = realsOf(scoreArray), targets = realsOf(targetArray);
    for (size_t i = 0; i < values.size(); ++i)
      addDecision(i % size_t(columns), values[i], targets[i] > 0.5f);
  }

  void addNumbers(const Array &scoreArray, const Array &targetArray) {
    if (scoreArray.count() != targetArray.count() || scoreArray.shape.empty())
      failShapes(scoreArray, targetArray);
    std::vector<float> values = realsOf(scoreArray), targets = realsOf(targetArray);
    residuals.resize(size_t(std::max<int64_t>(1, innerCount(scoreArray, 1))));
    for (size_t i = 0; i < values.size(); ++i) {
      ++examples;
      absolute += std::abs(double(values[i]) - targets[i]);
      residuals[i % residuals.size()].add(values[i], targets[i]);
    }
  }
};

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
  return positives && negatives ? (rankSum - positives * (positives + 1) / 2) / (positives * negatives) : nothing;
}

} // namespace ingot
