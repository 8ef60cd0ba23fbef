//===- longProduct.cpp - Products of columns: X' Y ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The gradients of weights: output[m, n] = sum over k of x[k, m] * y[k, n], float32, where k counts the rows of a whole
// batch. Both operands are read across their rows, of which neighbours lie kilobytes apart and fall into few sets of
// the caches. So the reduction goes in chunks: a chunk of both is copied to scratch memory, y's columns as panels, and
// the item's sums wait in scratch memory from chunk to chunk.
//
// An item is a band of rows by a few panels of columns. How sums are formed follows from the shapes alone.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Schedule.h"
#include "codegen/cpu/emitters/Linear.h"
#include "codegen/cpu/emitters/PanelProduct.h"
#include "codegen/cpu/Emitter.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// Steps of the reduction that are done at once: 20 KB of two panels, half the first-level cache.
constexpr int64_t chunkSteps = 160;
/// Rows and panels of an item: their sums and a chunk of both operands stay in the second-level cache.
constexpr int64_t mostBandRows = 256, mostItemPanels = 16;
/// Below this the copies are not worth it.
constexpr int64_t leastDepth = 2 * chunkSteps, leastRows = 16;
/// Panels of an item that are worth a copy of x's rows as well.
constexpr int64_t leastPanelsForCopy = 4;

class LongProduct {
public:
  LongProduct(Emission &emission, MatmulOp op)
      : evaluator(emission.evaluator), builder(emission.builder), target(emission.target), begin(emission.begin),
        end(emission.end), scratch(emission.scratch), op(op) {}

  /// Whether the product has this form. Emits nothing.
  bool analyze();
  Division emit();

private:
  void schedule();
  void emitItem(Index item);
  void clearSums();
  void packChunk(Index first, Index steps);
  void copyRows(Index first, Index steps);
  void multiplyChunk(Index first, Index steps);
  void storeSums();
  /// Calls `body(row in the band, count)` for the blocks of rows of the band under way.
  void forEachRowBlock(llvm::function_ref<void(Index row, int64_t count)> body);
  /// Where the sums of a block lie that begins at `row` of the output and panel `number` of the item, and sum i of it.
  Index sumPlace(Index row, Index number) {
    Index inBand = builder.sub(row, bandStart);
    Index panel = builder.add(builder.mul(inBand, itemPanels), number);
    return builder.add(builder.mul(panel, panelLanes), sumsAt);
  }
  int64_t sumOffset(int64_t i) const { return (i / vectors * itemPanels + i % vectors) * panelLanes; }
  Type f32() { return builder.op().getF32Type(); }

  Evaluator &evaluator;
  KernelBuilder &builder;
  const Target &target;
  Index begin, end;
  Value scratch;
  MatmulOp op;

  AffineExpr depthExtent, lhsStepStride, lhsRowStride, rhsStepStride;
  int64_t rows = 0, columns = 0, panels = 0;
  int64_t vectors = 1, itemPanels = 1, blocksPerBand = 1, bandRows = 1, bands = 1, columnItems = 1, sumsAt = 0;
  bool copiesRows = false;
  int64_t rowsAt = 0, rowPitch = 0; // of the copy: a step's rows lie side by side
  SmallVector<Run> runs;

  Value lhs, rhs;
  Index lhsBase, rhsBase, lhsStep, rhsStep, depth;
  // Of the item under way.
  Index firstBlock, lastBlock, firstPanel, panelCount, bandStart;
};

bool LongProduct::analyze() {
  SmallVector<AffineExpr> left = evaluator.dims(op.getLhs()), right = evaluator.dims(op.getRhs());
  auto isFloat = [](Value value) { return getElementTypeOrSelf(value.getType()).isF32(); };
  if (left.size() != 2 || right.size() != 2 || !isFloat(op.getLhs()) || !isFloat(op.getRhs()))
    return false;
  auto rowCount = constantValue(left[0]), columnCount = constantValue(right[1]);
  depthExtent = constantValue(left[1]) ? left[1] : right[0];
  if (!rowCount || !columnCount || *rowCount < leastRows || *columnCount < panelLanes ||
      constantValue(depthExtent).value_or(leastDepth) < leastDepth)
    return false;
  rows = *rowCount;
  columns = *columnCount;
  AffineExpr k = probe(evaluator, depthExtent), m = probe(evaluator, left[0]), n = probe(evaluator, right[1]);
  std::optional<Access> x = evaluator.access(op.getLhs(), {m, k}), y = evaluator.access(op.getRhs(), {k, n});
  if (!x || !y)
    return false;
  lhsStepStride = strideOf(x->offset, k);
  lhsRowStride = strideOf(x->offset, m);
  rhsStepStride = strideOf(y->offset, k);
  AffineExpr rhsColumnStride = strideOf(y->offset, n);
  return lhsStepStride && lhsRowStride && rhsStepStride && rhsColumnStride && constantValue(lhsRowStride) == 1 &&
         constantValue(lhsStepStride) != 1 && constantValue(rhsColumnStride) == 1;
}

void LongProduct::schedule() {
  panels = llvm::divideCeil(columns, panelLanes);
  vectors = panels % 2 == 0 && maxRows(target, 2) >= 6 ? 2 : 1;
  runs = balancedRuns(rows, maxRows(target, vectors));
  int64_t blocks = 0;
  for (const Run &run : runs)
    blocks += run.count;
  bands = llvm::divideCeil(rows, mostBandRows);
  blocksPerBand = llvm::divideCeil(blocks, bands);
  bands = llvm::divideCeil(blocks, blocksPerBand);
  bandRows = blocksPerBand * runs.front().size;
  // At least four items, so that a few threads have something to share.
  int64_t wanted = llvm::divideCeil(4, bands), fair = llvm::divideCeil(panels, wanted);
  itemPanels = llvm::alignTo(std::clamp<int64_t>(fair, vectors, mostItemPanels), vectors);
  columnItems = llvm::divideCeil(panels, itemPanels);
  sumsAt = chunkSteps * itemPanels * panelLanes;
  copiesRows = itemPanels >= leastPanelsForCopy;
  // The last vector of a step may begin up to 15 rows before the band.
  rowsAt = sumsAt + bandRows * itemPanels * panelLanes + panelLanes;
  rowPitch = llvm::alignTo(bandRows, panelLanes) + panelLanes;
}

Division LongProduct::emit() {
  schedule();
  AffineExpr zero = evaluator.constant(0);
  Access left = *evaluator.access(op.getLhs(), {zero, zero}), right = *evaluator.access(op.getRhs(), {zero, zero});
  lhs = left.buffer.pointer;
  rhs = right.buffer.pointer;
  lhsBase = evaluator.materialize(left.offset);
  rhsBase = evaluator.materialize(right.offset);
  lhsStep = evaluator.materialize(lhsStepStride);
  rhsStep = evaluator.materialize(rhsStepStride);
  depth = evaluator.materialize(depthExtent);
  builder.loop(begin, end, 1, [&](Index item) { emitItem(item); });
  Division division{evaluator.constant(bands * columnItems)};
  division.scratchBytes = (rowsAt + (copiesRows ? chunkSteps * rowPitch : 0)) * 4;
  return division;
}

/// Item = band * (items of a band) + group of panels.
void LongProduct::emitItem(Index item) {
  Index band = builder.div(item, columnItems);
  firstPanel = builder.mul(builder.mod(item, columnItems), itemPanels);
  panelCount = builder.min(builder.sub(panels, firstPanel), itemPanels);
  int64_t blocks = 0;
  for (const Run &run : runs)
    blocks += run.count;
  firstBlock = builder.mul(band, blocksPerBand);
  lastBlock = builder.min(builder.add(firstBlock, blocksPerBand), blocks);
  // The first row of the band: runs of larger blocks come first.
  Index large = builder.min(firstBlock, runs[0].count);
  bandStart = builder.mul(large, runs[0].size);
  if (runs.size() > 1)
    bandStart = builder.add(bandStart, builder.mul(builder.sub(firstBlock, large), runs[1].size));
  clearSums();
  builder.loop(0, depth, chunkSteps, [&](Index first) {
    Index steps = builder.min(builder.sub(depth, first), chunkSteps);
    packChunk(first, steps);
    if (copiesRows)
      copyRows(first, steps);
    multiplyChunk(first, steps);
  });
  storeSums();
}

void LongProduct::clearSums() {
  Value zero = builder.constant(VectorType::get({panelLanes}, f32()), 0.0);
  builder.loop(0, bandRows * itemPanels, 1, [&](Index vector) {
    builder.storeVector(zero, scratch, builder.add(builder.mul(vector, panelLanes), sumsAt));
  });
}

/// Steps [first, first + steps) of the item's columns, [panel][step][16].
void LongProduct::packChunk(Index first, Index steps) {
  builder.loop(0, panelCount, 1, [&](Index number) {
    Index column = builder.mul(builder.add(firstPanel, number), panelLanes);
    Value mask = columns % panelLanes ? builder.maskBelow(builder.sub(columns, column), panelLanes) : Value();
    Index from = builder.add(rhsBase, builder.add(column, builder.mul(first, rhsStep)));
    Index to = builder.mul(number, chunkSteps * panelLanes);
    builder.loop(0, steps, 1, [&](Index k) {
      Value vector = builder.loadVector(rhs, f32(), builder.add(from, builder.mul(k, rhsStep)), panelLanes, mask);
      builder.storeVector(vector, scratch, builder.add(to, builder.mul(k, panelLanes)));
    });
  });
}

/// Steps [first, first + steps) of the band's rows, [step][row]. Vectors that would reach beyond the last row begin
/// earlier.
void LongProduct::copyRows(Index first, Index steps) {
  builder.loop(0, steps, 1, [&](Index k) {
    Index from = builder.add(lhsBase, builder.mul(builder.add(first, k), lhsStep));
    Index to = builder.add(builder.mul(k, rowPitch), rowsAt);
    builder.loop(0, bandRows, panelLanes, [&](Index number) {
      Index row = builder.min(builder.add(bandStart, number), rows - panelLanes);
      Value vector = builder.loadVector(lhs, f32(), builder.add(from, row), panelLanes);
      builder.storeVector(vector, scratch, builder.add(to, builder.sub(row, bandStart)));
    });
  });
}

void LongProduct::forEachRowBlock(llvm::function_ref<void(Index, int64_t)> body) {
  builder.loop(firstBlock, lastBlock, 1, [&](Index block) {
    auto piece = [&](const Run &run, int64_t skipped) {
      body(builder.add(builder.mul(builder.sub(block, skipped), run.size), run.start), run.size);
    };
    if (runs.size() == 1)
      return piece(runs[0], 0);
    builder.ifThen(
        builder.less(block, runs[0].count), [&] { piece(runs[0], 0); }, [&] { piece(runs[1], runs[0].count); });
  });
}

void LongProduct::multiplyChunk(Index first, Index steps) {
  Index start = builder.add(lhsBase, builder.mul(first, lhsStep));
  builder.loop(0, panelCount, vectors, [&](Index number) {
    forEachRowBlock([&](Index row, int64_t count) {
      BroadcastRows left = copiesRows
                               ? BroadcastRows{scratch, builder.add(builder.sub(row, bandStart), rowsAt), {}, rowPitch}
                               : BroadcastRows{lhs, builder.add(start, row), {}, lhsStep};
      ColumnVectors right{scratch, builder.mul(number, chunkSteps * panelLanes), {}, panelLanes, {}, {}};
      for (int64_t i = 0; i < count; ++i)
        left.offsets.push_back(i);
      for (int64_t j = 0; j < vectors; ++j)
        right.offsets.push_back(j * chunkSteps * panelLanes);
      Index place = sumPlace(row, number);
      Sums sums;
      for (int64_t i = 0; i < count * vectors; ++i)
        sums.push_back(builder.loadVector(scratch, f32(), builder.add(place, sumOffset(i)), panelLanes));
      sums = accumulate(builder, steps, left, right, std::move(sums));
      for (auto [i, sum] : llvm::enumerate(sums))
        builder.storeVector(sum, scratch, builder.add(place, sumOffset(i)));
    });
  });
}

/// The epilogue.
void LongProduct::storeSums() {
  AffineExpr panelExtent = evaluator.constant(panels), rowExtent = evaluator.constant(rows);
  forEachRowBlock([&](Index row, int64_t count) {
    builder.loop(0, panelCount, vectors, [&](Index number) {
      Index place = sumPlace(row, number);
      for (int64_t i = 0; i < count * vectors; ++i) {
        Index panel = builder.add(firstPanel, builder.add(number, i % vectors));
        Value mask = columns % panelLanes
                         ? builder.maskBelow(builder.sub(columns, builder.mul(panel, panelLanes)), panelLanes)
                         : Value();
        Lanes lanes = evaluator.lanes(panelLanes, mask);
        Point point{evaluator.variable(builder.add(row, i / vectors), rowExtent),
                    evaluator.variable(panel, panelExtent) * panelLanes + lanes.variable};
        evaluator.bind(op.getOutput(),
                       builder.loadVector(scratch, f32(), builder.add(place, sumOffset(i)), panelLanes));
        evaluator.storeResults(op.getOutput(), point, &lanes);
        evaluator.unbind(op.getOutput());
      }
    });
  });
}

} // namespace

FailureOr<Division> emitLongProduct(Emission &emission) {
  auto op = dyn_cast_or_null<MatmulOp>(emission.root);
  if (!op)
    return failure();
  LongProduct product(emission, op);
  if (!product.analyze())
    return failure();
  return product.emit();
}

} // namespace ingot::cpu
