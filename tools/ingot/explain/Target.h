// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The score that is explained: an element of the network's first output, or a sum of some.
#pragma once
#include "Attribution.h"
#include "RowFunction.h"

namespace ingot {

/// Indices into a row of the first output; the axes that are left are summed over.
class Target {
public:
  /// From words like "3" or "0,17". A Failure says that there is no such element.
  Target(const std::string &words, const Rows &scores, const std::string &output);
  /// Indices that exist.
  Target(std::vector<int64_t> indices, const Rows &scores);
  /// The class of the greatest score of an example, or the only element. A Failure when the output has several axes.
  static Target predicted(const Rows &scores, size_t example, const std::string &output);

  const std::vector<int64_t> &indices() const { return chosen; }
  double scoreOf(std::span<const double> row) const;
  /// The gradient of the score by each of `count` rows of the first output.
  Rows cotangents(const Rows &scores, size_t count) const;

private:
  std::vector<int64_t> chosen;
  size_t begin = 0, length = 1;
};

/// The score of variants of one example: an input changes, the others stay.
class TargetScore : public ScoreFunction {
public:
  /// `example` has one row for each input. All but `target` must outlive this.
  TargetScore(RowFunction &network, const RowMap &example, std::string input, const Rows &scores, Target target)
      : network(network), example(example), input(std::move(input)), scoresRow(scores), target(std::move(target)) {}

  std::vector<double> scores(const Rows &points) override;
  Rows gradients(const Rows &points) override;
  /// Other outputs for the example itself, with the score's gradient where they are gradients.
  std::vector<Rows> outputs(const std::vector<std::string> &names);

private:
  RowMap variants(const Rows &points) const;

  RowFunction &network;
  const RowMap &example;
  std::string input;
  const Rows &scoresRow;
  Target target;
};

} // namespace ingot
