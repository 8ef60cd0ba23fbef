// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Adversary.h"

#include "Elements.h"
#include "Failure.h"
#include "Words.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <sstream>

namespace ingot {

AttackOptions parseAdversary(const std::string &text) {
  std::string subject = "--adversarial " + text, name = text.substr(0, text.find(':'));
  if (name != "fgsm" && name != "pgd" && name != "pgd-l2")
    throw Failure(exitBadUsage, subject,
                  "there are fgsm, pgd and pgd-l2, with options as in pgd:epsilon=8/255,steps=7");
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::map<std::string, double> values = {{"epsilon", 0}, {"least", -infinity}, {"greatest", infinity}};
  if (name != "fgsm")
    values.insert({{"steps", 7}, {"step", 0}});
  std::istringstream list(name.size() < text.size() ? text.substr(name.size() + 1) : "");
  for (std::string item; std::getline(list, item, ',');) {
    auto [key, number] = parsePair(subject + ":", item);
    if (!values.count(key))
      throw Failure(exitBadUsage, subject, fmt::format("{} has no \"{}\"", name, key));
    values[key] = parseFraction(subject + ": " + key, number);
  }
  AttackOptions options;
  options.norm = name == "pgd-l2" ? Norm::Euclidean : Norm::Largest;
  options.startsAnywhere = name != "fgsm";
  options.epsilon = values["epsilon"];
  options.steps = name == "fgsm" ? 1 : int64_t(values["steps"]);
  if (options.epsilon <= 0 || options.steps < 1 || values["step"] < 0 || values["least"] >= values["greatest"])
    throw Failure(exitBadUsage, subject, "needs a positive epsilon, steps from 1, and least below greatest");
  options.stepSize = name == "fgsm"       ? options.epsilon
                     : values["step"] > 0 ? values["step"]
                                          : 2.5 * options.epsilon / double(options.steps);
  options.bounds = {values["least"], values["greatest"]};
  return options;
}

Adversary::Adversary(Learner &learner, Learner::Source &source, const AttackOptions &options, double scale)
    : learner(learner), source(source), options(options), scale(scale) {
  const ingot_description &about = learner.evaluationPart().description();
  for (int32_t i = 0; i < about.input_count && input.empty(); ++i)
    for (int32_t k = 0; k < about.output_count; ++k)
      if (about.outputs[k].name == std::string(about.inputs[i].name) + ".gradient") {
        input = about.inputs[i].name;
        dtype = static_cast<ingot_dtype>(about.inputs[i].dtype);
      }
  if (input.empty())
    throw Failure(exitBadInput, learner.evaluationPart().path(),
                  "tells no gradient by its inputs, which --adversarial follows; make it with ingotc --train "
                  "--grad-inputs");
}

void Adversary::perturb(std::span<const int64_t> rows, int64_t epoch) {
  const Array &batch = source.fill(input, rows);
  const Feed &feed = source.feedOf(input);
  Rows clean{feed.rowShape(), {}};
  size_t perRow = clean.perRow();
  for (size_t i = 0; i < rows.size() * perRow; ++i)
    clean.values.push_back((batch.at(int64_t(i)) - feed.offsetOf(i % perRow)) * scale / feed.factorOf(i % perRow));
  AttackOptions now = options;
  now.seed += 0x9e3779b97f4a7c15 * uint64_t(epoch); // another start in every epoch
  fill(attack(*this, clean, rows, now).points);
}

void Adversary::fill(const Rows &points) {
  const Feed &feed = source.feedOf(input);
  std::vector<int64_t> shape{int64_t(points.count())};
  shape.insert(shape.end(), points.shape.begin(), points.shape.end());
  Array changed(dtype, shape);
  size_t perRow = points.perRow();
  withElementType(dtype, [&](auto element) {
    auto *to = reinterpret_cast<decltype(element) *>(changed.data());
    for (size_t i = 0; i < points.values.size(); ++i)
      to[i] = decltype(element)(points.values[i] * feed.factorOf(i % perRow) / scale + feed.offsetOf(i % perRow));
  });
  source.replace(input, std::move(changed));
}

Judgement Adversary::judge(const Rows &points, std::span<const int64_t> rows, bool wantsGradients) {
  Judgement judgement;
  judgement.isFooled.assign(rows.size(), 0); // training never has enough
  if (!wantsGradients)
    return judgement;
  fill(points);
  judgement.gradients = gradients(rows);
  const Feed &feed = source.feedOf(input);
  size_t perRow = points.perRow();
  for (size_t i = 0; i < judgement.gradients.values.size(); ++i)
    judgement.gradients.values[i] *= feed.factorOf(i % perRow) / scale;
  return judgement;
}

Rows Adversary::gradients(std::span<const int64_t> rows) {
  Library &library = learner.evaluationPart();
  const ingot_description &about = library.description();
  std::vector<ingot_tensor> inputs;
  for (int32_t i = 0; i < about.input_count; ++i) {
    bool isFed = about.inputs[i].role == INGOT_DATA || about.inputs[i].role == INGOT_TARGET;
    inputs.push_back(isFed ? source.fill(about.inputs[i].name, rows).tensor() : ingot_tensor{});
  }
  std::vector<Array> outputs = library.makeOutputs(inputs);
  library.run(inputs, tensorsOf(outputs));
  Rows result{source.feedOf(input).rowShape(), {}};
  for (int32_t k = 0; k < about.output_count; ++k)
    if (about.outputs[k].name == input + ".gradient")
      for (int64_t i = 0; i < outputs[size_t(k)].count(); ++i)
        result.values.push_back(outputs[size_t(k)].at(i));
  return result;
}

} // namespace ingot
