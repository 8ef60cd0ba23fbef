// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Report.h"

#include "Chart.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <tuple>

namespace ingot {
namespace {

constexpr const char *style = R"(
:root { --ink: #1d2733; --soft: #5c6875; --paper: #ffffff; --panel: #f4f6f8; --grid: #dde2e7; --first: #1f6fb4; --second: #d2601a; --third: #3d7f5f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e9ee; --soft: #9aa6b2; --paper: #14191f; --panel: #1d242c; --grid: #313b45; --first: #64aee8; --second: #f0955a; --third: #79c29c; }
}
body { margin: 0 auto; padding: 24px; max-width: 1240px; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 24px; margin: 0 0 4px; } h2 { font-size: 17px; margin: 28px 0 8px; } p { margin: 4px 0 12px; color: var(--soft); }
.figures { display: flex; flex-wrap: wrap; gap: 12px; margin: 16px 0; }
.figure { background: var(--panel); border-radius: 8px; padding: 10px 16px; } .figure b { display: block; font-size: 21px; }
.figure span { color: var(--soft); font-size: 13px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); gap: 16px; }
svg { background: var(--panel); border-radius: 8px; width: 100%; height: auto; }
svg text { font: 12px system-ui, sans-serif; fill: var(--soft); } svg .title { font-size: 14px; font-weight: 600; fill: var(--ink); }
.grid { stroke: var(--grid); } .mark { stroke: var(--third); stroke-dasharray: 4 3; stroke-width: 1.5; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.training { stroke: var(--first); } circle.training { fill: var(--first); }
.validation { stroke: var(--second); } circle.validation { fill: var(--second); }
.rate { stroke: var(--third); } circle.rate { fill: var(--third); }
.hit { fill: var(--first); } .miss { fill: var(--second); } svg .count { text-anchor: middle; fill: var(--ink); } svg .strong { fill: var(--paper); }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 12px; text-align: right; border-bottom: 1px solid var(--grid); } th:first-child, td:first-child { text-align: left; }
tr.best td { font-weight: 600; }
)";

std::string number(double value) { return std::isnan(value) ? "–" : fmt::format("{:.4g}", value); }

std::string figure(const std::string &value, const std::string &what) {
  return fmt::format("<div class=\"figure\"><b>{}</b><span>{}</span></div>\n", escapeXml(value), escapeXml(what));
}

std::string summary(const TrainingReport &report) {
  const History &history = report.history;
  std::optional<size_t> best = history.best();
  std::string text = "<div class=\"figures\">\n";
  if (best) {
    const Epoch &epoch = history.epochs[*best];
    std::string data = epoch.validation ? "validation" : "training";
    text += figure(fmt::format("{} of {}", *best + 1, history.epochs.size()),
                   "best epoch, by " + data + " " + history.monitor);
    text += figure(number(epoch.judged().loss), data + " loss");
    for (size_t i = 0; i < history.metrics.size(); ++i)
      text += figure(number(epoch.judged().metrics[i]), data + " " + report.metricTitles[i]);
  }
  double seconds = 0;
  for (const Epoch &epoch : history.epochs)
    seconds += epoch.seconds;
  text += figure(fmt::format("{:.1f} s", seconds), "in all");
  if (!history.epochs.empty())
    text += figure(fmt::format("{:.0f}", history.epochs.back().examplesPerSecond), "examples per second");
  return text + "</div>\n";
}

LineChart chartOf(const History &history, const std::string &title, double (*pick)(const Figures &, size_t),
                  size_t index) {
  Series training{"training", "training", {}}, validation{"validation", "validation", {}};
  bool isValidated = false;
  for (const Epoch &epoch : history.epochs) {
    training.values.push_back(pick(epoch.training, index));
    validation.values.push_back(epoch.validation ? pick(*epoch.validation, index) : NAN);
    isValidated |= epoch.validation.has_value();
  }
  LineChart chart{title, {training}, history.best(), "best epoch"};
  if (isValidated)
    chart.series.push_back(validation);
  return chart;
}

std::string charts(const TrainingReport &report) {
  const History &history = report.history;
  std::string text = "<div class=\"charts\">\n";
  LineChart loss = chartOf(
      history, "loss", [](const Figures &figures, size_t) { return figures.loss; }, 0);
  loss.mayBeLogarithmic = true;
  text += draw(loss);
  for (size_t i = 0; i < history.metrics.size(); ++i)
    text += draw(chartOf(
        history, report.metricTitles[i], [](const Figures &figures, size_t index) { return figures.metrics[index]; },
        i));
  Series rate{"learning rate", "rate", {}};
  for (const Epoch &epoch : history.epochs)
    rate.values.push_back(epoch.rate);
  return text + draw({"learning rate", {rate}, std::nullopt, ""}) + "</div>\n";
}

std::string cells(const Figures &figures) {
  std::string text = fmt::format("<td>{}</td>", number(figures.loss));
  for (double metric : figures.metrics)
    text += fmt::format("<td>{}</td>", number(metric));
  return text;
}

std::string table(const TrainingReport &report) {
  const History &history = report.history;
  std::string text = "<h2>Epochs</h2>\n<div class=\"wide\"><table>\n<tr><th>epoch</th><th>rate</th>";
  bool isValidated = !history.epochs.empty() && history.epochs.back().validation;
  for (const char *part : {"training", "validation"}) {
    if (!isValidated && *part == 'v')
      continue;
    text += fmt::format("<th>{} loss</th>", part);
    for (const std::string &title : report.metricTitles)
      text += fmt::format("<th>{}</th>", escapeXml(title));
  }
  text += "<th>seconds</th></tr>\n";
  for (size_t i = 0; i < history.epochs.size(); ++i) {
    const Epoch &epoch = history.epochs[i];
    text += history.best() == i ? "<tr class=\"best\">" : "<tr>";
    text += fmt::format("<td>{}</td><td>{}</td>", i + 1, number(epoch.rate)) + cells(epoch.training);
    if (epoch.validation)
      text += cells(*epoch.validation);
    text += fmt::format("<td>{:.2f}</td></tr>\n", epoch.seconds);
  }
  return text + "</table></div>\n";
}

std::string confusion(const TrainingReport &report) {
  if (report.confusion.empty())
    return "";
  auto count = size_t(std::llround(std::sqrt(double(report.confusion.size()))));
  struct Mistake {
    int64_t count;
    size_t target, prediction;
  };
  std::vector<Mistake> mistakes;
  for (size_t i = 0; i < report.confusion.size(); ++i)
    if (i / count != i % count && report.confusion[i])
      mistakes.push_back({report.confusion[i], i / count, i % count});
  std::sort(mistakes.begin(), mistakes.end(), [](auto &a, auto &b) {
    return std::tuple(-a.count, a.target, a.prediction) < std::tuple(-b.count, b.target, b.prediction);
  });
  auto name = [&](size_t i) { return escapeXml(i < report.classes.size() ? report.classes[i] : std::to_string(i)); };
  bool isValidated = !report.history.epochs.empty() && report.history.epochs.back().validation;
  std::string text = fmt::format(
      "<h2>Confusion matrix</h2>\n<p>{} data at the best epoch; a row is a true class, a column a predicted one.",
      isValidated ? "Validation" : "Training");
  for (size_t i = 0; i < std::min<size_t>(3, mistakes.size()); ++i)
    text += fmt::format("{} {} taken for {}: {}", i ? ";" : " Most frequent mistakes:", name(mistakes[i].target),
                        name(mistakes[i].prediction), mistakes[i].count);
  text += "</p>\n";
  constexpr size_t mostDrawn = 100;
  return count <= mostDrawn ? text + drawConfusion(report.confusion, report.classes) : text;
}

} // namespace

std::string judgeFit(const History &history) {
  std::optional<size_t> best = history.best();
  if (!best || !history.epochs.back().validation)
    return "There are no validation data (--val), so over-fitting would go unseen.";
  const Epoch &good = history.epochs[*best], &last = history.epochs.back();
  double limit = std::max(1e-12, std::abs(good.validation->loss) * 0.02);
  if (last.validation->loss > good.validation->loss + limit && last.training.loss < good.training.loss)
    return fmt::format(
        "Over-fitting: since epoch {} the training loss has fallen from {:.4g} to {:.4g}, but the validation "
        "loss has risen from {:.4g} to {:.4g}.",
        *best + 1, good.training.loss, last.training.loss, good.validation->loss, last.validation->loss);
  if (*best + 1 == history.epochs.size())
    return "The last epoch is the best one: more epochs may help.";
  return "No over-fitting: the validation loss has not risen since the best epoch.";
}

std::string formatReport(const TrainingReport &report) {
  std::string title = escapeXml(report.title);
  std::string text =
      "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width\"/>\n";
  text += fmt::format("<title>Training of {}</title>\n<style>{}</style>\n</head>\n<body>\n<h1>Training of {}</h1>\n<p>",
                      title, style, title);
  for (size_t i = 0; i < report.settings.size(); ++i)
    text += fmt::format("{}{} {}", i ? " · " : "", escapeXml(report.settings[i].first),
                        escapeXml(report.settings[i].second));
  text += "</p>\n" + summary(report) + "<p>" + escapeXml(judgeFit(report.history)) + "</p>\n" + charts(report) +
          confusion(report) + table(report);
  return text + "</body>\n</html>\n";
}

} // namespace ingot
