// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Chart.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace ingot {
namespace {

constexpr double width = 560, height = 260, left = 62, right = 14, top = 34, bottom = 38;

/// Places values in the drawing.
struct Plane {
  double low, high;
  size_t count;
  bool isLogarithmic;

  double x(size_t i) const { return left + (count > 1 ? double(i) / double(count - 1) : 0.5) * (width - left - right); }
  double y(double value) const {
    double share = isLogarithmic ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
    return height - bottom - share * (height - top - bottom);
  }
};

Plane planeOf(const LineChart &chart, std::vector<double> &marks) {
  double low = INFINITY, high = -INFINITY;
  size_t count = 1;
  for (const Series &series : chart.series) {
    count = std::max(count, series.values.size());
    for (double value : series.values)
      if (std::isfinite(value)) {
        low = std::min(low, value);
        high = std::max(high, value);
      }
  }
  if (low > high)
    low = 0, high = 1;
  if (low == high)
    high = low + std::max(1e-12, std::abs(low) * 0.1);
  bool isLogarithmic = chart.mayBeLogarithmic && low > 0 && high > 10 * low;
  marks = isLogarithmic ? logarithmicTicks(low, high) : ticks(low, high, 5);
  return {marks.front(), marks.back(), count, isLogarithmic};
}

// A polyline for each run of finite values, and a dot that tells its value for each of few.
std::string drawSeries(const Series &series, const Plane &plane) {
  std::string text, points;
  auto finish = [&] {
    if (!points.empty())
      text += fmt::format("<polyline class=\"line {}\" points=\"{}\"/>\n", series.style, points);
    points.clear();
  };
  for (size_t i = 0; i < series.values.size(); ++i) {
    if (!std::isfinite(series.values[i])) {
      finish();
      continue;
    }
    points += fmt::format("{:.1f},{:.1f} ", plane.x(i), plane.y(series.values[i]));
  }
  finish();
  double radius = plane.count <= 60 ? 2.5 : 1.2;
  for (size_t i = 0; i < series.values.size(); ++i)
    if (std::isfinite(series.values[i]))
      text += fmt::format("<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"><title>epoch {}: {} {:.6g}</title>"
                          "</circle>\n",
                          series.style, plane.x(i), plane.y(series.values[i]), radius, i + 1, escapeXml(series.name),
                          series.values[i]);
  return text;
}

std::string drawAxes(const LineChart &chart, const Plane &plane, const std::vector<double> &marks) {
  std::string text = fmt::format("<text class=\"title\" x=\"{}\" y=\"18\">{}</text>\n", left,
                                 escapeXml(chart.title + (plane.isLogarithmic ? " (logarithmic)" : "")));
  for (double mark : marks) {
    double y = plane.y(mark);
    text += fmt::format("<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>"
                        "<text class=\"axis\" text-anchor=\"end\" x=\"{}\" y=\"{:.1f}\">{:.6g}</text>\n",
                        left, width - right, y, y, left - 6, y + 4, mark);
  }
  size_t step = std::max<size_t>(1, (plane.count + 9) / 10);
  for (size_t i = 0; i < plane.count; i += step)
    text += fmt::format("<text class=\"axis\" text-anchor=\"middle\" x=\"{:.1f}\" y=\"{}\">{}</text>\n", plane.x(i),
                        height - bottom + 16, i + 1);
  return text + fmt::format("<text class=\"axis\" text-anchor=\"end\" x=\"{}\" y=\"{}\">epoch</text>\n", width - right,
                            height - 6);
}

std::string drawLegend(const LineChart &chart) {
  std::string text;
  double x = width - right;
  for (auto series = chart.series.rbegin(); series != chart.series.rend(); ++series) {
    text += fmt::format("<text class=\"axis\" text-anchor=\"end\" x=\"{:.0f}\" y=\"18\">{}</text>", x,
                        escapeXml(series->name));
    x -= 7.0 * double(series->name.size()) + 6;
    text += fmt::format("<line class=\"line {}\" x1=\"{:.0f}\" x2=\"{:.0f}\" y1=\"14\" y2=\"14\"/>\n", series->style,
                        x - 18, x);
    x -= 30;
  }
  return text;
}

std::string className(const std::vector<std::string> &classes, size_t i) {
  return i < classes.size() ? classes[i] : std::to_string(i);
}

std::string shorten(const std::string &name) {
  constexpr size_t most = 12;
  if (name.size() <= most)
    return name;
  size_t end = most - 1; // not within a character of UTF-8
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80)
    --end;
  return name.substr(0, end) + "…";
}

/// The squares of a confusion matrix and the names at its edges.
struct Grid {
  Grid(size_t count, const std::vector<std::string> &classes)
      : count(count), cell(std::clamp(520.0 / double(count), 4.0, 44.0)), classes(classes) {
    for (size_t i = 0; i < count; ++i)
      longest = std::max(longest, shorten(className(classes, i)).size());
    margin = cell >= 11 ? 16 + 7.5 * double(longest) : 4;
  }

  double place(size_t i) const { return margin + cell * double(i); }

  std::string drawNames(size_t i) const {
    double middle = place(i) + cell / 2, edge = margin - 6;
    std::string name = escapeXml(shorten(className(classes, i)));
    std::string where = longest > 3
                            ? fmt::format("transform=\"translate({:.1f} {:.1f}) rotate(-60)\"", middle + 4, edge)
                            : fmt::format("text-anchor=\"middle\" x=\"{:.1f}\" y=\"{:.1f}\"", middle, edge);
    return fmt::format(
        "<text class=\"axis\" text-anchor=\"end\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text><text class=\"axis\" "
        "{}>{}</text>\n",
        edge, middle + 4, name, where, name);
  }

  /// `sum` examples are of the row's class.
  std::string drawCell(size_t row, size_t column, int64_t number, double sum) const {
    double share = sum > 0 ? double(number) / sum : 0, x = place(column), y = place(row);
    std::string text = fmt::format("<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
                                   "fill-opacity=\"{:.3f}\"><title>{} "
                                   "taken for {}: {} ({:.1f} %)</title></rect>",
                                   row == column ? "hit" : "miss", x, y, cell - 1, cell - 1,
                                   number ? 0.12 + 0.88 * std::sqrt(share) : 0.04, escapeXml(className(classes, row)),
                                   escapeXml(className(classes, column)), number, share * 100);
    if (cell >= 22 && number)
      text += fmt::format("<text class=\"count{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", share > 0.3 ? " strong" : "",
                          x + cell / 2, y + cell / 2 + 4, number);
    return text;
  }

  size_t count, longest = 1;
  double cell, margin;
  const std::vector<std::string> &classes;
};

} // namespace

std::string escapeXml(const std::string &text) {
  std::string result;
  for (char c : text)
    if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '&')
      result += "&amp;";
    else if (c == '"')
      result += "&quot;";
    else if (static_cast<unsigned char>(c) >= 32 || c == '\n' || c == '\t')
      result += c;
  return result;
}

std::vector<double> ticks(double low, double high, int count) {
  double rough = (high - low) / std::max(1, count), power = std::pow(10, std::floor(std::log10(rough))), step = power;
  for (double factor : {2.0, 5.0, 10.0})
    if (step < rough)
      step = power * factor;
  std::vector<double> marks;
  auto first = std::floor(low / step), last = std::ceil(high / step);
  for (double i = first; i <= last; ++i)
    marks.push_back(i * step);
  return marks;
}

std::vector<double> logarithmicTicks(double low, double high) {
  bool isWide = high / low > 1e3;
  std::vector<double> marks;
  for (double power = std::pow(10, std::floor(std::log10(low))); marks.empty() || marks.back() < high; power *= 10)
    for (double factor : {1.0, 2.0, 5.0}) {
      double mark = power * factor;
      if ((isWide && factor != 1) || (!marks.empty() && marks.back() >= high))
        continue;
      if (mark <= low)
        marks.clear(); // a later one is nearer
      marks.push_back(mark);
    }
  return marks;
}

std::string draw(const LineChart &chart) {
  std::vector<double> marks;
  Plane plane = planeOf(chart, marks);
  std::string text = fmt::format("<svg class=\"chart\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n", width,
                                 height, escapeXml(chart.title));
  text += drawAxes(chart, plane, marks);
  if (chart.marked && *chart.marked < plane.count) {
    double x = plane.x(*chart.marked);
    text +=
        fmt::format("<line class=\"mark\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{}\" y2=\"{}\"><title>{}</title></line>\n",
                    x, x, top, height - bottom, escapeXml(chart.mark));
  }
  for (const Series &series : chart.series)
    text += drawSeries(series, plane);
  return text + drawLegend(chart) + "</svg>\n";
}

std::string drawConfusion(const std::vector<int64_t> &counts, const std::vector<std::string> &classes) {
  Grid grid(size_t(std::llround(std::sqrt(double(counts.size())))), classes);
  std::string text =
      fmt::format("<svg class=\"confusion\" viewBox=\"0 0 {0:.0f} {0:.0f}\" style=\"max-width:{0:.0f}px\" "
                  "role=\"img\" aria-label=\"confusion matrix\">\n",
                  grid.place(grid.count) + 4);
  for (size_t row = 0; row < grid.count; ++row) {
    double sum = 0;
    for (size_t column = 0; column < grid.count; ++column)
      sum += double(counts[row * grid.count + column]);
    text += grid.cell >= 11 ? grid.drawNames(row) : "";
    for (size_t column = 0; column < grid.count; ++column)
      text += grid.drawCell(row, column, counts[row * grid.count + column], sum);
    text += '\n';
  }
  return text + "</svg>\n";
}

} // namespace ingot
