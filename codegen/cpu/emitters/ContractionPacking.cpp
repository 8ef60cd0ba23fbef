//===- ContractionPacking.cpp - Panels of an operand that is not constant -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// When the columns of the rhs are not neighbours in memory (the keys of attention), a panel group is copied into
// scratch memory first and then used by all rows. Where the reduction runs along memory this is a transpose of 16x16
// tiles.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Contraction.h"
#include "codegen/cpu/emitters/PanelPacking.h"

using namespace mlir;

namespace ingot::cpu {

/// One panel group of one batch: packs it, then computes all rows.
void Contraction::emitPackedItem(Index item) {
  Index group = builder.mod(item, groups);
  enterBatch(builder.div(item, groups));
  firstPanel = builder.mul(group, block.vectors);
  Index panelSize = builder.mul(depth, panelLanes);
  Index left = builder.sub(builder.ceilDiv(columnCount, panelLanes), firstPanel);
  builder.loop(0, builder.min(left, block.vectors), 1, [&](Index j) {
    packColumns(builder.mul(builder.add(firstPanel, j), panelLanes), builder.mul(j, panelSize));
  });
  forGroup(group, [&](const Group &columns) {
    builder.loop(0, rowBlocks, 1, [&](Index rowBlock) { emitRowBlock(rowBlock, columns); });
  });
}

/// Columns [column, column + 16) to scratch[destination...]. Columns beyond the last repeat it: their sums are not
/// stored.
void Contraction::packColumns(Index column, Index destination) {
  SmallVector<Index> offsets;
  for (int64_t lane = 0; lane < panelLanes; ++lane) {
    Index clamped = builder.min(builder.add(column, lane), builder.sub(columnCount, 1));
    offsets.push_back(builder.add(rhsBase, builder.mul(clamped, columnStride)));
  }
  packPanel(builder, depth, {rhs, offsets, rhsPitch}, {scratch, destination, panelLanes});
}

} // namespace ingot::cpu
