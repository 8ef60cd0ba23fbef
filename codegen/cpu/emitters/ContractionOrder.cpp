//===- ContractionOrder.cpp - Weights read forwards, then backwards -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A product of few rows takes the time to read its weights. Where they are larger than a core's second-level cache,
// reading them in the same order in each run finds nothing there: every line has gone before it is its turn again. So
// odd runs read backwards, and begin with what the run before has left.
//
// What comes backwards are groups of panels and, as there may be one only, pieces of the reduction. Each piece has sums
// of its own, which wait in scratch memory and are added in one order: results do not depend on the direction.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Contraction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ingot::cpu {

/// Smaller weights stay in the second-level cache anyhow; of larger ones it keeps too little.
static constexpr int64_t leastWeights = 1 << 20, mostWeights = 32 << 20;
/// Constants that the rest of a run may read: more would leave nothing.
static constexpr int64_t mostOthers = 2 << 20;
/// Weights of a piece: long enough to read in streams, short beside the cache.
static constexpr int64_t pieceBytes = 64 * 1024, mostPieces = 64;

/// Of all that a run reads.
static int64_t constantBytes(kernel::FuncOp kernel) {
  auto main = kernel->getParentOfType<ModuleOp>().lookupSymbol<func::FuncOp>("main");
  auto bytes = main ? main->getAttrOfType<IntegerAttr>("kernel.constant_bytes") : IntegerAttr();
  return bytes ? bytes.getInt() : 0;
}

/// For a kernel whose rows are one block, of at most `mostSums` sums.
void Contraction::chooseOrder(int64_t mostSums) {
  auto columns = constantValue(problem.columns), steps = constantValue(problem.depth);
  if (!isGroupMajor || !columns || !steps)
    return;
  int64_t perWord = stepsPerWord(storage), weights = *columns * *steps * storedBytes(storage);
  if (weights < leastWeights || weights > mostWeights || constantBytes(emission.kernel) - weights > mostOthers)
    return;
  order.isBackward = builder.mod(emission.runNumber(), 2);
  // Integer sums are exact, and made float32 once.
  if (!hasByteRows && *steps % perWord == 0) {
    int64_t groupBytes = weights / llvm::divideCeil(*columns, block.vectors * panelLanes);
    int64_t wanted = std::clamp<int64_t>(groupBytes / pieceBytes, 1, mostPieces);
    order.pieceSteps = llvm::alignTo(llvm::divideCeil(*steps, wanted), 4 * panelLanes);
    order.pieces = llvm::divideCeil(*steps, order.pieceSteps);
  }
  if (order.pieces > 1)
    division.scratchBytes = order.pieces * mostSums * panelLanes * 4;
  division.readsRunNumber = true;
  division.grain = -division.grain; // what a thread turns round is one piece
  division.choices.push_back(
      {"order of weights", "alternates, pieces of the reduction: " + std::to_string(order.pieces)});
}

/// The number that comes `turn` steps after the first of [first, end) in the direction of this run.
Index Contraction::inOrder(Index turn, Index first, Index end) {
  Index fromFront = builder.add(first, turn);
  if (order.isBackward.is(0))
    return fromFront;
  Index last = builder.sub(builder.sub(end, 1), turn);
  return builder.add(fromFront, builder.mul(order.isBackward, builder.sub(last, fromFront)));
}

Sums Contraction::accumulateInOrder(const BroadcastRows &rows, const ColumnVectors &columns, int64_t unroll) {
  size_t count = rows.offsets.size() * columns.offsets.size();
  if (order.pieces == 1)
    return accumulate(builder, depth, rows, columns, zeroSums(builder, count), unroll);
  Type element = builder.op().getF32Type();
  auto place = [&](Index piece, size_t sum) {
    return builder.mul(builder.add(builder.mul(piece, int64_t(count)), int64_t(sum)), panelLanes);
  };
  builder.loop(0, order.pieces, 1, [&](Index turn) {
    Index piece = inOrder(turn, 0, order.pieces), first = builder.mul(piece, order.pieceSteps);
    bool areEqual = *depth.constant() % order.pieceSteps == 0;
    Index steps = areEqual ? Index(order.pieceSteps) : builder.min(builder.sub(depth, first), order.pieceSteps);
    BroadcastRows rowsOfPiece = rows;
    rowsOfPiece.base = builder.add(rows.base, builder.mul(first, rows.step));
    ColumnVectors columnsOfPiece = columns;
    Index firstWord = builder.mul(piece, order.pieceSteps / stepsPerWord(storage));
    columnsOfPiece.base = builder.add(columns.base, builder.mul(firstWord, columns.pitch));
    columnsOfPiece.scaleBase = builder.add(columns.scaleBase, first);
    Sums sums = accumulate(builder, steps, rowsOfPiece, columnsOfPiece, zeroSums(builder, count), unroll);
    for (auto [number, sum] : llvm::enumerate(sums))
      builder.storeVector(sum, scratch, place(piece, number));
  });
  return builder.loop(0, order.pieces, 1, zeroSums(builder, count), [&](Index piece, ValueRange carried) {
    Sums sums;
    for (auto [number, sum] : llvm::enumerate(carried)) {
      Value part = builder.loadVector(scratch, element, place(piece, number), panelLanes);
      sums.push_back(builder.create<arith::AddFOp>(sum, part));
    }
    return sums;
  });
}

} // namespace ingot::cpu
