// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Drawings as inline SVG, which needs no script and no file beside the page.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ingot {

/// A line; `style` is a class of the page's style sheet. Values that are not finite leave a gap.
struct Series {
  std::string name, style;
  std::vector<double> values;
};

/// Lines over epochs 1, 2, ...
struct LineChart {
  std::string title;
  std::vector<Series> series;
  /// Index of a value to mark, and what it is.
  std::optional<size_t> marked;
  std::string mark;
  /// Equal distances are equal ratios, where the values span more than one power of ten and are all positive: small
  /// losses would else lie on one another.
  bool mayBeLogarithmic = false;
};

std::string draw(const LineChart &chart);

/// A square of counts, row = target, column = prediction, each row shaded by its shares.
std::string drawConfusion(const std::vector<int64_t> &counts, const std::vector<std::string> &classes);

/// Text as XML takes it.
std::string escapeXml(const std::string &text);

/// Round numbers that cover [low, high], about `count` of them: steps of 1, 2 or 5 times a power of ten.
std::vector<double> ticks(double low, double high, int count);
/// The same for positive numbers whose logarithms are drawn: 1, 2 and 5 times powers of ten, or the powers alone.
std::vector<double> logarithmicTicks(double low, double high);

} // namespace ingot
