// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Explainer.h"

#include "Elements.h"
#include "Failure.h"
#include "Words.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ingot {
namespace {

constexpr int64_t mostRows = 10; // unless others are asked for

bool needsInputGradient(const std::string &method) {
  return method == "saliency" || method == "gradient-x-input" || method == "smoothgrad" ||
         method == "integrated-gradients";
}

bool worksAtLayers(const std::string &method) {
  return method == "saliency" || method == "gradient-x-input" || method == "grad-cam";
}

// One number for each vector along the last axis: its length, or its sum.
Attribution reduceLast(const Attribution &values, size_t width, bool isLength) {
  Attribution result(values.size() / width);
  for (size_t i = 0; i < values.size(); ++i)
    result[i / width] += isLength ? values[i] * values[i] : values[i];
  for (double &value : result)
    value = isLength ? std::sqrt(value) : value;
  return result;
}

// Tokens that are the patches of an image, after `extra` others: the grid of patches in the image's proportions.
std::optional<std::pair<int64_t, int64_t>> patchesOf(int64_t tokens, const ImageForm &form) {
  for (int64_t rows = 1; rows <= tokens; ++rows)
    if (tokens % rows == 0 && rows * form.width == tokens / rows * form.height)
      return std::pair(rows, tokens / rows);
  return std::nullopt;
}

} // namespace

const std::vector<std::string> &explanationMethods() {
  static const std::vector<std::string> methods = {"saliency", "gradient-x-input", "integrated-gradients", "smoothgrad",
                                                   "grad-cam", "occlusion",        "attention-rollout"};
  return methods;
}

/// One example on its way: its rows, its scores, and the score to explain.
struct Explainer::Example {
  RowMap rows;
  Rows scores;
  Target target;
  TargetScore score;
  const Rows &input;

  Example(RowFunction &network, RowMap given, Rows computed, Target chosen, const std::string &name)
      : rows(std::move(given)), scores(std::move(computed)), target(chosen), score(network, rows, name, scores, chosen),
        input(rows.at(name)) {}
  Example(const Example &) = delete;
};

Explainer::Explainer(Library &library, const ExplainRequest &request)
    : request(request), network(library, request.batch), examples(network, request.examples) {
  if (request.threads)
    library.setThreads(request.threads);
  if (!request.at.empty() && !worksAtLayers(request.method))
    throw Failure(exitBadUsage, "--at", fmt::format("{} does not explain inner tensors", request.method));
  chooseInput();
  chooseLayers();
  if (needsInputGradient(request.method))
    network.expectGradient(subject());
  std::string standard = examples.count() > mostRows ? fmt::format("0-{}", mostRows - 1)
                                                     : fmt::format("0-{}", std::max<int64_t>(1, examples.count()) - 1);
  numbers = parseNumbers("--rows", request.rows.empty() ? standard : request.rows);
  examples.expectRows(numbers);
}

void Explainer::chooseInput() {
  auto ports = network.inputs();
  for (const ingot_port *port : ports)
    if (request.input.empty() ? isReal(static_cast<ingot_dtype>(port->dtype)) : port->name == request.input) {
      input = port->name;
      return;
    }
  if (!request.input.empty())
    throw Failure(exitBadInput, network.path(), fmt::format("the model has no input \"{}\"", request.input));
  input = ports.front()->name;
}

void Explainer::chooseLayers() {
  std::vector<std::string> names = network.outputNames();
  if (request.method == "attention-rollout") {
    for (int i = 0; network.findOutput("attention." + std::to_string(i)); ++i)
      layers.push_back("attention." + std::to_string(i));
    if (layers.empty())
      throw Failure(exitBadInput, network.path(),
                    "does not tell the weights of its attention; make it with ingotc --attention-outputs");
  }
  if (request.method != "grad-cam")
    return;
  for (const std::string &name : names)
    if (network.findOutput(name + ".gradient") && (request.at.empty() ? name != names.front() : name == request.at))
      layers = {name};
  if (layers.empty())
    throw Failure(exitBadInput, network.path(),
                  fmt::format("does not tell {} and the gradient by it; make it with ingotc --grad-cam{}",
                              request.at.empty() ? "a convolution's result" : "\"" + request.at + "\"",
                              request.at.empty() ? "" : "=" + request.at));
  network.expectGradient(layers.front());
}

Explanation Explainer::explain(int64_t row) {
  RowMap rows = examples.rows(std::vector{row});
  std::string output = network.scores().name;
  Rows scores = std::move(network.run(rows, {output}).front());
  bool isWhole = request.target.empty() && request.method == "attention-rollout"; // which explains no score
  Target target = isWhole                  ? Target(std::vector<int64_t>(), scores)
                  : request.target.empty() ? Target::predicted(scores, 0, output)
                                           : Target(request.target, scores, output);
  Example example(network, std::move(rows), std::move(scores), target, input);
  Explanation result;
  result.row = row;
  result.target = target.indices();
  result.score = target.scoreOf(example.scores.row(0));
  if (example.scores.shape.size() <= 1)
    result.predicted =
        std::max_element(example.scores.values.begin(), example.scores.values.end()) - example.scores.values.begin();
  if (request.method == "grad-cam")
    explainCam(example, result);
  else if (request.method == "attention-rollout")
    explainAttention(example, result);
  else if (request.method == "occlusion")
    explainOcclusion(example, result);
  else if (!request.at.empty())
    explainLayer(example, result);
  else
    explainInput(example, result);
  for (double value : result.values)
    if (!std::isfinite(value))
      throw Failure(exitBadInput, network.path(),
                    fmt::format("the {} of example {} has values that are no numbers", request.method, row));
  return result;
}

void Explainer::explainInput(Example &example, Explanation &result) {
  result.shape = example.input.shape;
  result.isSigned = request.method == "integrated-gradients" || request.method == "gradient-x-input";
  if (request.method == "integrated-gradients") {
    explainPath(example, result);
  } else if (request.method == "smoothgrad") {
    NoiseOptions noise = request.noise;
    noise.batch = request.batch;
    result.values = smoothGradient(example.score, example.input, noise);
  } else {
    result.values = saliency(example.score, example.input);
    for (size_t i = 0; result.isSigned && i < result.values.size(); ++i)
      result.values[i] *= example.input.values[i];
  }
  if (auto form = imageFormOf(result.shape))
    result.map = mapOf(result.values, *form, result.isSigned ? OverChannels::Sum : OverChannels::Greatest);
}

void Explainer::explainPath(Example &example, Explanation &result) {
  PathOptions path{baselineLike(example.input), request.steps, request.batch};
  result.values = integratedGradients(example.score, example.input, path);
  double sum = 0;
  for (double value : result.values)
    sum += value;
  double before = example.score.scores({example.input.shape, path.baseline}).front();
  result.notes["baseline_score"] = before;
  result.notes["sum"] = sum;
  result.notes["completeness_gap"] = sum - (result.score - before);
}

void Explainer::explainLayer(Example &example, Explanation &result) {
  std::vector<Rows> layer = example.score.outputs({request.at, request.at + ".gradient"});
  result.shape = layer[0].shape;
  result.values = layer[1].values;
  result.isSigned = request.method == "gradient-x-input";
  for (size_t i = 0; result.isSigned && i < result.values.size(); ++i)
    result.values[i] *= layer[0].values[i];
  if (result.shape.size() > 1) { // vectors of tokens
    result.values = reduceLast(result.values, size_t(result.shape.back()), !result.isSigned);
    result.shape.pop_back();
  }
}

void Explainer::explainCam(Example &example, Explanation &result) {
  std::vector<Rows> layer = example.score.outputs({layers.front(), layers.front() + ".gradient"});
  std::vector<int64_t> shape = layer[0].shape;
  if (shape.size() < 2)
    throw Failure(exitBadInput, network.path(),
                  fmt::format("\"{}\" has no places: its rows are [{}]", layers.front(), fmt::join(shape, ", ")));
  PlaceGrid grid;
  (request.isChannelsLast ? grid.after : grid.before) = request.isChannelsLast ? shape.back() : shape.front();
  shape.erase(request.isChannelsLast ? shape.end() - 1 : shape.begin());
  grid.extents = result.shape = shape;
  result.values = gradCam(layer[0].values, layer[1].values, grid);
  result.notes["layer"] = layers.front();
  auto form = imageFormOf(example.input.shape);
  if (form && shape.size() == 2)
    result.map = resizeMap(result.values, shape[0], shape[1], form->height, form->width);
}

// Places of an image are its pixels; of other rows the positions of their first axis.
PlaceGrid Explainer::gridOf(const std::vector<int64_t> &shape) const {
  if (auto form = imageFormOf(shape))
    return {{form->height, form->width},
            form->isChannelsLast ? 1 : form->channels,
            form->isChannelsLast ? form->channels : 1};
  PlaceGrid grid{{shape.empty() ? 1 : shape.front()}, 1, 1};
  for (size_t i = 1; i < shape.size(); ++i)
    grid.after *= shape[i];
  return grid;
}

void Explainer::explainOcclusion(Example &example, Explanation &result) {
  PlaceGrid grid = gridOf(example.input.shape);
  OcclusionOptions options{request.window, request.stride, baselineLike(example.input), request.batch};
  bool isImage = grid.extents.size() == 2;
  auto complete = [&](std::vector<int64_t> &sizes, const std::string &option, auto standard) {
    for (size_t axis = 0, given = sizes.size(); axis < grid.extents.size(); ++axis)
      if (axis >= given)
        sizes.push_back(given == 1 ? sizes.front() : standard(axis));
    sizes.resize(grid.extents.size());
    for (int64_t size : sizes)
      if (size < 1)
        throw Failure(exitBadUsage, option, "expected a positive number");
  };
  complete(options.window, "--window", [&](size_t axis) {
    return isImage ? std::max<int64_t>(1, std::min<int64_t>(grid.extents[axis], (grid.extents[axis] + 4) / 8)) : 1;
  });
  complete(options.stride, "--stride", [&](size_t axis) { return std::max<int64_t>(1, options.window[axis] / 2); });
  result.isSigned = true;
  result.shape = grid.extents;
  result.values = occlusion(example.score, example.input, grid, options);
  result.notes["window"] = options.window;
  result.notes["stride"] = options.stride;
  if (isImage)
    result.map = result.values;
}

void Explainer::explainAttention(Example &example, Explanation &result) {
  std::vector<Rows> weights;
  int64_t tokens = 0;
  for (Rows &layer : network.run(example.rows, layers)) {
    size_t rank = layer.shape.size();
    if (rank < 2 || layer.shape[rank - 1] != layer.shape[rank - 2])
      continue; // attention to another sequence
    if (tokens && layer.shape.back() != tokens)
      throw Failure(exitBadInput, network.path(),
                    fmt::format("its attentions are over {} and {} tokens, which cannot be followed through", tokens,
                                layer.shape.back()));
    tokens = layer.shape.back();
    weights.push_back(std::move(layer));
  }
  if (!tokens)
    throw Failure(exitBadInput, network.path(), "no attention is among the tokens of one sequence");
  if (request.token >= tokens)
    throw Failure(exitBadInput, "--token " + std::to_string(request.token),
                  fmt::format("there are {} tokens: 0 to {}", tokens, tokens - 1));
  result.shape = {tokens};
  result.values = attentionRollout(weights, request.token);
  result.notes["token"] = request.token;
  auto form = imageFormOf(example.input.shape);
  for (int64_t extra = 0; form && extra <= 2 && result.map.empty(); ++extra) // a class token, one of distillation
    if (auto patches = patchesOf(tokens - extra, *form))
      result.map = resizeMap(std::span(result.values).subspan(size_t(extra)), patches->first, patches->second,
                             form->height, form->width);
}

std::vector<double> Explainer::baselineLike(const Rows &row) const {
  char *rest = nullptr;
  double number = std::strtod(request.baseline.c_str(), &rest);
  if (rest != request.baseline.c_str() && !*rest)
    return std::vector<double>(row.perRow(), number);
  Array array = readNpy(request.baseline);
  if (size_t(array.count()) != row.perRow())
    throw Failure(
        exitBadInput, request.baseline,
        fmt::format("{} is not one example of \"{}\", [{}]", describe(array), input, fmt::join(row.shape, ", ")));
  std::vector<double> values;
  for (int64_t i = 0; i < array.count(); ++i)
    values.push_back(array.at(i));
  return values;
}

std::optional<Array> Explainer::pictureOf(int64_t row) {
  RowMap rows = examples.rows(std::vector{row});
  const Rows &example = rows.at(input);
  auto form = imageFormOf(example.shape);
  if (!form)
    return std::nullopt;
  std::vector<double> values = examples.denormalized(input, example.row(0));
  return pixelsOf(values, *form, pixelRangeOf(values));
}

} // namespace ingot
