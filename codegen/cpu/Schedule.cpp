//===- Schedule.cpp - Block sizes and division of work --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Schedule.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>

namespace ingot::cpu {

static int64_t registersPerVector(const Target &target) {
  return std::max<int64_t>(1, panelLanes * 4 / target.vectorBytes);
}

int64_t maxRows(const Target &target, int64_t vectors) {
  int64_t wide = vectors * registersPerVector(target);
  int64_t rows = (target.vectorRegisters - 1 - wide) / wide;
  // A single vector is bound by the broadcasts' loads: more rows gain nothing.
  return std::max<int64_t>(1, vectors == 1 ? std::min<int64_t>(rows, 20) : rows);
}

Block chooseBlock(const Target &target, std::optional<int64_t> rows, std::optional<int64_t> panels,
                  std::optional<int64_t> rowBytes) {
  auto divides = [&](int64_t vectors) { return !panels || *panels % vectors == 0; };
  int64_t vectors = 1;
  // Few rows: widen the block instead, so that each broadcast serves more columns.
  for (int64_t wide : {4, 3, 2})
    if (vectors == 1 && rows && divides(wide) && *rows <= maxRows(target, wide))
      vectors = wide;
  // Elements of rows that lie a multiple of 4 KB apart compete for the places of one cache set: fewer rows then, and
  // more columns.
  bool compete = rowBytes && *rowBytes % 4096 == 0;
  if (vectors == 1 && compete && panels && divides(3) && maxRows(target, 3) >= 8)
    vectors = 3;
  if (vectors == 1 && maxRows(target, 2) >= 6)
    vectors = divides(2) ? 2 : divides(3) ? 3 : *panels > 1 ? 2 : 1;
  int64_t limit = maxRows(target, vectors);
  if (compete)
    limit = std::min<int64_t>(limit, 12);
  if (rows)
    limit = llvm::divideCeil(*rows, llvm::divideCeil(*rows, limit));
  else if (limit >= 8)
    limit = limit / 4 * 4; // most sizes are multiples of four, and so are then the rows left to an incomplete block
  return {std::max<int64_t>(limit, 1), vectors};
}

/// Cycles for one step of the reduction: two multiply-adds or two loads each, and a latency of four.
static double stepCycles(const Target &target, Block block) {
  int64_t vectors = block.vectors * registersPerVector(target);
  return std::max(
      {double(block.rows * vectors) / 2, double(block.rows + vectors) / 2, 4.0 / double(chooseUnroll(target, block))});
}

double blockEfficiency(const Target &target, Block block, std::optional<int64_t> rows, std::optional<int64_t> panels) {
  double cycles = 0, products = double(registersPerVector(target)) / 2;
  int64_t height = rows.value_or(block.rows), width = panels.value_or(block.vectors);
  for (const Run &down : balancedRuns(height, block.rows)) {
    cycles += double(down.count * (width / block.vectors)) * stepCycles(target, {down.size, block.vectors});
    if (int64_t rest = width % block.vectors)
      cycles += double(down.count) * stepCycles(target, {down.size, rest});
  }
  return products * double(height * width) / cycles;
}

// 200 GFLOP/s, or half with half the registers, and 32 GB/s: what cores of the machines that this was measured on do
// in whole networks.
double productMicroseconds(const Target &target, double operations, double efficiency) {
  return operations * double(registersPerVector(target)) / (200e3 * efficiency);
}

double weightMicroseconds(double bytes) { return bytes / 32e3; }

std::vector<KernelChoice> alternativeBlocks(const Target &target, Block chosen, std::optional<int64_t> rows,
                                            std::optional<int64_t> panels) {
  std::vector<KernelChoice> found;
  auto add = [&](int64_t most, int64_t vectors) {
    if (rows)
      most = llvm::divideCeil(*rows, llvm::divideCeil(*rows, most));
    KernelChoice block{std::max<int64_t>(most, 1), vectors};
    bool isChosen = block.rows == chosen.rows && block.vectors == chosen.vectors;
    if (!isChosen && std::find(found.begin(), found.end(), block) == found.end())
      found.push_back(block);
  };
  for (int64_t vectors : {2, 1, 3, 4})
    if (!panels || vectors <= *panels)
      add(maxRows(target, vectors), vectors);
  // Smaller blocks leave less work to the last, incomplete one.
  add(std::max<int64_t>(1, chosen.rows * 2 / 3), chosen.vectors);
  add(std::max<int64_t>(1, chosen.rows / 2), chosen.vectors);
  if (!rows)
    return found; // whatever they turn out to be
  constexpr double leastShare = 0.65;
  auto efficiency = [&](const KernelChoice &other) {
    return blockEfficiency(target, {other.rows, other.vectors}, rows, panels);
  };
  double best = blockEfficiency(target, chosen, rows, panels);
  for (const KernelChoice &other : found)
    best = std::max(best, efficiency(other));
  found.erase(std::remove_if(found.begin(), found.end(),
                             [&](const KernelChoice &other) { return efficiency(other) < leastShare * best; }),
              found.end());
  // What differs little stays in the order of experience.
  auto grade = [&](const KernelChoice &other) { return std::lround(32 * efficiency(other)); };
  std::stable_sort(found.begin(), found.end(),
                   [&](const KernelChoice &a, const KernelChoice &b) { return grade(a) > grade(b); });
  return found;
}

Block blockOf(const KernelChoice &measured, Block chosen) {
  return measured.isChosen() ? Block{measured.rows, measured.vectors} : chosen;
}

std::string describe(Block block) {
  return std::to_string(block.rows) + " rows x " + std::to_string(block.vectors) + " vectors";
}

llvm::SmallVector<Run> balancedRuns(int64_t total, int64_t limit) {
  int64_t pieces = llvm::divideCeil(total, limit), small = total / pieces, larger = total % pieces;
  llvm::SmallVector<Run> runs;
  if (larger)
    runs.push_back({0, small + 1, larger});
  if (pieces > larger)
    runs.push_back({larger * (small + 1), small, pieces - larger});
  return runs;
}

int64_t chooseUnroll(const Target &target, Block block) {
  int64_t chains = block.rows * block.vectors * registersPerVector(target), unroll = 1;
  // Two FMAs a cycle with a latency of four.
  while (chains * unroll < 8 && chains * unroll * 2 + 3 * registersPerVector(target) <= target.vectorRegisters)
    unroll *= 2;
  return unroll;
}

int64_t grainFor(double operations, double bytes) {
  double nanoseconds = std::max(operations / 150, bytes / 25) + 5;
  return std::max<int64_t>(1, int64_t(500 / nanoseconds));
}

bool isNextGroup(const Prefetch &prefetch, int64_t depth, int64_t vectors) {
  return prefetch.distance == depth * vectors * panelLanes;
}

/// Groups that stay in the first-level cache beside the rows; groups of which two stay in the second-level one, when
/// there are two passes or more for reading the second of them, or one.
constexpr int64_t nearBytes = 16 * 1024, sharedBytes = 640 * 1024, unsharedBytes = 256 * 1024;

Prefetch choosePrefetch(int64_t depth, Block block, int64_t passes) {
  int64_t groupBytes = depth * block.vectors * panelLanes * 4;
  // Weights that few rows use are read at memory speed: run ahead within the panel.
  if (block.rows <= 2)
    return {32 * panelLanes, 3};
  if (groupBytes <= (passes > 1 ? sharedBytes : unsharedBytes))
    return {depth * block.vectors * panelLanes, 2, groupBytes > nearBytes ? 32 * panelLanes : 0};
  return {128 * panelLanes, 3};
}

} // namespace ingot::cpu
