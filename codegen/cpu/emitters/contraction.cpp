//===- contraction.cpp - Matrix products in register blocks ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// output[b, m, n] = sum over k of lhs[b, m, k] * rhs[b, k, n], float32. Blocks of rows times vectors of 16 columns stay
// in registers for the whole reduction; the lhs is read in place through its index map. The rhs is read as packed
// panels (weights), in place (its columns are neighbours in memory), or is first packed into scratch memory, panel
// group by panel group. The epilogue runs on the sums in registers.
//
// Parallel items are blocks: panel group by row block, so that few panels still give every thread work; neighbouring
// items share their weights. With packing an item is a panel group with all rows.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Contraction.h"
#include "codegen/cpu/emitters/StoredPanels.h"

using namespace mlir;

namespace ingot::cpu {

Contraction::Contraction(Emission &emission, Product product)
    : problem(std::move(product)), emission(emission), evaluator(emission.evaluator), builder(emission.builder),
      target(emission.target), begin(emission.begin), end(emission.end), scratch(emission.scratch),
      measured(emission.schedule) {
  MLIRContext *context = problem.output.getContext();
  allRows = rowExtent = ingot::product(problem.rows, context);
  parts = evaluator.constant(1);
  if (problem.rowsTogether) {
    rowExtent = evaluator.constant(problem.rowsTogether);
    parts = simplifyDimension(allRows.floorDiv(rowExtent));
  }
  batchCount = simplifyDimension(ingot::product(problem.batch, context) * parts);
  sharesRhs = isShared(evaluator, problem.rhs);
}

Point Contraction::rowPoint(AffineExpr row) const { return delinearize(row, problem.rows); }

/// What is at `point`, the indices of a batch and then of a row, in the order of the output.
Point Contraction::outputPoint(ArrayRef<AffineExpr> point) const {
  Point result(point);
  for (auto [index, axis] : llvm::zip_first(problem.axes, point))
    result[index] = axis;
  return result;
}

/// Element `depth` of the row at `point`: the indices of a batch and then of a row.
std::optional<Access> Contraction::lhsAt(ArrayRef<AffineExpr> point, AffineExpr depth) {
  SmallVector<AffineExpr> dims = evaluator.dims(problem.lhs);
  Point scaled = outputPoint(point);
  for (auto [coordinate, step] :
       llvm::zip(MutableArrayRef(scaled).take_back(problem.rowSteps.size()), problem.rowSteps))
    coordinate = coordinate * step;
  Point place = broadcastPoint(scaled, ArrayRef(dims).drop_back());
  place.push_back(depth);
  return evaluator.access(problem.lhs, place);
}

std::optional<Access> Contraction::rhsAt(ArrayRef<AffineExpr> batchPoint, AffineExpr depth, AffineExpr column) {
  AffineExpr zero = evaluator.getSymbols().constant(0);
  Value tensor = problem.panels ? Value(problem.panels) : problem.rhs;
  SmallVector<AffineExpr> dims = evaluator.dims(tensor);
  Point point(dims.size(), zero);
  SmallVector<AffineExpr> own = evaluator.dims(problem.rhs);
  if (!sharesRhs) {
    Point leading = broadcastPoint(batchPoint, ArrayRef(own).drop_back(2));
    llvm::copy(leading, point.begin());
  }
  if (!problem.panels) {
    point[dims.size() - 2] = depth;
    point[dims.size() - 1] = column;
  }
  return evaluator.access(tensor, point);
}

/// The lhs must be linear in the reduction. Rows may be anywhere, but are cheapest a constant distance apart.
bool Contraction::analyzeLhs(ArrayRef<AffineExpr> batchProbe) {
  Point point(batchProbe);
  SmallVector<AffineExpr> rows;
  for (AffineExpr extent : problem.rows)
    rows.push_back(probe(evaluator, extent));
  point.append(rows);
  AffineExpr depth = probe(evaluator, problem.depth);
  auto place = lhsAt(point, depth);
  if (!place || !(lhsDepthStride = strideOf(place->offset, depth)))
    return false;
  AffineExpr expected;
  lhsRowStride = evaluator.getSymbols().constant(0);
  for (auto [extent, row] : llvm::reverse(llvm::zip(problem.rows, rows))) {
    if (constantValue(extent) == 1)
      continue;
    AffineExpr stride = strideOf(place->offset, row);
    if (!stride || (expected && stride != expected)) {
      lhsRowStride = {};
      return true;
    }
    if (!expected)
      lhsRowStride = stride;
    expected = simplifyDimension(stride * extent);
  }
  return true;
}

bool Contraction::analyze() {
  auto isFloat = [](Value value) { return getElementTypeOrSelf(value.getType()).isF32(); };
  if (Value bytes = storedBytes(problem.lhs); bytes && problem.panels) {
    problem.lhs = bytes;
    hasByteRows = true;
  }
  if (!(isFloat(problem.lhs) || hasByteRows) || !isFloat(problem.rhs) || constantValue(problem.depth) == 0)
    return false;
  Point batch;
  for (AffineExpr extent : problem.batch)
    batch.push_back(probe(evaluator, extent));
  if (!analyzeScale(batch) || !analyzeLhs(batch))
    return false;
  if (problem.panels) {
    rhsForm = RhsForm::panels;
    storage = storageOf(problem.panels.getType());
    return !hasByteRows || (storage == Storage::Int8 && constantValue(lhsDepthStride) == 1);
  }
  AffineExpr depth = probe(evaluator, problem.depth), column = probe(evaluator, problem.columns);
  auto place = rhsAt(batch, depth, column);
  if (!place || !(rhsDepthStride = strideOf(place->offset, depth)) ||
      !(rhsColumnStride = strideOf(place->offset, column)))
    return false;
  bool isContiguous = constantValue(rhsColumnStride) == 1 || constantValue(problem.columns) == 1;
  rhsForm = isContiguous ? RhsForm::inPlace : RhsForm::scratch;
  // Packing needs a known amount of scratch memory.
  auto known = constantValue(problem.depth);
  return isContiguous || (known && *known <= 4096);
}

Division Contraction::emit() {
  schedule();
  depth = evaluator.materialize(problem.depth);
  rowCount = evaluator.materialize(rowExtent);
  columnCount = evaluator.materialize(problem.columns);
  depthStride = evaluator.materialize(lhsDepthStride);
  rowStride = lhsRowStride ? evaluator.materialize(lhsRowStride) : Index(0);
  if (rhsForm != RhsForm::panels) {
    rhsPitch = evaluator.materialize(rhsDepthStride);
    columnStride = evaluator.materialize(rhsColumnStride);
  }
  chunk = chunkAtRunTime();
  auto emitItems = [&] {
    builder.loop(begin, end, 1, [&](Index item) { emitItem(inOrder(builder.sub(item, begin), begin, end)); });
  };
  if (rowBlocks.is(1))
    chooseOrder(block.rows * block.vectors);
  if (int64_t fewRows = chooseFewRows()) {
    chooseOrder(fewRows * 2 * block.vectors);
    Index rowsOfMore = builder.mul(builder.sub(batches, 1), fewRows); // a second batch is too many
    Value areFew = builder.less(builder.add(rowCount, rowsOfMore), fewRows + 1);
    builder.ifThen(
        areFew, [&] { emitFewRows(fewRows); },
        [&] {
          order = {}; // many rows have other blocks
          emitItems();
        });
  } else {
    emitItems();
  }
  return division;
}

/// Where the rhs is shared, row blocks of all batches count as one sequence, cut into chunks, and item = (chunk *
/// groups + group) * blocks + block of the chunk; otherwise item = (batch * groups + group) * rowBlocks + rowBlock.
void Contraction::emitItem(Index item) {
  if (rhsForm == RhsForm::scratch)
    return emitPackedItem(item);
  Index batchIndex, group;
  if (isGroupMajor) {
    Index blocks = builder.mul(batches, rowBlocks), first = 0;
    if (chunkBlocks) {
      first = builder.mul(builder.div(item, builder.mul(groups, chunk)), chunk);
      item = builder.sub(item, builder.mul(first, groups));
      blocks = chunk.is(1) ? Index(1) : builder.min(builder.sub(blocks, first), chunk);
    }
    group = builder.div(item, blocks);
    Index inChunk = builder.mod(item, blocks), block = builder.add(first, inChunk);
    batchIndex = builder.div(block, rowBlocks);
    rowBlock = builder.mod(block, rowBlocks);
    bool hasChunks = chunk.constant().value_or(0) != 0, isOfImage = !hasChunks && rowBlocks.constant();
    pass = isOfImage ? rowBlock : inChunk;
    passCount = isOfImage ? rowBlocks : hasChunks ? chunk : blocks;
  } else {
    rowBlock = builder.mod(item, rowBlocks);
    pass = rowBlock;
    passCount = rowBlocks;
    group = builder.mod(builder.div(item, rowBlocks), groups);
    batchIndex = builder.div(builder.div(item, rowBlocks), groups);
  }
  enterBatch(batchIndex);
  forGroup(group, [&](const Group &columns) { emitRowBlock(rowBlock, columns); });
}

/// Where the operands of this batch begin.
void Contraction::enterBatch(Index batchIndex) {
  AffineExpr zero = evaluator.getSymbols().constant(0);
  Index partCount = evaluator.materialize(parts);
  bool isOnlyBatch = constantValue(ingot::product(problem.batch, zero.getContext())) == 1;
  firstRow = builder.mul(isOnlyBatch ? batchIndex : builder.mod(batchIndex, partCount), problem.rowsTogether);
  batchPoint = delinearize(evaluator, isOnlyBatch ? Index(0) : builder.div(batchIndex, partCount), problem.batch);
  Point origin = batchPoint;
  origin.append(problem.rows.size(), zero);
  Access left = *lhsAt(origin, zero), right = *rhsAt(batchPoint, zero, zero);
  lhs = left.buffer.pointer;
  lhsBase = lhsRowStride ? builder.add(evaluator.materialize(left.offset), builder.mul(firstRow, rowStride)) : Index(0);
  rhs = right.buffer.pointer;
  rhsBase = evaluator.materialize(right.offset);
  if (problem.scale) {
    Access place = *scaleAt(batchPoint, zero);
    scale = place.buffer.pointer;
    scaleBase = evaluator.materialize(place.offset);
  }
}

/// Calls `body` for a panel group: as a whole, or in the pieces that the last columns leave.
void Contraction::forGroup(Index group, llvm::function_ref<void(const Group &)> body) {
  Index panel = builder.mul(group, block.vectors);
  int64_t width = block.vectors * panelLanes;
  auto whole = [&] { body({panel, block.vectors, {}}); };
  if (auto columns = constantValue(problem.columns)) {
    int64_t rest = *columns % width;
    auto tail = [&] {
      int64_t vectors = llvm::divideCeil(rest, panelLanes);
      Value mask = rest % panelLanes ? builder.maskBelow(rest % panelLanes, panelLanes) : Value();
      body({panel, vectors, mask});
    };
    if (!rest)
      return whole();
    if (*columns < width)
      return tail();
    return builder.ifThen(builder.less(group, *columns / width), whole, tail);
  }
  Index left = builder.sub(columnCount, builder.mul(panel, panelLanes));
  builder.ifThen(
      builder.less(left, width),
      [&] {
        Index vectors = builder.div(builder.add(left, panelLanes - 1), panelLanes);
        builder.loop(0, vectors, 1, [&](Index j) {
          Index lanes = builder.min(builder.sub(left, builder.mul(j, panelLanes)), panelLanes);
          body({builder.add(panel, j), 1, builder.maskBelow(lanes, panelLanes)});
        });
      },
      whole);
}

/// The rows of a block: balanced sizes when their number is known, else full blocks and then powers of two.
void Contraction::emitRowBlock(Index rowBlock, const Group &columns) {
  if (auto rows = constantValue(rowExtent)) {
    SmallVector<Run> runs = balancedRuns(*rows, block.rows);
    auto piece = [&](const Run &run, int64_t skipped) {
      Index row = builder.add(builder.mul(builder.sub(rowBlock, skipped), run.size), run.start);
      emitBlock(row, run.size, columns);
    };
    if (runs.size() == 1)
      return piece(runs[0], 0);
    return builder.ifThen(
        builder.less(rowBlock, runs[0].count), [&] { piece(runs[0], 0); }, [&] { piece(runs[1], runs[0].count); });
  }
  Index first = builder.mul(rowBlock, block.rows), count = builder.sub(rowCount, first), ownPass = pass,
        ownCount = passCount;
  builder.ifThen(
      builder.less(count, block.rows),
      [&] {
        Index row = first, left = count;
        // If there is no other block, these have to read ahead all of the next group.
        pass = 0;
        passCount = 1;
        for (int64_t size = 8; size >= 1; size /= 2) {
          if (size >= block.rows)
            continue;
          Index steps = builder.div(left, size);
          builder.loop(0, steps, 1, [&](Index i) { emitBlock(builder.add(row, builder.mul(i, size)), size, columns); });
          row = builder.add(row, builder.mul(steps, size));
          left = builder.sub(left, builder.mul(steps, size));
        }
      },
      [&] {
        pass = ownPass;
        passCount = ownCount;
        emitBlock(first, block.rows, columns);
      });
}

/// rows x columns sums in registers, then the epilogue.
void Contraction::emitBlock(Index row, int64_t count, const Group &group) {
  AffineExpr zero = evaluator.getSymbols().constant(0);
  SmallVector<Point> points;
  BroadcastRows rows{
      lhs, builder.add(lhsBase, builder.mul(row, rowStride)), {}, depthStride, hasByteRows, target.hasByteProduct()};
  for (int64_t i = 0; i < count; ++i) {
    points.push_back(batchPoint);
    points.back().append(rowPoint(evaluator.variable(builder.add(firstRow, builder.add(row, i)), allRows)));
    rows.offsets.push_back(lhsRowStride ? builder.mul(rowStride, i)
                                        : evaluator.materialize(lhsAt(points.back(), zero)->offset));
  }
  Sums sums = accumulateInOrder(rows, columnsOf(group, count),
                                chooseUnroll(target, {count, std::max(group.vectors, unrollVectors)}));
  storeBlock(points, group, sums);
}

void Contraction::storeBlock(ArrayRef<Point> rows, const Group &group, ArrayRef<Value> sums) {
  SmallVector<Lanes> lanes;
  SmallVector<AffineExpr> columns;
  AffineExpr panelExtent = problem.columns.ceilDiv(panelLanes);
  for (int64_t j = 0; j < group.vectors; ++j) {
    lanes.push_back(evaluator.lanes(panelLanes, j + 1 == group.vectors ? group.lastMask : Value()));
    AffineExpr panel = evaluator.variable(builder.add(group.panel, j), panelExtent);
    columns.push_back(panel * panelLanes + lanes.back().variable);
  }
  for (auto [index, sum] : llvm::enumerate(sums)) {
    size_t j = index % group.vectors;
    Point point = outputPoint(rows[index / group.vectors]);
    point.push_back(columns[j]);
    evaluator.bind(problem.output, sum);
    evaluator.storeResults(problem.output, point, &lanes[j]);
    evaluator.unbind(problem.output);
  }
}

/// The rhs of a group, wherever it lies.
ColumnVectors Contraction::columnsOf(const Group &group, int64_t rows) {
  ColumnVectors columns;
  columns.pointer = rhsForm == RhsForm::scratch ? scratch : rhs;
  columns.storage = storage;
  // Weights that are not float32 are counted in words; the base is that of a whole panel.
  Index steps = builder.ceilDiv(depth, stepsPerWord(storage)), panelSize = builder.mul(steps, panelLanes);
  auto known = steps.constant();
  if (rhsForm == RhsForm::panels) {
    columns.base = builder.add(builder.div(rhsBase, stepsPerWord(storage)), builder.mul(group.panel, panelSize));
    if (known)
      columns.prefetch = choosePrefetch(*known, {rows, group.vectors}, passCount.constant().value_or(2));
  } else if (rhsForm == RhsForm::scratch) {
    columns.base = builder.mul(builder.sub(group.panel, firstPanel), panelSize);
  } else {
    columns.base = builder.add(rhsBase, builder.mul(group.panel, panelLanes));
    columns.pitch = rhsPitch;
    columns.lastMask = group.lastMask;
  }
  columns.scale = scale;
  columns.scaleBase = scaleBase;
  for (int64_t j = 0; j < group.vectors; ++j)
    columns.offsets.push_back(rhsForm == RhsForm::inPlace ? Index(j * panelLanes) : builder.mul(panelSize, j));
  if (columns.prefetch.distance && known && isNextGroup(columns.prefetch, *known, group.vectors))
    columns.sharePrefetch(builder, pass, passCount, *known * panelLanes);
  return columns;
}

namespace {

/// A constant rhs packed to [batch..., N / 16, K, 16], if it is.
BlockArgument packedMatrix(Value rhs) {
  kernel::UnpackOp unpack = unpackOf(rhs);
  auto argument = unpack ? dyn_cast<BlockArgument>(unpack.getInput()) : BlockArgument();
  int64_t rank = cast<RankedTensorType>(rhs.getType()).getRank();
  bool isExpected =
      argument && unpack.getBlocks()[rank - 2] == panelLanes && unpack.getPermutation().back() == rank - 2;
  return isExpected ? argument : BlockArgument();
}

} // namespace

FailureOr<Division> emitContraction(Emission &emission) {
  auto op = dyn_cast_or_null<MatmulOp>(emission.root);
  if (!op)
    return failure();
  SmallVector<AffineExpr> output = emission.evaluator.dims(op.getOutput()), lhs = emission.evaluator.dims(op.getLhs()),
                          rhs = emission.evaluator.dims(op.getRhs());
  AffineExpr depth = constantValue(lhs.back()) ? lhs.back() : rhs[rhs.size() - 2];
  Product product{op.getLhs(), op.getRhs(), op.getOutput(), packedMatrix(op.getRhs()), {}, {}, output.back(), depth};
  chooseRows(emission.evaluator, ArrayRef(output).drop_back(), product);
  Contraction contraction(emission, std::move(product));
  if (!contraction.analyze())
    return failure();
  return contraction.emit();
}

} // namespace ingot::cpu
