// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ExampleSet.h"

#include "Failure.h"
#include "Words.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ingot {
namespace {

bool endsWith(const std::string &text, const std::string &ending) {
  return text.size() >= ending.size() && text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

std::string namesOf(const ArrayMap &arrays) {
  std::vector<std::string> names;
  for (auto &entry : arrays)
    names.push_back(entry.first);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string describePort(const ingot_port &port) {
  std::vector<std::string> dims{"rows"};
  for (int64_t dim : RowFunction::rowDims(port))
    dims.push_back(dim < 0 ? "any" : std::to_string(dim));
  return fmt::format("{}[{}]", nameOf(static_cast<ingot_dtype>(port.dtype)), fmt::join(dims, ", "));
}

const ingot_port *findInput(const RowFunction &network, const std::string &name) {
  for (const ingot_port *port : network.inputs())
    if (port->name == name)
      return port;
  return nullptr;
}

// The input that takes images and features of formats that name none: the only one that is not bound and has no array
// of its own name; null when several could be meant.
const ingot_port *featuresInput(const RowFunction &network, const std::map<std::string, std::string> &bindings,
                                const ArrayMap &arrays) {
  const ingot_port *only = nullptr;
  for (const ingot_port *port : network.inputs()) {
    if (bindings.count(port->name) || arrays.count(port->name))
      continue;
    if (only)
      return nullptr;
    only = port;
  }
  return only;
}

} // namespace

void addExampleOptions(CLI::App &command, ExampleRequest &request) {
  command
      .add_option("--data,--npz", request.data,
                  "Examples: .npz, .npy, .csv, idx, CIFAR files, an image, a folder of images (repeatable)")
      ->allow_extra_args(false);
  addFeedOptions(command, request);
}

ExampleSet::ExampleSet(const RowFunction &network, const ExampleRequest &request)
    : normalization(request.normalization()), labelsName(request.labels.empty() ? targetName : request.labels) {
  for (const std::string &word : request.bindings)
    bindings.insert(parsePair("--bind", word));
  for (auto &[name, array] : bindings)
    if (!findInput(network, name))
      throw Failure(exitBadUsage, "--bind " + name + "=" + array, "the library has no input of that name");
  read(network, request);
  for (const ingot_port *port : network.inputs()) {
    Feed feed(data, arrayFor(network, port->name), port->name, static_cast<ingot_dtype>(port->dtype),
              RowFunction::rowDims(*port));
    feed.normalize(normalization);
    feeds.emplace(port->name, std::move(feed));
  }
}

void ExampleSet::read(const RowFunction &network, const ExampleRequest &request) {
  if (request.data.empty() && request.inputs.empty())
    throw Failure(exitBadUsage, "--data", "there are no examples: use --data, --npz or --input");
  DataOptions options;
  options.target = request.target;
  options.dropped = request.dropped;
  if (const ingot_port *port = featuresInput(network, bindings, {}))
    options.fit(RowFunction::rowDims(*port));
  if (!request.data.empty())
    data = readDataset(request.data, options);
  for (const std::string &word : request.inputs)
    readInput(network, word);
  for (auto &[name, array] : data.arrays)
    if (array.shape.empty() || array.shape[0] != data.rows())
      throw Failure(exitBadInput, data.path,
                    fmt::format("\"{}\" is {}, but there are {} examples", name, describe(array), data.rows()));
}

void ExampleSet::readInput(const RowFunction &network, const std::string &word) {
  bool isNamed = word.find('=') != std::string::npos;
  const ingot_port *port = nullptr;
  std::string file = word;
  if (isNamed) {
    auto [name, path] = parsePair("--input", word);
    port = findInput(network, name);
    file = path;
    if (!port)
      throw Failure(exitBadInput, network.path(), fmt::format("the model has no input \"{}\"", name));
  } else if (!(port = featuresInput(network, bindings, data.arrays))) {
    throw Failure(exitBadUsage, "--input " + word, "the model has several inputs: write NAME=FILE");
  }
  if (data.path.empty())
    data.path = file;
  if (endsWith(file, ".npy")) {
    data.arrays[port->name] = readNpy(file);
    return;
  }
  DataOptions options;
  options.fit(RowFunction::rowDims(*port));
  Dataset image = readDataset({file}, options);
  auto features = image.arrays.find(featuresName);
  if (features == image.arrays.end())
    throw Failure(exitBadUsage, "--input " + word, "expected an image or an .npy file; --data reads other formats");
  data.arrays[port->name] = std::move(features->second);
}

std::string ExampleSet::arrayFor(const RowFunction &network, const std::string &input) const {
  auto bound = bindings.find(input);
  std::string name = bound == bindings.end() ? input : bound->second;
  const ingot_port *features = featuresInput(network, bindings, data.arrays);
  if (data.arrays.count(name))
    return name;
  if (bound == bindings.end() && features && features->name == input && data.arrays.count(featuresName))
    return featuresName;
  throw Failure(exitBadInput, data.path,
                fmt::format("there is no array \"{}\" for the input \"{}\" ({}); there are {} (--bind {}=ARRAY)", name,
                            input, describePort(*findInput(network, input)), namesOf(data.arrays), input));
}

void ExampleSet::expectRows(std::span<const int64_t> numbers) const {
  for (int64_t number : numbers)
    if (number >= count())
      throw Failure(exitBadInput, data.path, fmt::format("there is no example {}: there are {}", number, count()));
}

RowMap ExampleSet::rows(std::span<const int64_t> numbers) {
  RowMap result;
  for (auto &[name, feed] : feeds) {
    const Array &array = feed.fill(numbers);
    Rows &rows = result[name];
    rows.shape = feed.rowShape();
    for (int64_t i = 0, end = array.count(); i < end; ++i)
      rows.values.push_back(array.at(i));
  }
  return result;
}

std::vector<double> ExampleSet::denormalized(const std::string &input, std::span<const double> row) const {
  std::vector<double> values(row.begin(), row.end());
  const Feed &feed = feeds.at(input);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = (values[i] - feed.offsetOf(i)) / feed.factorOf(i);
  return values;
}

std::vector<int64_t> ExampleSet::labels(int64_t classes) const {
  if (!data.arrays.count(labelsName))
    throw Failure(exitBadInput, data.path,
                  fmt::format("there is no array \"{}\" of classes; there are {} (--labels ARRAY)", labelsName,
                              namesOf(data.arrays)));
  checkClasses(data, labelsName, classes, -1);
  const Array &array = data.arrays.at(labelsName);
  if (array.count() != count())
    throw Failure(exitBadInput, data.path,
                  fmt::format("\"{}\" is {}, not one class for each example", labelsName, describe(array)));
  std::vector<int64_t> result;
  for (int64_t i = 0; i < count(); ++i)
    result.push_back(int64_t(array.at(i)));
  return result;
}

} // namespace ingot
