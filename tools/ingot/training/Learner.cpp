// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Learner.h"

#include "Failure.h"

#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ingot {
namespace {

bool isFed(const ingot_port &port) { return port.role == INGOT_DATA || port.role == INGOT_TARGET; }

std::vector<const ingot_port *> fedInputs(const ingot_description &about) {
  std::vector<const ingot_port *> ports;
  for (int32_t i = 0; i < about.input_count; ++i)
    if (isFed(about.inputs[i]))
      ports.push_back(&about.inputs[i]);
  return ports;
}

std::string describePort(const ingot_description &about, const ingot_port &port) {
  std::vector<std::string> dims;
  for (int32_t i = 0; i < port.rank; ++i)
    dims.push_back(nameDimension(about, port.dims[i]));
  return fmt::format("{}[{}]", nameOf(static_cast<ingot_dtype>(port.dtype)), fmt::join(dims, ", "));
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

Learner::Learner(Library &library, Library *evaluationLibrary, Library *updateLibrary)
    : training(library), evaluation(evaluationLibrary), updating(updateLibrary), block(library) {
  library.expectEntry(updating ? "gradient_step" : "train_step");
  if (!evaluation)
    throw Failure(exitBadInput, library.path(), "has no evaluation; make it again with this version of ingotc");
  const ingot_description &about = library.description();
  loss = library.optionOf("--loss");
  if (std::string word = library.optionOf("--ignore-index"); !word.empty())
    ignored = std::strtoll(word.c_str(), nullptr, 10);
  training.bindState(block.data());
  evaluation->bindState(block.data());
  if (updating)
    updating->bindState(block.data());
  for (const ingot_port *port : fedInputs(about))
    if (port->rank == 0 || port->dims[0] != fedInputs(about)[0]->dims[0])
      throw Failure(exitBadInput, library.path(),
                    fmt::format("input \"{}\" ({}) has no row for each example, as \"{}\" ({}) has", port->name,
                                describePort(about, *port), fedInputs(about)[0]->name,
                                describePort(about, *fedInputs(about)[0])));
}

Judged Learner::standardJudged() const {
  const ingot_description &about = training.description();
  Judged judged{taskOfLoss(loss), "", ""};
  for (int32_t i = about.output_count; i-- > 0;)
    if (about.outputs[i].role == INGOT_DATA)
      judged.output = about.outputs[i].name;
  for (const ingot_port *port : fedInputs(about)) { // the target if there is one, else the last input
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
  auto ports = fedInputs(training.description());
  return ports.empty() ? 0 : std::max<int64_t>(0, ports[0]->dims[0]);
}

std::vector<int64_t> Learner::rowDims(const std::string &input) const {
  for (const ingot_port *port : fedInputs(training.description()))
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
  for (const ingot_port *port : fedInputs(training.description())) {
    if (port->role != INGOT_DATA || bindings.count(port->name))
      continue;
    if (!only.empty())
      return "";
    only = port->name;
  }
  return only;
}

bool Learner::hasHyper(const std::string &name) const {
  const ingot_description &about = optimizing().description();
  for (int32_t i = 0; i < about.input_count; ++i)
    if (about.inputs[i].role == INGOT_HYPER && about.inputs[i].name == name)
      return true;
  return false;
}

double Learner::standardOf(const std::string &name) const {
  const ingot_description &about = optimizing().description();
  for (int32_t i = 0; i < about.input_count; ++i)
    if (about.inputs[i].role == INGOT_HYPER && about.inputs[i].name == name)
      return about.inputs[i].standard;
  return 0;
}

void Learner::setHyper(const std::string &name, double value) {
  if (!hasHyper(name)) {
    std::vector<std::string> known;
    const ingot_description &about = optimizing().description();
    for (int32_t i = 0; i < about.input_count; ++i)
      if (about.inputs[i].role == INGOT_HYPER)
        known.push_back(about.inputs[i].name);
    throw Failure(exitBadInput, training.path(),
                  fmt::format("there is no hyperparameter \"{}\"; there are {}", name, fmt::join(known, ", ")));
  }
  hypers[name] = scalar(value);
}

Learner::Source Learner::open(const Dataset &data, const Bindings &bindings, const Normalization &normalization) const {
  const ingot_description &about = training.description();
  Source source;
  source.dataset = &data;
  std::string features = featuresInput(bindings);
  for (const ingot_port *port : fedInputs(about)) {
    std::string name = port->name, array = bindings.count(name) ? bindings.at(name) : name;
    if (!data.arrays.count(array) && array == name && name == features && data.arrays.count(featuresName))
      array = featuresName;
    if (!data.arrays.count(array))
      throw Failure(exitBadInput, data.path,
                    fmt::format("there is no array \"{}\" for the input \"{}\" ({}); there are {} (--bind {}=ARRAY)",
                                array, name, describePort(about, *port), namesOf(data.arrays), name));
    Feed feed(data, array, name, static_cast<ingot_dtype>(port->dtype), rowDims(name));
    if (port->role == INGOT_DATA)
      feed.normalize(normalization);
    source.feeds.emplace(name, std::move(feed));
    source.arrays[name] = array;
  }
  for (auto &[name, array] : bindings)
    if (!source.arrays.count(name))
      throw Failure(exitBadUsage, "--bind " + name + "=" + array, "the library has no input of that name");
  return source;
}

double Learner::step(Source &source, std::span<const int64_t> rows, Metrics *metrics, const Judged &judged) {
  return run(training, source, rows, metrics, judged);
}

double Learner::addGradients(Source &source, std::span<const int64_t> rows, double share, Metrics *metrics,
                             const Judged &judged) {
  hypers["share"] = scalar(share);
  return run(training, source, rows, metrics, judged);
}

void Learner::update() {
  const ingot_description &about = updating->description();
  updateInputs.clear();
  for (int32_t i = 0; i < about.input_count; ++i) {
    auto hyper = hypers.find(about.inputs[i].name);
    updateInputs.push_back(hyper == hypers.end() ? ingot_tensor{} : hyper->second.tensor());
  }
  updating->run(updateInputs, {});
}

void Learner::observeGradients(ingot_gradient_observer observer, void *state) {
  training.setGradientObserver(observer, state);
}

double Learner::evaluate(Source &source, std::span<const int64_t> rows, Metrics *metrics, const Judged &judged) {
  return run(*evaluation, source, rows, metrics, judged);
}

double Learner::run(Library &library, Source &source, std::span<const int64_t> rows, Metrics *metrics,
                    const Judged &judged) {
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
      metrics->add(results[size_t(i)], source.current(judged.input));
  }
  return loss;
}

} // namespace ingot
