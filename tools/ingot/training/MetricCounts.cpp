// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "MetricCounts.h"

#include "Elements.h"
#include "Failure.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <limits>
#include <string_view>
#include <type_traits>

namespace ingot {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t mostConfusedClasses = 1000;

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

/// Plain numbers and lists of them, one after the other.
class Packer {
public:
  template <typename T>
  void add(const T &number) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes.append(reinterpret_cast<const char *>(&number), sizeof number);
  }
  template <typename T>
  void addList(const std::vector<T> &list) {
    add(list.size());
    for (const auto &element : list)
      add(T(element));
  }
  std::string bytes;
};

class Unpacker {
public:
  explicit Unpacker(const std::string &bytes) : rest(bytes) {}
  template <typename T>
  T next() {
    T number{};
    std::memcpy(&number, rest.data(), sizeof number);
    rest.remove_prefix(sizeof number);
    return number;
  }
  template <typename T>
  std::vector<T> nextList() {
    std::vector<T> list(next<size_t>());
    for (auto &&element : list)
      element = next<T>();
    return list;
  }

private:
  std::string_view rest;
};

template <typename T>
void append(std::vector<T> &list, const std::vector<T> &more) {
  list.insert(list.end(), more.begin(), more.end());
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

void Metrics::Counts::setClasses(int64_t count) {
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
void Metrics::Counts::addRow(const float *row, int64_t stride, int64_t target) {
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
void Metrics::Counts::addShares(const float *row, int64_t stride, int64_t target) {
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

void Metrics::Counts::addDecision(size_t column, float score, bool isTrue) {
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
double Metrics::Counts::meanOverClasses(double (Decisions::*score)() const) const {
  double sum = 0;
  int64_t count = 0;
  for (const Decisions &one : decisions)
    if (one.occurs()) {
      sum += (one.*score)();
      ++count;
    }
  return count ? sum / double(count) : 0;
}

/// The mean over columns, or over classes each against the rest, that have both kinds.
double Metrics::Counts::meanArea() const {
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

double Metrics::Counts::meanR2() const {
  double sum = 0;
  for (const Residuals &column : residuals)
    sum += column.r2();
  return sum / double(residuals.size());
}

double Metrics::Counts::squares() const {
  double sum = 0;
  for (const Residuals &column : residuals)
    sum += column.squares;
  return sum;
}

double Metrics::Counts::value(const std::string &name) const {
  if (examples == 0)
    return nothing;
  if (name == "accuracy")
    return double(right) / double(examples);
  if (name == "top5")
    return double(rightInFive) / double(examples);
  if (name == "precision")
    return meanOverClasses(&Decisions::precision);
  if (name == "recall")
    return meanOverClasses(&Decisions::recall);
  if (name == "f1")
    return meanOverClasses(&Decisions::f1);
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

void Metrics::Counts::addClasses(const Array &scoreArray, const Array &targetArray, int64_t ignored) {
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

void Metrics::Counts::addDecisions(const Array &scoreArray, const Array &targetArray) {
  if (scoreArray.count() != targetArray.count() || scoreArray.shape.empty())
    failShapes(scoreArray, targetArray);
  int64_t columns = std::max<int64_t>(1, innerCount(scoreArray, 1));
  setClasses(columns);
  confusion.clear();
  std::vector<float> values = realsOf(scoreArray), targets = realsOf(targetArray);
  for (size_t i = 0; i < values.size(); ++i)
    addDecision(i % size_t(columns), values[i], targets[i] > 0.5f);
}

void Metrics::Counts::addNumbers(const Array &scoreArray, const Array &targetArray) {
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

std::string Metrics::Counts::pack() const {
  Packer packer;
  packer.add(classes);
  for (int64_t number : {examples, right, rightInFive})
    packer.add(number);
  packer.add(absolute);
  packer.add(surprise);
  packer.addList(decisions);
  packer.addList(confusion);
  packer.addList(labels);
  packer.addList(residuals);
  for (const auto &column : scores)
    packer.addList(column);
  for (const auto &column : isPositive)
    packer.addList(column);
  return std::move(packer.bytes);
}

void Metrics::Counts::merge(const std::string &packed) {
  Unpacker unpacker(packed);
  if (auto count = unpacker.next<int64_t>())
    setClasses(count);
  for (int64_t *number : {&examples, &right, &rightInFive})
    *number += unpacker.next<int64_t>();
  absolute += unpacker.next<double>();
  surprise += unpacker.next<double>();
  auto otherDecisions = unpacker.nextList<Decisions>();
  for (size_t i = 0; i < otherDecisions.size(); ++i)
    decisions[i].add(otherDecisions[i]);
  auto otherConfusion = unpacker.nextList<int64_t>();
  confusion.resize(std::max(confusion.size(), otherConfusion.size()));
  if (otherConfusion.empty() && !otherDecisions.empty()) // decisions have none
    confusion.clear();
  for (size_t i = 0; i < otherConfusion.size(); ++i)
    confusion[i] += otherConfusion[i];
  append(labels, unpacker.nextList<int64_t>());
  auto otherResiduals = unpacker.nextList<Residuals>();
  residuals.resize(std::max(residuals.size(), otherResiduals.size()));
  for (size_t i = 0; i < otherResiduals.size(); ++i)
    residuals[i].add(otherResiduals[i]);
  for (size_t i = 0; i < otherDecisions.size(); ++i)
    append(scores[i], unpacker.nextList<float>());
  for (size_t i = 0; i < otherDecisions.size(); ++i)
    append(isPositive[i], unpacker.nextList<bool>());
}

} // namespace ingot
