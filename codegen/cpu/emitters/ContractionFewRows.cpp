//===- ContractionFewRows.cpp - Products whose rows are few at run time ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The number of rows is often open: a batch that is one in service and hundreds in a job. A block for many rows wastes
// its registers on few, and reads the weights in narrow columns, slowly. So where the number is not known, a kernel has
// a second block for few rows, twice as wide, and decides when it runs. Items stay what they are, panel groups: two
// neighbours are done at once.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Contraction.h"
#include "codegen/cpu/emitters/StoredPanels.h"

using namespace mlir;

namespace ingot::cpu {

/// Each number of rows is code of its own.
static constexpr int64_t mostFewRows = 4;

/// The most rows that the second block is for; 0: there is none.
int64_t Contraction::chooseFewRows() const {
  auto columns = constantValue(problem.columns);
  int64_t wide = 2 * block.vectors;
  if (!isGroupMajor || constantValue(rowExtent) || !columns || *columns < wide * panelLanes || wide > 4)
    return 0;
  int64_t rows = std::min(mostFewRows, maxRows(withRoomForWords(target, storage), wide));
  return rows < block.rows ? rows : 0;
}

/// Items [begin, end), which are panel groups: all rows are one block. A group sums in the same order whether it is one
/// of two or alone, as the last of a thread's: results do not depend on the number of threads.
void Contraction::emitFewRows(int64_t mostRows) {
  rowBlock = pass = 0;
  passCount = 1;
  enterBatch(0);
  unrollVectors = 2 * block.vectors;
  int64_t width = block.vectors * panelLanes;
  Index whole = builder.min(end, builder.div(columnCount, width));
  Index pairs = builder.div(builder.max(builder.sub(whole, begin), 0), 2),
        rest = builder.add(begin, builder.mul(pairs, 2)), turns = builder.add(pairs, builder.sub(end, rest));
  builder.loop(0, turns, 1, [&](Index turn) {
    Index number = inOrder(turn, 0, turns); // pairs come first
    builder.ifThen(
        builder.less(number, pairs),
        [&] {
          Index group = builder.add(begin, builder.mul(number, 2));
          Group columns{builder.mul(group, block.vectors), unrollVectors, {}};
          emitExactly(1, mostRows, columns);
        },
        [&] {
          Index group = builder.add(rest, builder.sub(number, pairs));
          forGroup(group, [&](const Group &columns) { emitExactly(1, mostRows, columns); });
        });
  });
  unrollVectors = 0;
}

/// All rows, which are at least `least` and at most `most`.
void Contraction::emitExactly(int64_t least, int64_t most, const Group &columns) {
  if (least == most)
    return emitBlock(0, least, columns);
  builder.ifThen(
      builder.less(rowCount, least + 1), [&] { emitBlock(0, least, columns); },
      [&] { emitExactly(least + 1, most, columns); });
}

} // namespace ingot::cpu
