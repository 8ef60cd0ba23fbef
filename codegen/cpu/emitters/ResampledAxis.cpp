//===- ResampledAxis.cpp - What an axis of known sizes samples ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/ResampledAxis.h"
#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlir;

namespace ingot::cpu {
namespace {

/// The compiler's own numbers, rounded as a kernel's are.
struct KnownNumbers {
  using Number = float;
  float constant(double value) { return float(value); }
  float add(float a, float b) { return a + b; }
  float sub(float a, float b) { return a - b; }
  float mul(float a, float b) { return a * b; }
  float div(float a, float b) { return a / b; }
  float madd(float a, float b, float c) { return std::fma(a, b, c); }
  float min(float a, float b) { return std::min(a, b); }
  float max(float a, float b) { return std::max(a, b); }
  float abs(float a) { return std::fabs(a); }
  float floor(float a) { return std::floor(a); }
  float ceil(float a) { return std::ceil(a); }
  bool less(float a, float b) { return a < b; }
  float select(bool condition, float a, float b) { return condition ? a : b; }
};

/// Of blocks without a common pattern, so many are worth code of their own.
constexpr int64_t mostPatterns = 16;
constexpr int64_t longestPeriod = 5;

} // namespace

std::optional<ResampledAxis> ResampledAxis::of(ResizeOp op, size_t axis, Evaluator &evaluator) {
  auto input = constantValue(evaluator.dims(op.getInput())[axis]);
  auto output = constantValue(evaluator.dims(op.getOutput())[axis]);
  if (!input || !output || *input < 1 || *output < 1 || *input > 1 << 24)
    return std::nullopt;
  ResampledAxis result;
  result.extent = *input;
  KnownNumbers numbers;
  ResizeRule<KnownNumbers> rule(op, axis, numbers, float(*input), float(*output));
  for (int64_t index = 0; index < int64_t(llvm::alignTo(*output, panelLanes)); ++index)
    for (auto [tap, sample] : llvm::enumerate(rule.samples(float(std::min(index, *output - 1))))) {
      if (index == 0) {
        result.indices.emplace_back();
        if (sample.weight)
          result.weights.emplace_back();
      }
      result.indices[tap].push_back(int32_t(std::clamp<float>(sample.position, 0, float(*input - 1))));
      if (sample.weight)
        result.weights[tap].push_back(*sample.weight);
    }
  return result;
}

SampledBlock ResampledAxis::block(int64_t number) const {
  SampledBlock result;
  int32_t low = std::numeric_limits<int32_t>::max(), high = 0;
  for (ArrayRef<int32_t> tap : indices)
    for (int32_t index : tap.slice(number * panelLanes, panelLanes)) {
      low = std::min(low, index);
      high = std::max(high, index);
    }
  if (high - low >= 2 * panelLanes)
    return result;
  result.vectors = high - low < panelLanes ? 1 : 2;
  // Whole vectors, as far as the input has them.
  result.base = std::max<int64_t>(0, std::min<int64_t>(low, extent - result.vectors * panelLanes));
  for (ArrayRef<int32_t> tap : indices) {
    SmallVector<int64_t> &chosen = result.shuffles.emplace_back();
    for (int32_t index : tap.slice(number * panelLanes, panelLanes))
      chosen.push_back(index - result.base);
  }
  return result;
}

std::optional<SmallVector<SampledRun>> ResampledAxis::runs() const {
  SmallVector<SampledBlock> all;
  for (int64_t number = 0; number < blocks(); ++number)
    if (all.push_back(block(number)); all.back().vectors == 0)
      return std::nullopt;
  /// How often the `period` blocks from `first` on repeat.
  auto repetitions = [&](int64_t first, int64_t period) {
    int64_t step = all[first + period].base - all[first].base, end = first + period;
    auto continues = [&](const SampledBlock &before, const SampledBlock &next) {
      return next.base == before.base + step && next.vectors == before.vectors && next.shuffles == before.shuffles;
    };
    while (end < blocks() && continues(all[end - period], all[end]))
      ++end;
    return (end - first) / period;
  };
  SmallVector<SampledRun> result;
  int64_t patterns = 0;
  for (int64_t first = 0; first < blocks();) {
    SampledRun run{first};
    for (int64_t period = 1; period <= longestPeriod && first + period < blocks() && run.trips == 1; ++period)
      if (int64_t trips = repetitions(first, period); trips > 2)
        run = {first, period, trips, all[first + period].base - all[first].base};
    result.push_back(run);
    first = run.end();
    patterns += run.period;
  }
  if (patterns > mostPatterns)
    return std::nullopt;
  return result;
}

} // namespace ingot::cpu
