//===- winograd.cpp - 3 x 3 convolutions with fewer products --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Winograd.h. For a block of tiles: each tile's input is transformed to scratch memory V[element][tile][channel];
// for each element, V times the packed transformed filters gives M[element][tile][filter]; M is transformed back, and
// the epilogue runs on the output pixels in registers.
//
// Parallel items: a block of tiles by a chunk of the filters. Chunks of one block that run one after the other share V.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Winograd.h"
#include "codegen/cpu/Emitter.h"
#include "codegen/cpu/emitters/Linear.h"
#include "codegen/cpu/emitters/PanelProduct.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

class Winograd {
public:
  Winograd(Emission &emission, ConvOp op, kernel::UnpackOp filter)
      : op(op), filter(filter), evaluator(emission.evaluator), builder(emission.builder), target(emission.target),
        begin(emission.begin), end(emission.end), scratch(emission.scratch), tile(winogradTile(filter)),
        matrices(winogradMatrices(tile)) {}
  Division emit();

private:
  using Vectors = SmallVector<Value>;

  void schedule();
  void emitItem(Index item);
  void emitBlock(Index first, int64_t count);
  void transformInput(Index first, int64_t count);
  void transformTile(Index y, Index x, Index to, bool isClipped);
  void multiply(int64_t count);
  void transformOutput(Index first, int64_t count);
  void storeTile(Index y, Index x, Index from, Index panel, bool isClipped);
  Vectors applyInput(ArrayRef<Value> d);
  Vectors applyOutput(ArrayRef<Value> x);
  Value combine(ArrayRef<double> factors, ArrayRef<Value> values);
  Value inside(Index at, int64_t room);
  VectorType vectorType() const { return VectorType::get({panelLanes}, builder.op().getF32Type()); }

  ConvOp op;
  kernel::UnpackOp filter;
  Evaluator &evaluator;
  KernelBuilder &builder;
  const Target &target;
  Index begin, end;
  Value scratch;
  int64_t tile;
  WinogradMatrices matrices;

  int64_t size = 0, elements = 0, channels = 0, filters = 0, height = 0, width = 0, outputHeight = 0, outputWidth = 0;
  int64_t tileColumns = 0, vectors = 1, groups = 1, chunks = 1, groupsPerChunk = 1;
  int64_t inputPitch = 0, productPitch = 0, productStart = 0;
  SmallVector<Run> blocks;
  Division division;

  Index images, image, chunk, firstGroup, lastGroup, item;
  Value input, panels;
  Index inputBase;
};

void Winograd::schedule() {
  SmallVector<AffineExpr> in = evaluator.dims(op.getInput()), out = evaluator.dims(op.getOutput());
  height = *constantValue(in[1]);
  width = *constantValue(in[2]);
  channels = *constantValue(in[3]);
  outputHeight = *constantValue(out[1]);
  outputWidth = *constantValue(out[2]);
  filters = *constantValue(out[3]);
  size = tile + 2;
  elements = size * size;
  tileColumns = llvm::divideCeil(outputWidth, tile);
  int64_t tiles = tileColumns * llvm::divideCeil(outputHeight, tile), panelCount = filters / panelLanes;
  for (int64_t wide : {2, 3})
    if (vectors == 1 && panelCount % wide == 0 && maxRows(target, wide) >= 6)
      vectors = wide;
  groups = panelCount / vectors;
  // Few tiles stay together, so that the filters are read once. Filters that come from memory are read once for a block
  // of tiles, which must be large enough that arithmetic takes longer; otherwise V and M should stay in the cache.
  int64_t together = elements * channels * filters * 4 > (4 << 20) ? 56 : 14;
  blocks = balancedRuns(tiles, tiles <= 28 ? tiles : together);
  int64_t blockCount = 0;
  for (const Run &run : blocks)
    blockCount += run.count;
  chunks = blockCount >= 4 ? 1 : std::min<int64_t>(groups, llvm::divideCeil(4, blockCount));
  groupsPerChunk = llvm::divideCeil(groups, chunks);
  chunks = llvm::divideCeil(groups, groupsPerChunk);
  // A line more keeps elements out of one cache set.
  inputPitch = blocks.front().size * channels + panelLanes;
  productPitch = blocks.front().size * groupsPerChunk * vectors * panelLanes + panelLanes;
  productStart = elements * inputPitch;
  division.scratchBytes = (productStart + elements * productPitch) * 4;
  division.items = simplifyDimension(out[0] * (blockCount * chunks));
  division.grain = grainFor(2.0 * elements * blocks.front().size * channels * filters / double(chunks), 0);
  division.choices = {{"tile", std::to_string(tile) + " x " + std::to_string(tile) + " pixels"},
                      {"tiles together", std::to_string(blocks.front().size)},
                      {"filters side by side", std::to_string(vectors * panelLanes)},
                      {"filters cut in", std::to_string(chunks)}};
  images = evaluator.materialize(out[0]);
}

Division Winograd::emit() {
  schedule();
  Point origin(5, evaluator.getSymbols().constant(0));
  panels = evaluator.access(filter.getInput(), origin)->buffer.pointer;
  builder.loop(begin, end, 1, [&](Index number) { emitItem(number); });
  return division;
}

/// Item = (image * blocks + block) * chunks + chunk.
void Winograd::emitItem(Index number) {
  item = number;
  chunk = builder.mod(number, chunks);
  Index rest = builder.div(number, chunks);
  int64_t blockCount = blocks.back().count + (blocks.size() > 1 ? blocks.front().count : 0);
  Index block = builder.mod(rest, blockCount);
  image = builder.div(rest, blockCount);
  firstGroup = builder.mul(chunk, groupsPerChunk);
  lastGroup = builder.min(builder.add(firstGroup, groupsPerChunk), groups);
  Point point(4, evaluator.getSymbols().constant(0));
  point[0] = evaluator.variable(image, evaluator.dims(op.getInput())[0]);
  Access place = *evaluator.access(op.getInput(), point);
  input = place.buffer.pointer;
  inputBase = evaluator.materialize(place.offset);
  auto piece = [&](const Run &run, int64_t skipped) {
    emitBlock(builder.add(builder.mul(builder.sub(block, skipped), run.size), run.start), run.size);
  };
  if (blocks.size() == 1)
    return piece(blocks[0], 0);
  builder.ifThen(
      builder.less(block, blocks[0].count), [&] { piece(blocks[0], 0); }, [&] { piece(blocks[1], blocks[0].count); });
}

void Winograd::emitBlock(Index first, int64_t count) {
  auto transform = [&] { transformInput(first, count); };
  if (chunks == 1)
    transform();
  else // the previous item has left V, unless this is the first one
    builder.ifThen(builder.less(builder.min(chunk, builder.sub(item, begin)), 1), transform);
  multiply(count);
  transformOutput(first, count);
}

void Winograd::transformInput(Index first, int64_t count) {
  builder.loop(0, count, 1, [&](Index number) {
    Index at = builder.add(first, number), to = builder.mul(number, channels);
    Index y = builder.sub(builder.mul(builder.div(at, tileColumns), tile), op.getLow()[0]);
    Index x = builder.sub(builder.mul(builder.mod(at, tileColumns), tile), op.getLow()[1]);
    Index room = builder.min(builder.sub(height - size, y), builder.sub(width - size, x));
    builder.ifThen(
        builder.less(builder.min(builder.min(x, y), room), 0), [&] { transformTile(y, x, to, /*isClipped=*/true); },
        [&] { transformTile(y, x, to, /*isClipped=*/false); });
  });
}

/// 0 <= at < room as i1.
Value Winograd::inside(Index at, int64_t room) {
  return builder.create<arith::CmpIOp>(arith::CmpIPredicate::ult, builder.value(at), builder.value(room));
}

/// B' d B of the tile at input pixel (y, x), for all channels.
void Winograd::transformTile(Index y, Index x, Index to, bool isClipped) {
  SmallVector<Index> rows, columns;
  SmallVector<Value> hasRow, hasColumn;
  for (int64_t i = 0; i < size; ++i) {
    Index row = builder.add(y, i), column = builder.add(x, i);
    if (isClipped) {
      hasRow.push_back(inside(row, height));
      hasColumn.push_back(inside(column, width));
      // A lane that is off must still have a mapped address: the processor is slow when it has not.
      row = builder.min(builder.max(row, 0), height - 1);
      column = builder.min(builder.max(column, 0), width - 1);
    }
    rows.push_back(builder.add(inputBase, builder.mul(row, width * channels)));
    columns.push_back(builder.mul(column, channels));
  }
  builder.loop(0, channels, panelLanes, [&](Index channel) {
    SmallVector<Vectors> transformed;
    for (int64_t j = 0; j < size; ++j) {
      Vectors column;
      for (int64_t i = 0; i < size; ++i) {
        Value mask;
        if (isClipped)
          mask = builder.splat(builder.create<arith::AndIOp>(hasRow[i], hasColumn[j]), panelLanes);
        Index at = builder.add(builder.add(rows[i], columns[j]), channel);
        column.push_back(builder.loadVector(input, builder.op().getF32Type(), at, panelLanes, mask));
      }
      transformed.push_back(applyInput(column));
    }
    Index place = builder.add(to, channel);
    for (int64_t i = 0; i < size; ++i) {
      Vectors row;
      for (int64_t j = 0; j < size; ++j)
        row.push_back(transformed[j][i]);
      row = applyInput(row);
      for (int64_t j = 0; j < size; ++j)
        builder.storeVector(row[j], scratch, builder.add(place, (i * size + j) * inputPitch));
    }
  });
}

/// M[element] = V[element] * U[element] for the chunk's filters.
void Winograd::multiply(int64_t count) {
  int64_t panelSize = channels * panelLanes;
  builder.loop(0, elements, 1, [&](Index element) {
    builder.loop(firstGroup, lastGroup, 1, [&](Index group) {
      Index panel = builder.add(builder.mul(element, filters * channels), builder.mul(group, vectors * panelSize));
      int64_t passes = llvm::divideCeil(count, maxRows(target, vectors)), passed = 0;
      for (const Run &run : balancedRuns(count, maxRows(target, vectors))) {
        builder.loop(0, run.count, 1, [&](Index number) {
          Index row = builder.add(builder.mul(number, run.size), run.start);
          Index from = builder.add(builder.mul(element, inputPitch), builder.mul(row, channels));
          BroadcastRows rows{scratch, from, {}, 1};
          ColumnVectors columns{panels, panel, {}, panelLanes, {}, choosePrefetch(channels, {run.size, vectors})};
          for (int64_t i = 0; i < run.size; ++i)
            rows.offsets.push_back(i * channels);
          for (int64_t j = 0; j < vectors; ++j)
            columns.offsets.push_back(j * panelSize);
          if (isNextGroup(columns.prefetch, channels, vectors))
            columns.sharePrefetch(builder, builder.add(number, passed), passes, panelSize);
          Sums sums = accumulate(builder, channels, rows, columns, zeroSums(builder, run.size * vectors),
                                 chooseUnroll(target, {run.size, vectors}));
          int64_t pitch = groupsPerChunk * vectors * panelLanes;
          Index to = builder.add(builder.mul(element, productPitch), builder.mul(row, pitch));
          to = builder.add(to, builder.mul(builder.sub(group, firstGroup), vectors * panelLanes));
          for (auto [index, sum] : llvm::enumerate(sums))
            builder.storeVector(sum, scratch,
                                builder.add(to, productStart + int64_t(index) / vectors * pitch +
                                                    int64_t(index) % vectors * panelLanes));
        });
        passed += run.count;
      }
    });
  });
}

void Winograd::transformOutput(Index first, int64_t count) {
  int64_t pitch = groupsPerChunk * vectors * panelLanes;
  Index panelCount = builder.mul(builder.sub(lastGroup, firstGroup), vectors);
  builder.loop(0, count, 1, [&](Index number) {
    Index at = builder.add(first, number);
    Index y = builder.mul(builder.div(at, tileColumns), tile), x = builder.mul(builder.mod(at, tileColumns), tile);
    auto store = [&](bool isClipped) {
      builder.loop(0, panelCount, 1, [&](Index panel) {
        Index from = builder.add(builder.mul(number, pitch), builder.mul(panel, panelLanes));
        storeTile(y, x, from, builder.add(builder.mul(firstGroup, vectors), panel), isClipped);
      });
    };
    if (outputHeight % tile == 0 && outputWidth % tile == 0)
      return store(false);
    Index room = builder.min(builder.sub(outputHeight - tile, y), builder.sub(outputWidth - tile, x));
    builder.ifThen(
        builder.less(room, 0), [&] { store(true); }, [&] { store(false); });
  });
}

/// A' M A of one tile and 16 filters, then the epilogue.
void Winograd::storeTile(Index y, Index x, Index from, Index panel, bool isClipped) {
  SmallVector<Vectors> transformed;
  for (int64_t j = 0; j < size; ++j) {
    Vectors column;
    for (int64_t i = 0; i < size; ++i)
      column.push_back(builder.loadVector(scratch, builder.op().getF32Type(),
                                          builder.add(from, productStart + (i * size + j) * productPitch), panelLanes));
    transformed.push_back(applyOutput(column));
  }
  SmallVector<AffineExpr> dims = evaluator.dims(op.getOutput());
  Lanes lanes = evaluator.lanes(panelLanes);
  Point point{evaluator.variable(image, dims[0]), {}, {}, {}};
  point[3] =
      evaluator.variable(panel, evaluator.getSymbols().constant(filters / panelLanes)) * panelLanes + lanes.variable;
  for (int64_t i = 0; i < tile; ++i) {
    Vectors row;
    for (int64_t j = 0; j < size; ++j)
      row.push_back(transformed[j][i]);
    row = applyOutput(row);
    for (int64_t j = 0; j < tile; ++j) {
      auto store = [&] {
        point[1] = evaluator.variable(builder.add(y, i), dims[1]);
        point[2] = evaluator.variable(builder.add(x, j), dims[2]);
        evaluator.bind(op.getOutput(), row[j]);
        evaluator.storeResults(op.getOutput(), point, &lanes);
        evaluator.unbind(op.getOutput());
      };
      if (!isClipped) {
        store();
        continue;
      }
      Value isInside = builder.create<arith::AndIOp>(inside(builder.add(y, i), outputHeight),
                                                     inside(builder.add(x, j), outputWidth));
      builder.ifThen(isInside, store);
    }
  }
}

/// Sum of factor * value, leaving out zeros and starting with a factor of one.
Value Winograd::combine(ArrayRef<double> factors, ArrayRef<Value> values) {
  SmallVector<std::pair<double, Value>> terms;
  for (auto [factor, value] : llvm::zip(factors, values))
    if (factor != 0)
      terms.push_back({factor, value});
  llvm::stable_sort(terms, [](auto &a, auto &b) { return (a.first == 1) > (b.first == 1); });
  Value sum;
  for (auto &[factor, value] : terms) {
    if (!sum)
      sum = factor == 1 ? value
                        : builder.create<arith::MulFOp>(value, builder.constant(vectorType(), factor)).getResult();
    else if (factor == 1)
      sum = builder.create<arith::AddFOp>(sum, value);
    else if (factor == -1)
      sum = builder.create<arith::SubFOp>(sum, value);
    else
      sum = builder.fma(value, builder.constant(vectorType(), factor), sum);
  }
  return sum;
}

/// B' d. The rows of p and -p differ in the sign of every other term: their even and odd parts are computed once.
Winograd::Vectors Winograd::applyInput(ArrayRef<Value> d) {
  Vectors result;
  auto split = [&](size_t row, bool wantsOdd) {
    std::vector<double> part = matrices.input[row];
    for (size_t i = 0; i < part.size(); ++i)
      if (matrices.input[row][i] == matrices.input[row + 1][i] ? wantsOdd : !wantsOdd)
        part[i] = 0;
    return combine(part, d);
  };
  result.push_back(combine(matrices.input.front(), d));
  for (size_t row = 1; row + 1 < matrices.points.size(); row += 2) {
    Value same = split(row, false), opposite = split(row, true);
    result.push_back(builder.create<arith::AddFOp>(same, opposite));
    result.push_back(builder.create<arith::SubFOp>(same, opposite));
  }
  result.push_back(combine(matrices.input.back(), d));
  return result;
}

/// A' x: powers of p and -p are equal or opposite.
Winograd::Vectors Winograd::applyOutput(ArrayRef<Value> x) {
  Vectors sums, differences, result;
  for (size_t j = 1; j + 1 < x.size(); j += 2) {
    sums.push_back(builder.create<arith::AddFOp>(x[j], x[j + 1]));
    differences.push_back(builder.create<arith::SubFOp>(x[j], x[j + 1]));
  }
  for (int64_t i = 0; i < tile; ++i) {
    Vectors values = i % 2 ? differences : sums;
    std::vector<double> factors;
    for (size_t j = 1; j + 1 < x.size(); j += 2)
      factors.push_back(matrices.output[i][j]);
    if (i == 0) {
      values.push_back(x.front());
      factors.push_back(1);
    }
    if (i == tile - 1) {
      values.push_back(x.back());
      factors.push_back(1);
    }
    result.push_back(combine(factors, values));
  }
  return result;
}

} // namespace

FailureOr<Division> emitWinograd(Emission &emission) {
  auto op = dyn_cast_or_null<ConvOp>(emission.root);
  auto filter = op ? op.getFilter().getDefiningOp<kernel::UnpackOp>() : kernel::UnpackOp();
  if (!filter || !winogradTile(filter))
    return failure();
  return Winograd(emission, op, filter).emit();
}

} // namespace ingot::cpu
