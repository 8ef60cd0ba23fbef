// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Explanations of a library's predictions: which method, on which tensor, with what is needed for it.
#pragma once
#include "ExampleSet.h"
#include "Picture.h"
#include "Target.h"

#include <nlohmann/json.hpp>

namespace ingot {

/// What `ingot explain` was asked for. Empty words and zeros: the standard, which depends on the method and the model.
struct ExplainRequest {
  std::string library, method = "saliency", target, rows, input, at, baseline = "0", out;
  ExampleRequest examples;
  std::vector<int64_t> window, stride;
  NoiseOptions noise;
  int64_t steps = 64, batch = 32, token = 0;
  int32_t threads = 0;
  bool isChannelsLast = false, json = false;
};

/// The words of --method.
const std::vector<std::string> &explanationMethods();

/// One example's.
struct Explanation {
  int64_t row = 0;
  double score = 0;
  std::vector<int64_t> target;
  /// The first output's greatest element; -1 where it has several axes.
  int64_t predicted = -1;
  /// One number for each element of what was explained.
  std::vector<int64_t> shape;
  Attribution values;
  /// Whether negative values speak against the score, so that signs belong into a picture.
  bool isSigned = false;
  /// The values as a picture of the example, in its size; empty when they are none.
  std::vector<double> map;
  /// What the method tells beside the values.
  nlohmann::ordered_json notes = nlohmann::ordered_json::object();
};

class Explainer {
public:
  /// A Failure says what is wrong with the request, or what the library has to be made with. Both must outlive this.
  Explainer(Library &library, const ExplainRequest &request);

  /// The examples to explain.
  const std::vector<int64_t> &rows() const { return numbers; }
  Explanation explain(int64_t row);

  /// What is explained: an input, or an inner tensor.
  const std::string &subject() const { return request.at.empty() ? input : request.at; }
  const std::string &inputName() const { return input; }
  /// The example as an image, if its input is one.
  std::optional<Array> pictureOf(int64_t row);

private:
  struct Example;

  void chooseInput();
  void chooseLayers();
  void explainLayer(Example &example, Explanation &result);
  void explainCam(Example &example, Explanation &result);
  void explainPath(Example &example, Explanation &result);
  void explainOcclusion(Example &example, Explanation &result);
  void explainAttention(Example &example, Explanation &result);
  void explainInput(Example &example, Explanation &result);
  std::vector<double> baselineLike(const Rows &row) const;
  PlaceGrid gridOf(const std::vector<int64_t> &shape) const;

  const ExplainRequest &request;
  RowFunction network;
  ExampleSet examples;
  std::vector<int64_t> numbers;
  std::string input;
  /// The tensor of Grad-CAM, or those of attention.
  std::vector<std::string> layers;
};

} // namespace ingot
