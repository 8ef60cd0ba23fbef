// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CountedLabels.h"

#include <algorithm>
#include <string_view>

namespace ingot {
namespace {

constexpr std::string_view suffix = ".share";

double countLabels(const ingot_port &port, const Array &target) {
  const auto *labels = reinterpret_cast<const int64_t *>(target.data());
  return double(target.count() - std::count(labels, labels + target.count(), int64_t(port.standard)));
}

const ingot_port *findInput(const ingot_description &about, std::string_view name) {
  auto found = std::find_if(about.inputs, about.inputs + about.input_count,
                            [&](const ingot_port &port) { return port.name == name; });
  return found == about.inputs + about.input_count ? nullptr : found;
}

/// The only target, if its elements are class numbers.
const ingot_port *onlyLabels(const ingot_description &about) {
  const ingot_port *only = nullptr;
  for (int32_t i = 0; i < about.input_count; ++i)
    if (about.inputs[i].role == INGOT_TARGET) {
      if (only) // whose the mean is, nobody knows
        return nullptr;
      only = &about.inputs[i];
    }
  return only && only->dtype == INGOT_I64 ? only : nullptr;
}

} // namespace

bool isShare(const ingot_port &port) {
  return port.role == INGOT_HYPER && (port.name == suffix.substr(1) || std::string_view(port.name).ends_with(suffix));
}

std::vector<std::string> sharesOf(const ingot_description &about) {
  std::vector<std::string> names{std::string(suffix.substr(1))};
  for (int32_t i = 0; i < about.input_count; ++i)
    if (isShare(about.inputs[i]) && about.inputs[i].name != names[0])
      names.push_back(about.inputs[i].name);
  return names;
}

double countExamples(const ingot_description &about, int64_t rows, const RowsOfInput &arrayOf) {
  const ingot_port *port = onlyLabels(about);
  const Array *target = port ? arrayOf(*port) : nullptr;
  return target ? countLabels(*port, *target) : double(rows);
}

std::vector<double> countForShares(const ingot_description &about, int64_t rows, const RowsOfInput &arrayOf) {
  std::vector<std::string> names = sharesOf(about);
  if (names.size() == 1)
    return {countExamples(about, rows, arrayOf)};
  std::vector<double> counts{double(rows)};
  for (size_t i = 1; i < names.size(); ++i) {
    const ingot_port *port = findInput(about, std::string_view(names[i]).substr(0, names[i].size() - suffix.size()));
    const Array *target = port ? arrayOf(*port) : nullptr;
    counts.push_back(target ? countLabels(*port, *target) : 0);
  }
  return counts;
}

std::vector<double> sharesOf(const std::vector<double> &piece, const std::vector<double> &batch, double rows) {
  std::vector<double> shares{batch[0] > 0 ? piece[0] / batch[0] : rows};
  for (size_t i = 1; i < piece.size(); ++i) // the step multiplies by the first one too
    shares.push_back(batch[i] > 0 && shares[0] > 0 ? piece[i] / batch[i] / shares[0] : 1);
  return shares;
}

} // namespace ingot
