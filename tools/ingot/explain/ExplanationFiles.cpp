// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ExplanationFiles.h"

#include "AtomicFile.h"
#include "Failure.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ingot {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t mostInDocument = 4096; // of one example
constexpr size_t mostNamed = 10;
constexpr int64_t leastSide = 256; // of a picture

std::vector<int64_t> indexOf(size_t element, const std::vector<int64_t> &shape) {
  std::vector<int64_t> index(shape.size());
  for (size_t axis = shape.size(); axis-- > 0; element /= size_t(shape[axis]))
    index[axis] = int64_t(element % size_t(shape[axis]));
  return index;
}

// The elements of the greatest magnitude.
std::vector<size_t> strongest(const Explanation &explanation) {
  std::vector<size_t> order(explanation.values.size());
  std::iota(order.begin(), order.end(), size_t(0));
  auto end = order.begin() + std::ptrdiff_t(std::min(mostNamed, order.size()));
  std::partial_sort(order.begin(), end, order.end(), [&](size_t a, size_t b) {
    double left = std::abs(explanation.values[a]), right = std::abs(explanation.values[b]);
    return left != right ? left > right : a < b;
  });
  order.erase(end, order.end());
  return order;
}

Json toJson(const Explanation &explanation) {
  Json json = {{"row", explanation.row}, {"target", explanation.target}, {"score", explanation.score}};
  if (explanation.predicted >= 0)
    json["predicted"] = explanation.predicted;
  json.update(explanation.notes);
  json["shape"] = explanation.shape;
  json["strongest"] = Json::array();
  for (size_t element : strongest(explanation))
    json["strongest"].push_back(
        {{"index", indexOf(element, explanation.shape)}, {"value", explanation.values[element]}});
  if (explanation.values.size() <= mostInDocument)
    json["values"] = explanation.values;
  return json;
}

// All explanations as one array if they have one shape, else one each.
ArrayMap arraysOf(const std::vector<Explanation> &explanations) {
  ArrayMap arrays;
  bool areAlike = std::all_of(explanations.begin(), explanations.end(),
                              [&](const Explanation &one) { return one.shape == explanations.front().shape; });
  auto store = [](const Explanation &from, float *to) {
    std::transform(from.values.begin(), from.values.end(), to, [](double value) { return float(value); });
  };
  Array &rows = arrays["rows"] = Array(INGOT_I64, {int64_t(explanations.size())});
  for (size_t i = 0; i < explanations.size(); ++i)
    reinterpret_cast<int64_t *>(rows.data())[i] = explanations[i].row;
  std::vector<int64_t> shape{int64_t(explanations.size())};
  shape.insert(shape.end(), explanations.front().shape.begin(), explanations.front().shape.end());
  if (areAlike)
    arrays["attributions"] = Array(INGOT_F32, shape);
  for (size_t i = 0; i < explanations.size(); ++i) {
    const Explanation &one = explanations[i];
    Array *array = &arrays["attributions"];
    if (!areAlike)
      array = &(arrays["attributions." + std::to_string(one.row)] = Array(INGOT_F32, one.shape));
    store(one, reinterpret_cast<float *>(array->data()) + (areAlike ? i * one.values.size() : 0));
  }
  if (!areAlike)
    arrays.erase("attributions");
  return arrays;
}

} // namespace

nlohmann::ordered_json documentOf(const ExplainRequest &request, const Explainer &explainer,
                                  const std::vector<Explanation> &explanations) {
  Json document = {{"library", request.library}, {"method", request.method}, {"explained", explainer.subject()}};
  if (request.method == "smoothgrad")
    document["noise"] = {
        {"samples", request.noise.samples}, {"level", request.noise.level}, {"seed", request.noise.seed}};
  if (request.method == "integrated-gradients")
    document["path"] = {{"steps", request.steps}, {"baseline", request.baseline}};
  if (request.method == "occlusion")
    document["baseline"] = request.baseline;
  document["examples"] = Json::array();
  for (const Explanation &explanation : explanations) {
    document["examples"].push_back(toJson(explanation));
    if (std::string picture = pictureName(explanation); !picture.empty() && !request.out.empty())
      document["examples"].back()["picture"] = picture;
  }
  return document;
}

std::string pictureName(const Explanation &explanation) {
  return explanation.map.empty() ? "" : fmt::format("row{}.png", explanation.row);
}

void writeExplanations(const std::string &folder, const nlohmann::ordered_json &document, Explainer &explainer,
                       const std::vector<Explanation> &explanations) {
  std::filesystem::path path = folder;
  for (const Explanation &explanation : explanations)
    if (auto image = explanation.map.empty() ? std::nullopt : explainer.pictureOf(explanation.row)) {
      std::vector<Array> panels;
      panels.push_back(enlarge(*image, leastSide));
      panels.push_back(enlarge(overlay(*image, explanation.map), leastSide));
      writePng(path / pictureName(explanation), sideBySide(panels));
    }
  if (!explanations.empty())
    writeNpz(path / "attributions.npz", arraysOf(explanations));
  std::string text = document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  AtomicFile file(path / "explanation.json");
  file.write(text.data(), text.size());
  file.commit();
}

std::string describe(const Explanation &explanation) {
  std::string text = fmt::format("row {}: score {:.6g}", explanation.row, explanation.score);
  if (!explanation.target.empty())
    text += fmt::format(" of [{}]", fmt::join(explanation.target, ", "));
  if (explanation.predicted >= 0 && explanation.target != std::vector{explanation.predicted})
    text += fmt::format(", predicted [{}]", explanation.predicted);
  if (explanation.notes.contains("completeness_gap"))
    text += fmt::format("; attributions sum to {:.6g}, {:+.2g} off", explanation.notes["sum"].get<double>(),
                        explanation.notes["completeness_gap"].get<double>());
  text += "; strongest";
  size_t shown = 0;
  for (size_t element : strongest(explanation)) {
    text +=
        fmt::format(" [{}] {:.3g}", fmt::join(indexOf(element, explanation.shape), ", "), explanation.values[element]);
    if (++shown == 3)
      break;
  }
  return text;
}

} // namespace ingot
