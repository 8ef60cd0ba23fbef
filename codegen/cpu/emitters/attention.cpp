//===- attention.cpp - Attention without a matrix of scores ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// output[i] = sum over keys j of softmax(scale * queries[i] . keys[j]) values[j], float32, per batch (heads included).
//
// An item is a block of up to 48 queries of one batch, which are packed across: lanes are queries. So a block's scores
// are computed with the keys' elements broadcast and read in place, softmax needs no sums across lanes, and the values
// are read in place too: neither is ever transposed or copied. Keys are taken in blocks whose scores stay in the
// first-level cache; between blocks sums and outputs are rescaled to the new greatest score (M. Milakov and N.
// Gimelshein, "Online normalizer calculation for softmax", 2018). A single query of a decoding step has no lanes to
// fill: AttentionRows.cpp.
//
// Every sum is taken in the same order on every target and for every division of the work.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Attention.h"
#include "codegen/cpu/emitters/PanelPacking.h"
#include "codegen/cpu/emitters/PanelProduct.h"
#include "codegen/scalar/VectorMath.h"

using namespace mlir;

namespace ingot::cpu {

Division AttentionKernel::emit() {
  schedule();
  queryCount = evaluator.materialize(queryExtent);
  keyCount = evaluator.materialize(keyExtent);
  if (op.getCausal())
    causalOffset = evaluator.materialize(evaluator.getSymbols().adopt(*op.getCausal()).front());
  for (Matrix *matrix : {&queries, &keys, &values}) {
    matrix->row = evaluator.materialize(matrix->rowStride);
    matrix->column = evaluator.materialize(matrix->columnStride);
  }
  builder.loop(begin, end, 1, [&](Index item) { emitItem(item); });
  return division;
}

void AttentionKernel::emitItem(Index item) {
  constexpr int64_t mostStreamed = 3; // beyond, lanes of a block are used well enough
  enterBatch(builder.div(item, blocks));
  Index block = builder.mod(item, blocks);
  if (auto known = constantValue(queryExtent)) {
    if (*known <= mostStreamed && canStreamQueries())
      return emitQueries(*known);
    SmallVector<Run> runs = balancedRuns(llvm::divideCeil(*known, panelLanes), vectorLimit);
    auto piece = [&](const Run &run, int64_t skipped) {
      emitQueryBlock(builder.add(builder.mul(builder.sub(block, skipped), run.size), run.start), run.size);
    };
    if (runs.size() == 1)
      return piece(runs[0], 0);
    return builder.ifThen(
        builder.less(block, runs[0].count), [&] { piece(runs[0], 0); }, [&] { piece(runs[1], runs[0].count); });
  }
  auto inBlock = [&] {
    Index firstVector = builder.mul(block, vectorLimit);
    if (vectorLimit == 1)
      return emitQueryBlock(firstVector, 1);
    Index left = builder.sub(queryCount, builder.mul(firstVector, panelLanes));
    builder.ifThen(
        builder.less(panelLanes, left), [&] { emitQueryBlock(firstVector, vectorLimit); },
        [&] { emitQueryBlock(firstVector, 1); });
  };
  if (!canStreamQueries())
    return inBlock();
  builder.ifThen(builder.less(mostStreamed, queryCount), inBlock, [&] { emitQueries(queryCount); });
}

int64_t AttentionKernel::QueryBlock::width() const { return vectors * panelLanes; }

void AttentionKernel::emitQueryBlock(Index firstVector, int64_t vectors) {
  QueryBlock block{firstVector, vectors, vectors * panelLanes, {}, builder.mul(firstVector, panelLanes), 0, {}};
  auto known = constantValue(queryExtent);
  if (!known || *known % panelLanes) {
    block.count = builder.min(builder.sub(queryCount, block.first), block.width());
    block.lastMask = builder.maskBelow(builder.sub(block.count, block.width() - panelLanes), panelLanes);
  }
  block.keyEnd = keyEndFor(builder.sub(builder.add(block.first, block.count), 1));
  Type i32 = builder.op().getI32Type();
  for (int64_t j = 0; op.getCausal() && j < vectors; ++j) {
    Index last = builder.add(builder.add(block.first, causalOffset), j * panelLanes);
    Value start = builder.create<arith::TruncIOp>(i32, builder.value(last));
    Value lane = builder.create<arith::TruncIOp>(VectorType::get({panelLanes}, i32), builder.laneNumbers(panelLanes));
    block.lastKeys.push_back(builder.create<arith::AddIOp>(builder.splat(start, panelLanes), lane));
  }
  packQueries(block);
  for (int64_t j = 0; j < vectors; ++j) {
    storeScratch(vector(unseen).get(), scratch.greatest, j * panelLanes);
    storeScratch(vector(0).get(), scratch.sums, j * panelLanes);
  }
  auto knownKeys = constantValue(keyExtent);
  if (knownKeys && *knownKeys <= keyLimit) {
    emitKeyBlock(block, 0, block.keyEnd, true);
  } else {
    int64_t elements = block.width() * llvm::divideCeil(width, panelLanes) * panelLanes;
    builder.loop(0, elements, panelLanes, [&](Index place) { storeScratch(vector(0).get(), scratch.outputs, place); });
    bool isEven = knownKeys && *knownKeys % keyLimit == 0 && !op.getCausal();
    builder.loop(0, block.keyEnd, keyLimit, [&](Index firstKey) {
      Index count = isEven ? Index(keyLimit) : builder.min(builder.sub(block.keyEnd, firstKey), keyLimit);
      emitKeyBlock(block, firstKey, count, false);
    });
  }
  storeBlock(block);
}

/// The queries, scaled, as panels of 16 queries with an element of each side by side. Queries beyond the last repeat
/// it.
void AttentionKernel::packQueries(const QueryBlock &block) {
  for (int64_t j = 0; j < block.vectors; ++j) {
    PanelSource source{queries.pointer, {}, queries.column};
    for (int64_t lane = 0; lane < panelLanes; ++lane) {
      Index query = builder.add(block.first, j * panelLanes + lane);
      if (block.lastMask)
        query = builder.min(query, builder.sub(queryCount, 1));
      source.offsets.push_back(builder.add(queries.base, builder.mul(query, queries.row)));
    }
    packPanel(builder, depth, source, {scratchMemory, scratch.packed + j * panelLanes, block.width(), scale});
  }
}

/// Adds what keys [firstKey, firstKey + count) contribute. `isOnly`: there are no others.
void AttentionKernel::emitKeyBlock(const QueryBlock &block, Index firstKey, Index count, bool isOnly) {
  for (int64_t j = 0; j < block.vectors; ++j)
    storeScratch(loadScratch(scratch.greatest, j * panelLanes), scratch.top, j * panelLanes);
  forPieces(builder, count, maxRows(target, block.vectors),
            [&](Index key, int64_t rows) { emitScores(block, firstKey, key, rows); });
  emitPowers(block, count, isOnly);
  int64_t panels = llvm::divideCeil(width, panelLanes);
  Block tile = chooseBlock(target, block.width(), panels, std::nullopt);
  forPanels(tile.vectors, [&](Index panel, int64_t vectors, Value lastMask) {
    forPieces(builder, block.width(), tile.rows, [&](Index query, int64_t rows) {
      emitOutputs(block, firstKey, count, {query, rows, panel, vectors, lastMask}, isOnly);
    });
  });
}

/// scores[key] for `rows` keys of the block, and the greatest so far.
void AttentionKernel::emitScores(const QueryBlock &block, Index firstKey, Index key, int64_t rows) {
  Index number = builder.add(firstKey, key);
  BroadcastRows left{keys.pointer, builder.add(keys.base, builder.mul(number, keys.row)), {}, keys.column};
  left.half = keys.half;
  for (int64_t i = 0; i < rows; ++i)
    left.offsets.push_back(builder.mul(keys.row, i));
  ColumnVectors right{scratchMemory, scratch.packed, {}, block.width(), {}, {}};
  for (int64_t j = 0; j < block.vectors; ++j)
    right.offsets.push_back(j * panelLanes);
  Sums sums = accumulate(builder, depth, left, right, zeroSums(builder, rows * block.vectors));
  for (int64_t j = 0; j < block.vectors; ++j) {
    Lanes lanes = evaluator.lanes(panelLanes, j + 1 == block.vectors ? block.lastMask : Value());
    AffineExpr queryVector = evaluator.variable(builder.add(block.firstVector, j), queryExtent.ceilDiv(panelLanes));
    AffineExpr query = queryVector * panelLanes + lanes.variable;
    Real top = vector(loadScratch(scratch.top, j * panelLanes));
    for (int64_t i = 0; i < rows; ++i) {
      Index keyNumber = builder.add(number, i);
      Value score = masked(sums[i * block.vectors + j], evaluator.variable(keyNumber, keyExtent), query, lanes);
      if (op.getCausal())
        score = hideLater(score, keyNumber, block.lastKeys[j]);
      top = greater(top, vector(score));
      storeScratch(score, scratch.scores, builder.add(builder.mul(builder.add(key, i), block.width()), j * panelLanes));
    }
    storeScratch(top.get(), scratch.top, j * panelLanes);
  }
}

/// Minus infinity where the key comes after the last one that the query may see.
Value AttentionKernel::hideLater(Value score, Index key, Value lastKeys) {
  Value number = builder.create<arith::TruncIOp>(builder.op().getI32Type(), builder.value(key));
  Value isLater = builder.create<arith::CmpIOp>(arith::CmpIPredicate::sgt, builder.splat(number, panelLanes), lastKeys);
  return builder.create<arith::SelectOp>(isLater, vector(unseen).get(), score);
}

/// scores := e^(scores - greatest), their sums, and the factors by which what was summed before shrinks.
void AttentionKernel::emitPowers(const QueryBlock &block, Index count, bool isOnly) {
  SmallVector<Real> greatest;
  SmallVector<Value> sums;
  for (int64_t j = 0; j < block.vectors; ++j) {
    Real top = vector(loadScratch(scratch.top, j * panelLanes));
    // Where every score is minus infinity nothing may be subtracted from it.
    greatest.push_back(select(top.is(Compare::OEQ, unseen), 0, top));
    Value sum = vector(0).get();
    if (!isOnly) {
      Real factor = exponentialOfNonPositive(vector(loadScratch(scratch.greatest, j * panelLanes)) - greatest[j]);
      storeScratch(factor.get(), scratch.factors, j * panelLanes);
      storeScratch(top.get(), scratch.greatest, j * panelLanes);
      sum = (vector(loadScratch(scratch.sums, j * panelLanes)) * factor).get();
    }
    sums.push_back(sum);
  }
  sums = builder.loop(0, count, 1, sums, [&](Index key, ValueRange carried) {
    SmallVector<Value> next;
    for (int64_t j = 0; j < block.vectors; ++j) {
      Index place = builder.add(builder.mul(key, block.width()), j * panelLanes);
      Real power = exponentialOfNonPositive(vector(loadScratch(scratch.scores, place)) - greatest[j]);
      storeScratch(power.get(), scratch.scores, place);
      next.push_back((vector(carried[j]) + power).get());
    }
    return next;
  });
  for (int64_t j = 0; j < block.vectors; ++j)
    storeScratch(sums[j], scratch.sums, j * panelLanes);
}

/// outputs := factor * outputs + powers * values for a tile of queries by columns.
void AttentionKernel::emitOutputs(const QueryBlock &block, Index firstKey, Index count, const OutputTile &tile,
                                  bool isOnly) {
  int64_t pitch = llvm::divideCeil(width, panelLanes) * panelLanes;
  Index column = builder.mul(tile.panel, panelLanes);
  auto placeOf = [&](int64_t i, int64_t j) {
    return builder.add(builder.add(builder.mul(builder.add(tile.query, i), pitch), column), j * panelLanes);
  };
  BroadcastRows left{scratchMemory, builder.add(tile.query, scratch.scores), {}, block.width()};
  Index start = builder.add(builder.add(values.base, builder.mul(firstKey, values.row)), column);
  ColumnVectors right{values.pointer, start, {}, values.row, tile.lastMask, {}};
  right.half = values.half;
  for (int64_t i = 0; i < tile.rows; ++i)
    left.offsets.push_back(i);
  for (int64_t j = 0; j < tile.vectors; ++j)
    right.offsets.push_back(j * panelLanes);
  Sums sums = zeroSums(builder, tile.rows * tile.vectors);
  for (int64_t i = 0; !isOnly && i < tile.rows; ++i) {
    Index factorPlace = builder.add(tile.query, scratch.factors + i);
    Value factor = builder.load(scratchMemory, builder.op().getF32Type(), factorPlace);
    for (int64_t j = 0; j < tile.vectors; ++j)
      sums[i * tile.vectors + j] =
          (vector(loadScratch(scratch.outputs, placeOf(i, j))) * vector(builder.splat(factor, panelLanes))).get();
  }
  sums = accumulate(builder, count, left, right, sums);
  for (int64_t i = 0; i < tile.rows; ++i)
    for (int64_t j = 0; j < tile.vectors; ++j)
      storeScratch(sums[i * tile.vectors + j], scratch.outputs, placeOf(i, j));
}

/// outputs / sums, through the epilogue to where the result lies.
void AttentionKernel::storeBlock(const QueryBlock &block) {
  for (int64_t j = 0; j < block.vectors; ++j)
    storeScratch(reciprocalOf(vector(loadScratch(scratch.sums, j * panelLanes))).get(), scratch.sums, j * panelLanes);
  int64_t pitch = llvm::divideCeil(width, panelLanes) * panelLanes;
  builder.loop(0, block.count, 1, [&](Index i) {
    Value factor = builder.load(scratchMemory, builder.op().getF32Type(), builder.add(i, scratch.sums));
    Real wide = vector(builder.splat(factor, panelLanes));
    forPanels(1, [&](Index panel, int64_t, Value lastMask) {
      Index place = builder.add(builder.mul(i, pitch), builder.mul(panel, panelLanes));
      Real output = vector(loadScratch(scratch.outputs, place)) * wide;
      storeOutput(builder.add(block.first, i), panel, output.get(), lastMask);
    });
  });
}

/// 1 / sum, or 0 where there is nothing to divide.
Real AttentionKernel::reciprocalOf(Real sum) { return select(sum.is(Compare::OEQ, 0), 0, sum.like(1) / sum); }

void AttentionKernel::storeOutput(Index query, Index panel, Value element, Value mask) {
  Lanes lanes = evaluator.lanes(panelLanes, mask);
  AffineExpr panels = evaluator.constant(llvm::divideCeil(width, panelLanes));
  Point point = batchPoint;
  point.push_back(evaluator.variable(query, queryExtent));
  point.push_back(evaluator.variable(panel, panels) * panelLanes + lanes.variable);
  evaluator.bind(op.getOutput(), element);
  evaluator.storeResults(op.getOutput(), point, &lanes);
  evaluator.unbind(op.getOutput());
}

/// Groups of at most `vectors` panels of the values' columns; a last panel that is not whole has a mask.
void AttentionKernel::forPanels(int64_t vectors,
                                llvm::function_ref<void(Index panel, int64_t vectors, Value lastMask)> body) {
  int64_t panels = llvm::divideCeil(width, panelLanes), rest = width % panelLanes;
  int64_t whole = (rest ? panels - 1 : panels) / vectors;
  builder.loop(0, whole, 1, [&](Index i) { body(builder.mul(i, vectors), vectors, {}); });
  if (int64_t left = panels - whole * vectors)
    body(whole * vectors, left, rest ? builder.maskBelow(rest, panelLanes) : Value());
}

FailureOr<Division> emitAttention(Emission &emission) {
  auto op = dyn_cast_or_null<AttentionOp>(emission.root);
  if (!op)
    return failure();
  AttentionKernel kernel(emission, op);
  if (!kernel.analyze())
    return failure();
  return kernel.emit();
}

} // namespace ingot::cpu
