//===- ContractionSchedule.cpp - Blocks and chunks of matrix products ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Contraction.h"
#include "codegen/cpu/emitters/StoredPanels.h"

using namespace mlir;

namespace ingot::cpu {

void Contraction::schedule() {
  auto rows = constantValue(rowExtent), columns = constantValue(problem.columns), depth = constantValue(problem.depth);
  auto stride = constantValue(lhsRowStride);
  auto panels = columns ? std::optional<int64_t>(llvm::divideCeil(*columns, panelLanes)) : std::nullopt;
  Block chosen = chooseBlock(withRoomForWords(target, storage), rows, panels,
                             stride ? std::optional(*stride * (hasByteRows ? 1 : 4)) : std::nullopt);
  block = blockOf(measured, chosen);
  static constexpr const char *forms[] = {"packed panels", "in place", "packed into scratch memory"};
  division.schedule = {block.rows, block.vectors};
  division.choices = {{"block", describe(block)}, {"right side", forms[size_t(rhsForm)]}};
  if (storage != Storage::Float32)
    division.choices.push_back({"weights", nameOf(storage).str()});
  if (hasByteRows)
    division.choices.push_back({"products", target.hasByteProduct() ? "of bytes, in int32" : "of bytes, in float32"});
  AffineExpr groupExtent = problem.columns.ceilDiv(block.vectors * panelLanes),
             blockExtent = rowExtent.ceilDiv(block.rows);
  rowBlocks = evaluator.materialize(blockExtent);
  groups = evaluator.materialize(groupExtent);
  batches = evaluator.materialize(batchCount);
  isGroupMajor = sharesRhs && rhsForm == RhsForm::panels;
  chunkBlocks = isGroupMajor ? chooseChunk() : 0;
  describeAlternatives(rows, panels);
  division.items = batchCount * groupExtent;
  double steps = double(depth.value_or(64)) * block.vectors * panelLanes;
  if (rhsForm != RhsForm::scratch) {
    division.items = division.items * blockExtent;
    division.grain = grainFor(2 * steps * block.rows, block.rows <= 2 ? 4 * steps : 0);
  } else {
    division.scratchBytes = int64_t(steps) * 4;
    division.grain = grainFor(2 * steps * rows.value_or(32), 16 * steps);
  }
  division.items = simplifyDimension(division.items);
  int64_t itemRows = rhsForm == RhsForm::scratch ? rows.value_or(32) : block.rows;
  double efficiency = blockEfficiency(withRoomForWords(target, storage), block, rows, panels);
  division.itemMicroseconds = productMicroseconds(target, 2 * steps * double(itemRows), efficiency);
  if (rhsForm == RhsForm::panels && columns && depth)
    division.launchMicroseconds = weightMicroseconds(double(*columns) * double(*depth) * double(storedBytes(storage)));
}

/// What else is worth measuring, the likeliest first. How the rows are best cut depends on what the caches' levels give
/// and what of them other cores use, so where the model sees several possibilities it is least sure of that.
void Contraction::describeAlternatives(std::optional<int64_t> rows, std::optional<int64_t> panels) {
  constexpr size_t mostBefore = 3;
  std::vector<KernelChoice> blocks = alternativeBlocks(withRoomForWords(target, storage), block, rows, panels);
  bool hasChunks = isGroupMajor && constantValue(problem.depth).value_or(0) > 0 && panels && *panels > block.vectors &&
                   constantValue(simplifyDimension(batchCount * rowExtent)).value_or(INT64_MAX) > block.rows;
  if (!hasChunks) {
    division.alternatives = blocks;
    return;
  }
  division.schedule.chunk = chunkBlocks;
  SmallVector<KernelChoice> chunks;
  for (int64_t chunk : {int64_t(0), int64_t(1), std::max<int64_t>(2, cachedRows() / block.rows)})
    if (chunk != chunkBlocks)
      chunks.push_back({block.rows, block.vectors, chunk});
  blocks.insert(blocks.begin() + std::min(mostBefore, blocks.size()), chunks.begin(), chunks.end());
  division.alternatives = blocks;
}

// What is taken for the second-level cache: that of small processors. Chunks of fewer rows do not pay.
static constexpr int64_t cache = 512 * 1024, leastRows = 96;

/// Rows of the lhs that fill the cache.
int64_t Contraction::cachedRows() const { return cache / (*constantValue(problem.depth) * (hasByteRows ? 1 : 4)); }

/// Passing over all rows for each panel group reads the lhs as often as there are groups, and writes the result in
/// narrow columns. So the rows are cut into chunks, for which all groups are computed in turn. Weights that stay in the
/// second-level cache are passed over for each row block: then results, and what the epilogue reads, are walked line by
/// line. Larger ones come from further away for each chunk, which must be long to be worth that and short to stay in
/// the cache itself: for long reductions there is no such length.
int64_t Contraction::chooseChunk() const {
  auto columns = constantValue(problem.columns), depth = constantValue(problem.depth),
       rows = constantValue(simplifyDimension(batchCount * rowExtent));
  if (!columns || !depth || *depth == 0)
    return 0;
  if (measured.chunk >= 0)
    return measured.chunk;
  int64_t weights = *columns * *depth * storedBytes(storage);
  // Few rows: threads had better share what is larger. Sharing the rows, they find in their own caches what they left
  // there before.
  if (rows && *rows <= cachedRows() / 4)
    return weights <= *rows * (*depth + *columns) * 4 ? llvm::divideCeil(llvm::divideCeil(*rows, block.rows), 4) : 0;
  if (weights <= cache)
    return 1;
  if (rows && *rows <= 2 * cachedRows())
    return 0; // all of them stay in the cache, or nearly
  if (weights <= 2 * cache)
    return 2;
  return cachedRows() < leastRows ? 0 : cachedRows() / block.rows;
}

/// The blocks of a chunk: as many chunks of equal size as it takes. Rows whose number is not known may turn out to stay
/// in the cache.
Index Contraction::chunkAtRunTime() {
  if (chunkBlocks <= 1)
    return chunkBlocks;
  Index blocks = builder.mul(batches, rowBlocks);
  Index equal = builder.ceilDiv(blocks, builder.ceilDiv(blocks, chunkBlocks));
  if (blocks.constant())
    return equal;
  Index cached = 2 * cachedRows() / block.rows;
  return builder.choose(
      builder.less(cached, blocks), builder.op().getI64Type(), [&] { return builder.value(equal); },
      [&] { return builder.value(blocks); });
}

} // namespace ingot::cpu
