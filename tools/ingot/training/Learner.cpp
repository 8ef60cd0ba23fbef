// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Learner.h"

#include "CountedLabels.h"
#include "Failure.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sstream>

namespace ingot {
namespace {

bool isFed(const ingot_port &port) { return port.role == INGOT_DATA || port.role == INGOT_TARGET; }

const ingot_port *findHyper(const ingot_description &about, const std::string &name) {
  for (int32_t i = 0; i < about.input_count; ++i)
    if (about.inputs[i].role == INGOT_HYPER && about.inputs[i].name == name)
      return &about.inputs[i];
  return nullptr;
}

/// Of either part of a step that is split; the shares of a piece of a batch are nobody's to choose.
const ingot_port *findHyper(const CourseStep &step, const std::string &name) {
  const ingot_port *port = findHyper(step.library->description(), name);
  if (!step.update)
    return port;
  return port && !isShare(*port) ? port : findHyper(step.update->description(), name);
}

std::vector<std::string> hypersOf(const CourseStep &step) {
  std::vector<std::string> names;
  for (const Library *program : {step.library, step.update})
    for (int32_t i = 0; program && i < program->description().input_count; ++i) {
      std::string name = program->description().inputs[i].name;
      if (program->description().inputs[i].role == INGOT_HYPER && findHyper(step, name) &&
          std::find(names.begin(), names.end(), name) == names.end())
        names.push_back(name);
    }
  return names;
}

std::string namesOf(const ArrayMap &arrays) {
  std::vector<std::string> names;
  for (auto &entry : arrays)
    names.push_back(entry.first);
  return fmt::format("{}", fmt::join(names, ", "));
}

Array scalar(double value) {
  Array number(INGOT_F64, {});
  *reinterpret_cast<double *>(number.data()) = value;
  return number;
}

} // namespace

Learner::Learner(Library &library) : training(library), evaluation(library.findEntry("evaluation")), block(library) {
  std::string course = library.optionOf("--course");
  if (course.empty()) {
    Library *update = library.updateOf("train_step");
    library.expectEntry(update ? "gradient_step" : "train_step");
    if (!evaluation)
      throw Failure(exitBadInput, library.path(), "has no evaluation; make it again with this version of ingotc");
    steps.push_back({&library, update, "train_step"});
  }
  readCourse(course);
  loss = library.optionOf("--loss");
  if (std::string word = library.optionOf("--ignore-index"); !word.empty())
    ignored = std::strtoll(word.c_str(), nullptr, 10);
  for (CourseStep &step : steps)
    for (Library *program : {step.library, step.update})
      if (program)
        program->bindState(block.data());
  if (evaluation)
    evaluation->bindState(block.data());
  auto ports = fedInputs();
  for (const FedInput &port : ports)
    if (port->rank == 0 || (port->dims[0] >= 0) != (ports[0]->dims[0] >= 0) ||
        (port->dims[0] >= 0 && port->dims[0] != ports[0]->dims[0]))
      throw Failure(exitBadInput, library.path(),
                    fmt::format("input \"{}\" ({}) has no row for each example, as \"{}\" ({}) has", port->name,
                                port.describe(), ports[0]->name, ports[0].describe()));
}

/// "critic*5,generator/2": the critic five times for each batch, the generator for every second one.
void Learner::readCourse(const std::string &course) {
  std::istringstream words(course);
  for (std::string word; std::getline(words, word, ',');) {
    size_t end = word.find_first_of("*/");
    CourseStep step{nullptr, nullptr, word.substr(0, end)};
    step.library = &training.entry(step.name);
    step.update = training.updateOf(step.name);
    for (size_t at = end; at != std::string::npos; at = word.find_first_of("*/", at + 1))
      (word[at] == '*' ? step.repeats : step.every) = std::max(1L, std::strtol(word.c_str() + at + 1, nullptr, 10));
    steps.push_back(std::move(step));
  }
}

/// What the steps and the evaluation take from the data, each name once.
std::vector<Learner::FedInput> Learner::fedInputs() const {
  std::vector<FedInput> ports;
  auto add = [&](const ingot_description &about) {
    for (int32_t i = 0; i < about.input_count; ++i) {
      const ingot_port &port = about.inputs[i];
      auto isSame = [&](const FedInput &known) { return !std::strcmp(known->name, port.name); };
      if (isFed(port) && std::none_of(ports.begin(), ports.end(), isSame))
        ports.push_back({&port, &about});
    }
  };
  for (const CourseStep &step : steps)
    add(step.library->description());
  if (evaluation)
    add(evaluation->description());
  return ports;
}

std::string Learner::FedInput::describe() const {
  std::vector<std::string> dims;
  for (int32_t i = 0; i < port->rank; ++i)
    dims.push_back(nameDimension(*about, port->dims[i]));
  return fmt::format("{}[{}]", nameOf(static_cast<ingot_dtype>(port->dtype)), fmt::join(dims, ", "));
}

Judged Learner::standardJudged() const {
  const ingot_description &about = training.description();
  Judged judged{taskOfLoss(loss), "", ""};
  for (int32_t i = about.output_count; i-- > 0;)
    if (about.outputs[i].role == INGOT_DATA)
      judged.output = about.outputs[i].name;
  for (const FedInput &port : fedInputs()) { // the target if there is one, else the last input
    judged.input = port->name;
    if (port->role == INGOT_TARGET)
      break;
  }
  return judged;
}

int64_t Learner::classesOf(const std::string &output) const {
  const ingot_description &about = training.description();
  for (int32_t i = 0; i < about.output_count; ++i)
    if (about.outputs[i].name == output && about.outputs[i].rank > 1)
      return std::max<int64_t>(0, about.outputs[i].dims[1]);
  return 0;
}

int64_t Learner::fixedBatch() const {
  auto ports = fedInputs();
  return ports.empty() ? 0 : std::max<int64_t>(0, ports[0]->dims[0]);
}

std::vector<int64_t> Learner::rowDims(const std::string &input) const {
  for (const FedInput &port : fedInputs())
    if (port->name == input) {
      std::vector<int64_t> dims(port->dims + 1, port->dims + port->rank);
      for (int64_t &dim : dims)
        dim = std::max<int64_t>(dim, -1);
      return dims;
    }
  return {};
}

std::string Learner::featuresInput(const Bindings &bindings) const {
  std::string only;
  for (const FedInput &port : fedInputs()) {
    if (port->role != INGOT_DATA || bindings.count(port->name))
      continue;
    if (!only.empty())
      return "";
    only = port->name;
  }
  return only;
}

bool Learner::hasHyper(const std::string &name) const {
  return std::any_of(steps.begin(), steps.end(), [&](const CourseStep &step) { return findHyper(step, name); });
}

double Learner::standardOf(const std::string &name) const {
  for (const CourseStep &step : steps)
    if (const ingot_port *port = findHyper(step, name))
      return port->standard;
  return 0;
}

void Learner::setHyper(const std::string &name, double value) {
  bool isKnown = false;
  std::vector<std::string> known;
  for (CourseStep &step : steps) {
    std::string prefix = step.name + ".";
    std::string own = name.compare(0, prefix.size(), prefix) == 0 ? name.substr(prefix.size()) : name;
    if (findHyper(step, own)) {
      step.hypers[own] = scalar(value);
      if (own == "lr" && steps.size() > 1)
        step.rate = value;
      isKnown = true;
    }
    for (const std::string &hyper : hypersOf(step))
      known.push_back((steps.size() > 1 ? prefix : "") + hyper);
  }
  if (!isKnown)
    throw Failure(exitBadInput, training.path(),
                  fmt::format("there is no hyperparameter \"{}\"; there are {}", name, fmt::join(known, ", ")));
}

void Learner::setRate(double rate, double base) {
  for (CourseStep &step : steps) {
    const ingot_port *port = findHyper(step, "lr");
    if (!port)
      continue;
    double own = step.rate != 0 ? step.rate : port->standard;
    step.hypers["lr"] = scalar(steps.size() == 1 ? rate : own * (rate / base));
  }
}

std::string Learner::imagesInput() const {
  std::string only;
  for (const FedInput &port : fedInputs()) {
    if (port->role != INGOT_DATA || port->rank < 3 || port->rank > 4)
      continue;
    if (!only.empty())
      return "";
    only = port->name;
  }
  return only;
}

Learner::Source Learner::open(const Dataset &data, const Bindings &bindings, const Normalization &normalization,
                              const std::string &scaled, const Normalization &scaling) const {
  Source source;
  source.dataset = &data;
  std::string features = featuresInput(bindings);
  for (const FedInput &port : fedInputs()) {
    std::string name = port->name, array = bindings.count(name) ? bindings.at(name) : name;
    if (!data.arrays.count(array) && array == name && name == features && data.arrays.count(featuresName))
      array = featuresName;
    if (!data.arrays.count(array))
      throw Failure(exitBadInput, data.path,
                    fmt::format("there is no array \"{}\" for the input \"{}\" ({}); there are {} (--bind {}=ARRAY)",
                                array, name, port.describe(), namesOf(data.arrays), name));
    Feed feed(data, array, name, static_cast<ingot_dtype>(port->dtype), rowDims(name));
    if (name == scaled)
      feed.normalize(scaling);
    else if (port->role == INGOT_DATA)
      feed.normalize(normalization);
    source.feeds.emplace(name, std::move(feed));
    source.arrays[name] = array;
  }
  for (auto &[name, array] : bindings)
    if (!source.arrays.count(name))
      throw Failure(exitBadUsage, "--bind " + name + "=" + array, "the library has no input of that name");
  return source;
}

double Learner::step(size_t which, Source &source, std::span<const int64_t> rows, Metrics *metrics,
                     const Judged &judged) {
  return run(*steps[which].library, steps[which].hypers, source, rows, metrics, judged);
}

double Learner::addGradients(size_t which, Source &source, std::span<const int64_t> rows,
                             const std::vector<double> &shares, Metrics *metrics, const Judged &judged) {
  std::vector<std::string> names = sharesOf(steps[which].library->description());
  for (size_t i = 0; i < names.size(); ++i)
    steps[which].hypers[names[i]] = scalar(shares[i]);
  return step(which, source, rows, metrics, judged);
}

void Learner::update(size_t which) {
  const ingot_description &about = steps[which].update->description();
  const std::map<std::string, Array> &hypers = steps[which].hypers;
  updateInputs.clear();
  for (int32_t i = 0; i < about.input_count; ++i) {
    auto hyper = hypers.find(about.inputs[i].name);
    updateInputs.push_back(hyper == hypers.end() ? ingot_tensor{} : hyper->second.tensor());
  }
  steps[which].update->run(updateInputs, {});
}

void Learner::observeGradients(size_t which, ingot_gradient_observer observer, void *state) {
  steps[which].library->setGradientObserver(observer, state);
}

double Learner::countOf(const Library &library, Source &source, std::span<const int64_t> rows) const {
  return countExamples(library.description(), int64_t(rows.size()),
                       [&](const ingot_port &port) { return &source.fill(port.name, rows); });
}

std::vector<double> Learner::countForShares(size_t which, Source &source, std::span<const int64_t> rows) const {
  return ingot::countForShares(steps[which].library->description(), int64_t(rows.size()),
                               [&](const ingot_port &port) { return &source.fill(port.name, rows); });
}

double Learner::evaluate(Source &source, std::span<const int64_t> rows, Metrics *metrics, const Judged &judged) {
  return run(*evaluation, steps.front().hypers, source, rows, metrics, judged);
}

double Learner::run(Library &library, const std::map<std::string, Array> &hypers, Source &source,
                    std::span<const int64_t> rows, Metrics *metrics, const Judged &judged) {
  const ingot_description &about = library.description();
  std::vector<ingot_tensor> inputs;
  for (int32_t i = 0; i < about.input_count; ++i) {
    const ingot_port &port = about.inputs[i];
    auto hyper = hypers.find(port.name);
    if (isFed(port))
      inputs.push_back(source.fill(port.name, rows).tensor());
    else
      inputs.push_back(hyper == hypers.end() ? ingot_tensor{} : hyper->second.tensor());
  }
  std::vector<Array> &results = outputs[{&library, &source, rows.size()}];
  if (results.empty())
    results = library.makeOutputs(inputs);
  library.run(inputs, tensorsOf(results));
  double loss = std::nan("");
  for (int32_t i = 0; i < about.output_count; ++i) {
    if (about.outputs[i].role == INGOT_LOSS)
      loss = results[size_t(i)].at(0);
    else if (metrics && !metrics->names().empty() && about.outputs[i].name == judged.output)
      judge(results[size_t(i)], source, *metrics, judged);
  }
  return loss;
}

void Learner::judge(const Array &predictions, Source &source, Metrics &metrics, const Judged &judged) const {
  const Array &targets = source.current(judged.input);
  if (!judged.isScaled)
    return metrics.add(predictions, targets);
  const Feed &feed = source.feedOf(judged.input);
  int64_t perRow = targets.count() / std::max<int64_t>(1, targets.shape[0]);
  auto restore = [&](const Array &scaled) {
    Array original(INGOT_F64, scaled.shape);
    for (int64_t i = 0; i < scaled.count(); ++i)
      reinterpret_cast<double *>(original.data())[i] =
          (scaled.at(i) - feed.offsetOf(size_t(i % perRow))) / feed.factorOf(size_t(i % perRow));
    return original;
  };
  metrics.add(restore(predictions), restore(targets));
}

} // namespace ingot
