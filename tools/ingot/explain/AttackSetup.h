// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An attack on a library's predictions for a data set.
#pragma once
#include "Attack.h"
#include "ExampleSet.h"
#include "Picture.h"

namespace ingot {

/// What `ingot attack` was asked for. Empty words and zeros: the standard.
struct AttackRequest {
  std::string library, method = "pgd", stepSize, rows, norm = "linf", input, out, grid;
  std::vector<std::string> epsilons, clip;
  ExampleRequest examples;
  int64_t steps = 0, restarts = 1, batch = 64, wanted = -1;
  uint64_t seed = 0;
  bool isTargeted = false, areProbabilities = false, json = false;
  int32_t threads = 0;
};

/// What an attack with one epsilon came to.
struct AttackSummary {
  double epsilon = 0;
  int64_t right = 0, reachedTarget = 0;
  /// Means over the examples of the distances in both norms.
  double largestChange = 0, euclideanChange = 0;
};

/// The whole of it: examples, their adversarial variants, and how often the network is right.
class AttackSetup : private AttackedModel {
public:
  /// A Failure says what is wrong with the request, the library or the data. Both must outlive this.
  AttackSetup(Library &library, const AttackRequest &request);

  const std::vector<double> &epsilons() const { return distances; }
  int64_t count() const { return int64_t(numbers.size()); }
  AttackOptions optionsFor(double epsilon) const;

  /// Of all examples as they are.
  int64_t countRight();
  /// Attacks all examples; `keep`, if any, gets their variants, in the data's units times --scale.
  AttackSummary run(double epsilon, Rows *keep);

  /// Writes variants with their classes, and what the network says, so that --data reads them.
  void writeExamples(const std::string &path, const Rows &variants);
  /// Some examples with their change and what became of them, if they are images.
  void writeGrid(const std::string &path, const Rows &variants, double epsilon);

private:
  Judgement judge(const Rows &points, std::span<const int64_t> places, bool wantsGradients) override;
  RowMap rowsFor(const Rows &points, std::span<const int64_t> places);
  /// The loss of a row of the first output for a class, and its gradient.
  double loss(std::span<const double> scores, int64_t label, std::span<double> gradient) const;
  int64_t predict(std::span<const double> scores) const;
  std::vector<int64_t> predictions(const Rows &points, std::span<const int64_t> places);
  /// Places in `numbers`, some at once.
  std::vector<std::vector<int64_t>> batches() const;
  Rows cleanPoints(std::span<const int64_t> places);
  int64_t goalOf(int64_t place) const;
  void chooseInput();
  void readEpsilons();
  void chooseExamples();

  const AttackRequest &request;
  RowFunction network;
  ExampleSet examples;
  std::string input;
  int64_t classes = 0;
  std::vector<double> distances;
  std::optional<std::pair<double, double>> bounds;
  std::vector<int64_t> numbers, labels;
};

} // namespace ingot
