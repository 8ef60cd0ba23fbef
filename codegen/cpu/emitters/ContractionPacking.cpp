//===- ContractionPacking.cpp - Panels of an operand that is not constant -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// When the columns of the rhs are not neighbours in memory (the keys of attention), a panel group is copied into
// scratch memory first and then used by all rows. Where the reduction runs along memory this is a transpose of 16x16
// tiles.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Contraction.h"

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
    packPanel(builder.mul(builder.add(firstPanel, j), panelLanes), builder.mul(j, panelSize));
  });
  forGroup(group, [&](const Group &columns) {
    builder.loop(0, rowBlocks, 1, [&](Index rowBlock) { emitRowBlock(rowBlock, columns); });
  });
}

/// Columns [column, column + 16) to scratch[destination...]. Columns beyond the last repeat it: their sums are not
/// stored.
void Contraction::packPanel(Index column, Index destination) {
  SmallVector<Index> offsets;
  for (int64_t lane = 0; lane < panelLanes; ++lane) {
    Index clamped = builder.min(builder.add(column, lane), builder.sub(columnCount, 1));
    offsets.push_back(builder.add(rhsBase, builder.mul(clamped, columnStride)));
  }
  if (rhsPitch.is(1))
    packTransposed(offsets, destination);
  else
    packGathered(offsets, destination);
}

void Contraction::packTransposed(ArrayRef<Index> columnOffsets, Index destination) {
  Type f32 = builder.op().getF32Type();
  int64_t steps = *constantValue(problem.depth), whole = steps / panelLanes * panelLanes;
  auto tile = [&](Index k, int64_t count) {
    Value mask = count < panelLanes ? builder.maskBelow(count, panelLanes) : Value();
    SmallVector<Value> rows;
    for (Index offset : columnOffsets)
      rows.push_back(builder.loadVector(rhs, f32, builder.add(offset, k), panelLanes, mask));
    transpose16(builder, rows);
    for (int64_t i = 0; i < count; ++i)
      builder.storeVector(rows[i], scratch, builder.add(destination, builder.mul(builder.add(k, i), panelLanes)));
  };
  builder.loop(0, whole, panelLanes, [&](Index k) { tile(k, panelLanes); });
  if (steps > whole)
    tile(whole, steps - whole);
}

void Contraction::packGathered(ArrayRef<Index> columnOffsets, Index destination) {
  Type f32 = builder.op().getF32Type();
  builder.loop(0, depth, 1, [&](Index k) {
    Index row = builder.mul(k, rhsPitch), to = builder.add(destination, builder.mul(k, panelLanes));
    for (auto [lane, offset] : llvm::enumerate(columnOffsets))
      builder.store(builder.load(rhs, f32, builder.add(offset, row)), scratch, builder.add(to, int64_t(lane)));
  });
}

} // namespace ingot::cpu
