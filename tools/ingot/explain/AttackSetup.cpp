// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "AttackSetup.h"

#include "Elements.h"
#include "Failure.h"
#include "Words.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace ingot {
namespace {

constexpr double leastProbability = 1e-12;

double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

double distance(std::span<const double> a, std::span<const double> b, Norm norm) {
  double sum = 0, greatest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    greatest = std::max(greatest, std::abs(a[i] - b[i]));
    sum += (a[i] - b[i]) * (a[i] - b[i]);
  }
  return norm == Norm::Largest ? greatest : std::sqrt(sum);
}

} // namespace

AttackSetup::AttackSetup(Library &library, const AttackRequest &request)
    : request(request), network(library, request.batch), examples(network, request.examples) {
  if (request.threads)
    library.setThreads(request.threads);
  chooseInput();
  readEpsilons();
  chooseExamples();
}

void AttackSetup::chooseInput() {
  for (const ingot_port *port : network.inputs())
    if (request.input.empty() ? isReal(static_cast<ingot_dtype>(port->dtype)) : port->name == request.input) {
      input = port->name;
      break;
    }
  if (input.empty())
    throw Failure(exitBadInput, network.path(),
                  request.input.empty() ? "the model has no input of real numbers"
                                        : fmt::format("the model has no input \"{}\"", request.input));
  network.expectGradient(input);
}

void AttackSetup::readEpsilons() {
  for (const std::string &word : request.epsilons) {
    distances.push_back(parseFraction("--epsilon", word));
    if (distances.back() < 0)
      throw Failure(exitBadUsage, "--epsilon " + word, "expected a distance");
  }
  if (!request.clip.empty()) {
    bounds = {parseFraction("--clip", request.clip.front()), parseFraction("--clip", request.clip.back())};
    if (request.clip.size() != 2 || bounds->first >= bounds->second)
      throw Failure(exitBadUsage, "--clip", "expected the least and the greatest number, like 0,1");
  }
}

void AttackSetup::chooseExamples() {
  numbers = parseNumbers("--rows", request.rows.empty() ? fmt::format("0-{}", examples.count() - 1) : request.rows);
  examples.expectRows(numbers);
  Rows scores = std::move(network.run(examples.rows(std::span(numbers).first(1)), {network.scores().name}).front());
  if (scores.shape.size() > 1)
    throw Failure(exitBadInput, network.path(),
                  fmt::format("output \"{}\" has several axes for each example: it tells no single class",
                              network.scores().name));
  classes = std::max<int64_t>(2, int64_t(scores.perRow()));
  if (request.wanted >= classes)
    throw Failure(exitBadInput, "--to " + std::to_string(request.wanted),
                  fmt::format("the network knows the classes 0 to {}", classes - 1));
  std::vector<int64_t> all = examples.labels(classes), kept;
  for (int64_t number : numbers)
    if (int64_t label = all[size_t(number)]; label != request.wanted) { // else there is nothing to reach
      kept.push_back(number);
      labels.push_back(label);
    }
  numbers = kept;
  if (numbers.empty())
    throw Failure(exitBadInput, examples.path(), "all examples are of the class that is to be reached");
}

AttackOptions AttackSetup::optionsFor(double epsilon) const {
  AttackOptions options;
  options.norm = request.norm == "l2" ? Norm::Euclidean : Norm::Largest;
  options.epsilon = epsilon;
  options.bounds = bounds;
  options.seed = request.seed;
  bool isSingle = request.method == "fgsm";
  options.startsAnywhere = !isSingle;
  options.steps = isSingle ? 1 : request.steps ? request.steps : 10;
  options.restarts = isSingle ? 1 : request.restarts;
  options.stepSize = isSingle ? epsilon : 2.5 * epsilon / double(options.steps);
  if (!request.stepSize.empty())
    options.stepSize = parseFraction("--step-size", request.stepSize);
  return options;
}

// The class that a targeted attack wants; -1 without one.
int64_t AttackSetup::goalOf(int64_t place) const {
  if (request.wanted >= 0)
    return request.wanted;
  return request.isTargeted ? (labels[size_t(place)] + 1) % classes : -1;
}

RowMap AttackSetup::rowsFor(const Rows &points, std::span<const int64_t> places) {
  std::vector<int64_t> chosen;
  for (int64_t place : places)
    chosen.push_back(numbers[size_t(place)]);
  RowMap rows = examples.rows(chosen);
  const Feed &feed = examples.feedOf(input);
  Rows &attacked = rows.at(input);
  size_t perRow = attacked.perRow();
  for (size_t i = 0; i < attacked.values.size(); ++i)
    attacked.values[i] = points.values[i] * (feed.factorOf(i % perRow) / examples.scale()) + feed.offsetOf(i % perRow);
  return rows;
}

// -log p of the class, with p = softmax or sigmoid of the scores unless they are probabilities.
double AttackSetup::loss(std::span<const double> scores, int64_t label, std::span<double> gradient) const {
  auto which = size_t(label);
  if (scores.size() == 1) { // the score of class 1 against class 0
    double score = scores[0];
    if (!request.areProbabilities) {
      gradient[0] = 1 / (1 + std::exp(-score)) - double(label);
      return label ? softplus(-score) : softplus(score);
    }
    double probability = std::max(leastProbability, label ? score : 1 - score);
    gradient[0] = (label ? -1 : 1) / probability;
    return -std::log(probability);
  }
  if (request.areProbabilities) {
    double probability = std::max(leastProbability, scores[which]);
    std::fill(gradient.begin(), gradient.end(), 0.0);
    gradient[which] = -1 / probability;
    return -std::log(probability);
  }
  double greatest = *std::max_element(scores.begin(), scores.end()), sum = 0;
  for (double score : scores)
    sum += std::exp(score - greatest);
  for (size_t i = 0; i < scores.size(); ++i)
    gradient[i] = std::exp(scores[i] - greatest) / sum - (i == which ? 1 : 0);
  return std::log(sum) + greatest - scores[which];
}

int64_t AttackSetup::predict(std::span<const double> scores) const {
  if (scores.size() == 1)
    return scores[0] > (request.areProbabilities ? 0.5 : 0.0);
  return std::max_element(scores.begin(), scores.end()) - scores.begin();
}

Judgement AttackSetup::judge(const Rows &points, std::span<const int64_t> places, bool wantsGradients) {
  RowMap rows = rowsFor(points, places);
  Rows scores = std::move(network.run(rows, {network.scores().name}).front());
  Rows arriving{scores.shape, std::vector<double>(scores.values.size())};
  Judgement judgement;
  for (size_t i = 0; i < places.size(); ++i) {
    int64_t goal = goalOf(places[i]), label = labels[size_t(places[i])], predicted = predict(scores.row(i));
    double sign = goal < 0 ? 1 : -1; // towards a goal its loss falls
    judgement.losses.push_back(sign * loss(scores.row(i), goal < 0 ? label : goal, arriving.row(i)));
    judgement.isFooled.push_back(goal < 0 ? predicted != label : predicted == goal);
    for (double &value : arriving.row(i))
      value *= sign;
  }
  if (!wantsGradients)
    return judgement;
  judgement.gradients = std::move(network.run(rows, {input + ".gradient"}, &arriving).front());
  const Feed &feed = examples.feedOf(input);
  size_t perRow = judgement.gradients.perRow();
  for (size_t i = 0; i < judgement.gradients.values.size(); ++i)
    judgement.gradients.values[i] *= feed.factorOf(i % perRow) / examples.scale();
  return judgement;
}

std::vector<int64_t> AttackSetup::predictions(const Rows &points, std::span<const int64_t> places) {
  Rows scores = std::move(network.run(rowsFor(points, places), {network.scores().name}).front());
  std::vector<int64_t> result;
  for (size_t i = 0; i < scores.count(); ++i)
    result.push_back(predict(scores.row(i)));
  return result;
}

std::vector<std::vector<int64_t>> AttackSetup::batches() const {
  std::vector<std::vector<int64_t>> all;
  for (int64_t place = 0; place < count(); ++place) {
    if (place % request.batch == 0)
      all.emplace_back();
    all.back().push_back(place);
  }
  return all;
}

// In the data's units times the scale: what --epsilon and --clip speak of.
Rows AttackSetup::cleanPoints(std::span<const int64_t> places) {
  std::vector<int64_t> chosen;
  for (int64_t place : places)
    chosen.push_back(numbers[size_t(place)]);
  Rows points = std::move(examples.rows(chosen).at(input));
  for (size_t i = 0; i < points.count(); ++i) {
    std::vector<double> raw = examples.denormalized(input, points.row(i));
    std::transform(raw.begin(), raw.end(), points.row(i).begin(),
                   [&](double value) { return value * examples.scale(); });
  }
  return points;
}

int64_t AttackSetup::countRight() {
  int64_t right = 0;
  for (const std::vector<int64_t> &places : batches()) {
    std::vector<int64_t> predicted = predictions(cleanPoints(places), places);
    for (size_t i = 0; i < places.size(); ++i)
      right += predicted[i] == labels[size_t(places[i])];
  }
  return right;
}

AttackSummary AttackSetup::run(double epsilon, Rows *keep) {
  AttackSummary summary{epsilon};
  for (const std::vector<int64_t> &places : batches()) {
    Rows clean = cleanPoints(places);
    AttackResult result = attack(*this, clean, places, optionsFor(epsilon));
    std::vector<int64_t> predicted = predictions(result.points, places);
    for (size_t i = 0; i < places.size(); ++i) {
      summary.right += predicted[i] == labels[size_t(places[i])];
      summary.reachedTarget += predicted[i] == goalOf(places[i]);
      summary.largestChange += distance(result.points.row(i), clean.row(i), Norm::Largest) / double(count());
      summary.euclideanChange += distance(result.points.row(i), clean.row(i), Norm::Euclidean) / double(count());
    }
    if (keep) {
      keep->shape = clean.shape;
      keep->append(result.points.values);
    }
  }
  return summary;
}

} // namespace ingot
