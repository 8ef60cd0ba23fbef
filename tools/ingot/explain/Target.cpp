// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Target.h"

#include "Failure.h"
#include "Words.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ingot {

Target::Target(std::vector<int64_t> indices, const Rows &scores) : chosen(std::move(indices)), length(scores.perRow()) {
  for (size_t axis = 0; axis < chosen.size(); ++axis) {
    length /= size_t(scores.shape[axis]);
    begin += size_t(chosen[axis]) * length;
  }
}

Target::Target(const std::string &words, const Rows &scores, const std::string &output)
    : Target(std::vector<int64_t>(), scores) {
  std::vector<int64_t> indices = parseNumbers("--target", words);
  if (indices.size() > scores.shape.size())
    throw Failure(exitBadInput, "--target " + words,
                  fmt::format("the rows of \"{}\" have {} axes", output, scores.shape.size()));
  for (size_t axis = 0; axis < indices.size(); ++axis)
    if (indices[axis] >= scores.shape[axis])
      throw Failure(
          exitBadInput, "--target " + words,
          fmt::format("\"{}\" has {} elements there: 0 to {}", output, scores.shape[axis], scores.shape[axis] - 1));
  *this = Target(std::move(indices), scores);
}

Target Target::predicted(const Rows &scores, size_t example, const std::string &output) {
  auto row = scores.row(example);
  if (row.size() == 1)
    return Target(std::vector<int64_t>(scores.shape.size(), 0), scores);
  if (scores.shape.size() != 1)
    throw Failure(exitBadUsage, "--target",
                  fmt::format("the rows of \"{}\" are [{}]: say which of its elements is to be explained", output,
                              fmt::join(scores.shape, ", ")));
  return Target({std::max_element(row.begin(), row.end()) - row.begin()}, scores);
}

double Target::scoreOf(std::span<const double> row) const {
  double sum = 0;
  for (double value : row.subspan(begin, length))
    sum += value;
  return sum;
}

Rows Target::cotangents(const Rows &scores, size_t count) const {
  Rows rows{scores.shape, std::vector<double>(count * scores.perRow())};
  for (size_t i = 0; i < count; ++i)
    std::fill_n(rows.row(i).begin() + std::ptrdiff_t(begin), length, 1.0);
  return rows;
}

RowMap TargetScore::variants(const Rows &points) const {
  RowMap rows;
  for (auto &[name, one] : example) {
    Rows &all = rows[name];
    if (name == input) {
      all = points;
      continue;
    }
    all.shape = one.shape;
    for (size_t i = 0; i < points.count(); ++i)
      all.append(one.values);
  }
  return rows;
}

std::vector<double> TargetScore::scores(const Rows &points) {
  Rows rows = std::move(network.run(variants(points), {network.scores().name}).front());
  std::vector<double> result;
  for (size_t i = 0; i < rows.count(); ++i)
    result.push_back(target.scoreOf(rows.row(i)));
  return result;
}

Rows TargetScore::gradients(const Rows &points) {
  Rows arriving = target.cotangents(scoresRow, points.count());
  return std::move(network.run(variants(points), {input + ".gradient"}, &arriving).front());
}

std::vector<Rows> TargetScore::outputs(const std::vector<std::string> &names) {
  Rows arriving = target.cotangents(scoresRow, 1);
  return network.run(example, names, &arriving);
}

} // namespace ingot
