//===- Schedule.h - Block sizes and division of work ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How many rows and vectors of 16 columns a kernel keeps in registers, and how its work is cut into parallel items.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_SCHEDULE_H
#define INGOT_CODEGEN_CPU_SCHEDULE_H

#include "codegen/Codegen.h"
#include "codegen/cpu/Target.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace ingot::cpu {

/// A register block: `rows` times `vectors` accumulators of 16 lanes.
struct Block {
  int64_t rows, vectors;
};

/// The most rows that leave room for one row of B vectors and a broadcast: beyond it LLVM spills in the inner loop,
/// which halves the speed.
int64_t maxRows(const Target &target, int64_t vectors);

/// The block for `rows` rows (unknown: null), `panels` panels of 16 columns and a reduction of `depth` steps.
/// `rowBytes` is the distance of rows in memory: multiples of 4 KB fall into one cache set.
Block chooseBlock(const Target &target, std::optional<int64_t> rows, std::optional<int64_t> panels,
                  std::optional<int64_t> rowBytes);

/// Other blocks for the same problem that use the registers nearly as well, best guesses first: what is worth
/// measuring.
std::vector<KernelChoice> alternativeBlocks(const Target &target, Block chosen, std::optional<int64_t> rows,
                                            std::optional<int64_t> panels);

/// The share of the greatest possible multiply-adds that a core reaches with this block, given what a step of the
/// reduction loads, the latency of sums, and the incomplete blocks at the end. Unknown sizes count as multiples.
double blockEfficiency(const Target &target, Block block, std::optional<int64_t> rows, std::optional<int64_t> panels);

/// What a core is expected to take for products of so many operations, with a block of this efficiency, and for reading
/// weights that other layers have displaced from its caches.
double productMicroseconds(const Target &target, double operations, double efficiency);
double weightMicroseconds(double bytes);

/// The block that was measured to be best, or else the one the cost model chose.
Block blockOf(const KernelChoice &measured, Block chosen);

/// "6 rows x 4 vectors".
std::string describe(Block block);

/// `count` neighbouring pieces of `size`, the first at `start`.
struct Run {
  int64_t start, size, count;
};
/// `total` cut into the fewest pieces of at most `limit`, as equal as possible: at most two runs.
llvm::SmallVector<Run> balancedRuns(int64_t total, int64_t limit);

/// How many steps of a reduction run side by side, so that independent sums hide the latency of an FMA.
int64_t chooseUnroll(const Target &target, Block block);

/// The number of items that are worth a thread, given what one does.
int64_t grainFor(double operations, double bytes);

/// How far ahead to prefetch a packed panel group, in elements, and into which cache.
struct Prefetch {
  int64_t distance = 0;
  int locality = 3;
  /// Besides, how many elements ahead of their use those of the group itself are brought into the first-level cache
  /// (0: not): the second-level cache, where an earlier prefetch has put them, is too slow to be waited for.
  int64_t near = 0;
};
/// `passes`: how often blocks of rows walk over one group before it is the next one's turn.
Prefetch choosePrefetch(int64_t depth, Block block, int64_t passes = 1);
/// Whether that means the next panel group, not further steps of the same one.
bool isNextGroup(const Prefetch &prefetch, int64_t depth, int64_t vectors);

} // namespace ingot::cpu

#endif
