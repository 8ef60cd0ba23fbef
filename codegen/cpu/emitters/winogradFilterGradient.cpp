//===- winogradFilterGradient.cpp - Filter gradients with fewer products --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The gradient of a 3 x 3 filter is G' (sum over tiles of (B' d B) * (A dy A')) G, with d the input tile, dy the tile
// of the output's gradient, and * multiplying element by element: Winograd's algorithm (see Winograd.h) read backwards.
// For each of the elements the sum over tiles is a matrix product, channels times filters.
//
// A parallel item is a block of channels by a block of filters, with all tiles: it sums in a fixed order, whoever
// computes it. Tiles go in chunks, whose sums start from zero and are then added. Items of the same channels that run
// one after the other share the transformed input.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Emitter.h"
#include "codegen/cpu/emitters/Linear.h"
#include "codegen/cpu/emitters/PanelProduct.h"
#include "codegen/cpu/emitters/WinogradTransforms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// Tiles that are summed from zero.
constexpr int64_t chunkTiles = 48;
/// Channels and filters of an item, at most; filters, at least; and the least number of items.
constexpr int64_t mostChannels = 64, mostFilters = 64, leastFilters = 32, leastItems = 4;
/// Sums of the items that share the input.
constexpr int64_t waitingBytes = 600 << 10;

/// The largest multiple of 16 that divides `total` and is at most `most`.
int64_t largestBlock(int64_t total, int64_t most) {
  for (int64_t size = most; size > panelLanes; size -= panelLanes)
    if (total % size == 0)
      return size;
  return panelLanes;
}

class WinogradFilterGradient {
public:
  WinogradFilterGradient(Emission &emission, ConvFilterGradientOp op)
      : op(op), evaluator(emission.evaluator), builder(emission.builder), target(emission.target),
        begin(emission.begin), end(emission.end), scratch(emission.scratch), tile(winogradForm(op).tile),
        size(tile + 2), elements(size * size), matrices(winogradMatrices(winogradForm(op))) {}
  Division emit();

private:
  void readShapes();
  void schedule();
  void emitItems(Index channelBlock, Index first, Index last);
  void clearSums(Index items);
  void transformInput(Index firstTile, Index count, Index channel);
  void transformGradient(Index firstTile, Index count, Index filter);
  void multiply(Index count, Index sums);
  void store(Index channel, Index filter, Index sums);
  Type f32() { return builder.op().getF32Type(); }

  ConvFilterGradientOp op;
  Evaluator &evaluator;
  KernelBuilder &builder;
  const Target &target;
  Index begin, end;
  Value scratch;
  int64_t tile, size, elements;
  WinogradMatrices matrices;

  // The problem.
  AffineExpr images;
  int64_t channels = 0, filters = 0, height = 0, width = 0, outputHeight = 0, outputWidth = 0;
  TileGrid grid;

  // The schedule.
  int64_t itemChannels = 1, itemFilters = 1, filterBlocks = 1, itemsAtOnce = 1, vectors = 1;
  int64_t inputPitch = 0, gradientPitch = 0, gradientStart = 0, sumsStart = 0, itemSums = 0;
  Division division;

  Index tileCount;
  Value input, gradient;
};

void WinogradFilterGradient::readShapes() {
  SmallVector<AffineExpr> in = evaluator.dims(op.getInput()), out = evaluator.dims(op.getGradient());
  images = out[0];
  height = *constantValue(in[1]);
  width = *constantValue(in[2]);
  channels = *constantValue(in[3]);
  outputHeight = *constantValue(out[1]);
  outputWidth = *constantValue(out[2]);
  filters = *constantValue(out[3]);
  grid = TileGrid(tile, outputHeight, outputWidth);
}

void WinogradFilterGradient::schedule() {
  itemChannels = largestBlock(channels, mostChannels);
  itemFilters = largestBlock(filters, mostFilters);
  auto items = [&] { return channels / itemChannels * (filters / itemFilters); };
  if (items() < leastItems)
    itemFilters = largestBlock(filters, leastFilters);
  while (items() < leastItems && itemChannels > panelLanes)
    itemChannels = largestBlock(channels, itemChannels - panelLanes);
  vectors = itemFilters % (2 * panelLanes) == 0 && maxRows(target, 2) >= 6 ? 2 : 1;
  filterBlocks = filters / itemFilters;
  itemSums = elements * itemChannels * itemFilters;
  itemsAtOnce = std::clamp<int64_t>(waitingBytes / (itemSums * 4), 1, filterBlocks);
  // A line more keeps elements out of one cache set.
  inputPitch = chunkTiles * itemChannels + panelLanes;
  gradientPitch = chunkTiles * itemFilters + panelLanes;
  gradientStart = elements * inputPitch;
  sumsStart = gradientStart + elements * gradientPitch;
  division.scratchBytes = (sumsStart + itemsAtOnce * itemSums) * 4;
  division.items = evaluator.constant(items());
  division.choices = {
      {"tile", std::to_string(tile) + " x " + std::to_string(tile) + " pixels"},
      {"tiles together", std::to_string(chunkTiles)},
      {"item", std::to_string(itemChannels) + " channels x " + std::to_string(itemFilters) + " filters"}};
}

Division WinogradFilterGradient::emit() {
  readShapes();
  schedule();
  tileCount = evaluator.materialize(simplifyDimension(images * grid.count));
  Point origin(4, evaluator.constant(0));
  input = evaluator.access(op.getInput(), origin)->buffer.pointer;
  gradient = evaluator.access(op.getGradient(), origin)->buffer.pointer;
  // Item = block of channels * filterBlocks + block of filters.
  builder.loop(builder.div(begin, filterBlocks), builder.ceilDiv(end, filterBlocks), 1, [&](Index block) {
    Index before = builder.mul(block, filterBlocks);
    Index from = builder.max(builder.sub(begin, before), 0);
    Index to = builder.min(builder.sub(end, before), filterBlocks);
    builder.loop(from, to, itemsAtOnce,
                 [&](Index first) { emitItems(block, first, builder.min(to, builder.add(first, itemsAtOnce))); });
  });
  return division;
}

/// The blocks of filters [first, last) of one block of channels.
void WinogradFilterGradient::emitItems(Index channelBlock, Index first, Index last) {
  Index channel = builder.mul(channelBlock, itemChannels);
  auto sumsOf = [&](Index block) { return builder.add(builder.mul(builder.sub(block, first), itemSums), sumsStart); };
  clearSums(builder.sub(last, first));
  builder.loop(0, tileCount, chunkTiles, [&](Index firstTile) {
    Index count = builder.min(builder.sub(tileCount, firstTile), chunkTiles);
    transformInput(firstTile, count, channel);
    builder.loop(first, last, 1, [&](Index block) {
      transformGradient(firstTile, count, builder.mul(block, itemFilters));
      multiply(count, sumsOf(block));
    });
  });
  builder.loop(first, last, 1, [&](Index block) { store(channel, builder.mul(block, itemFilters), sumsOf(block)); });
}

void WinogradFilterGradient::clearSums(Index items) {
  Value zero = zeroSums(builder, 1).front();
  builder.loop(0, builder.mul(items, itemSums), panelLanes,
               [&](Index at) { builder.storeVector(zero, scratch, builder.add(at, sumsStart)); });
}

/// V[element][tile][channel] = B' d B.
void WinogradFilterGradient::transformInput(Index firstTile, Index count, Index channel) {
  ImageTiles tiles{input, height, width, channels, size, size};
  auto apply = [&](ArrayRef<Value> x) { return applyRows(builder, matrices.input, x); };
  grid.forEach(builder, firstTile, count, [&](Index number, Index image, Index y, Index x) {
    transformTile(builder, tiles, builder.add(builder.mul(image, height * width * channels), channel),
                  builder.sub(y, op.getLow()[0]), builder.sub(x, op.getLow()[1]), itemChannels, apply, scratch,
                  builder.mul(number, itemChannels), inputPitch);
  });
}

/// Q[element][tile][filter] = A dy A'.
void WinogradFilterGradient::transformGradient(Index firstTile, Index count, Index filter) {
  ImageTiles tiles{gradient, outputHeight, outputWidth, filters, tile, tile};
  Matrix matrix = transposed(matrices.output);
  auto apply = [&](ArrayRef<Value> x) { return applyRows(builder, matrix, x); };
  grid.forEach(builder, firstTile, count, [&](Index number, Index image, Index y, Index x) {
    transformTile(builder, tiles, builder.add(builder.mul(image, outputHeight * outputWidth * filters), filter), y, x,
                  itemFilters, apply, scratch, builder.add(builder.mul(number, itemFilters), gradientStart),
                  gradientPitch);
  });
}

/// S[element][channel][filter] += sum over the chunk's tiles of V * Q.
void WinogradFilterGradient::multiply(Index count, Index sums) {
  builder.loop(0, elements, 1, [&](Index element) {
    Index left = builder.mul(element, inputPitch);
    Index right = builder.add(builder.mul(element, gradientPitch), gradientStart);
    Index to = builder.add(sums, builder.mul(element, itemChannels * itemFilters));
    builder.loop(0, itemFilters, vectors * panelLanes, [&](Index filter) {
      for (const Run &run : balancedRuns(itemChannels, maxRows(target, vectors)))
        builder.loop(0, run.count, 1, [&](Index number) {
          Index channel = builder.add(builder.mul(number, run.size), run.start);
          BroadcastRows rows{scratch, builder.add(left, channel), {}, itemChannels};
          ColumnVectors columns{scratch, builder.add(right, filter), {}, itemFilters, {}, {}};
          for (int64_t i = 0; i < run.size; ++i)
            rows.offsets.push_back(i);
          for (int64_t j = 0; j < vectors; ++j)
            columns.offsets.push_back(j * panelLanes);
          Sums chunk = accumulate(builder, count, rows, columns, zeroSums(builder, run.size * vectors),
                                  chooseUnroll(target, {run.size, vectors}));
          Index place = builder.add(to, builder.add(builder.mul(channel, itemFilters), filter));
          for (auto [i, sum] : llvm::enumerate(chunk)) {
            Index at = builder.add(place, int64_t(i) / vectors * itemFilters + int64_t(i) % vectors * panelLanes);
            Value before = builder.loadVector(scratch, f32(), at, panelLanes);
            builder.storeVector(builder.create<arith::AddFOp>(before, sum), scratch, at);
          }
        });
    });
  });
}

/// G' S G, then the epilogue.
void WinogradFilterGradient::store(Index firstChannel, Index firstFilter, Index sums) {
  SmallVector<AffineExpr> dims = evaluator.dims(op.getOutput());
  Matrix matrix = transposed(matrices.filter);
  auto apply = [&](ArrayRef<Value> x) { return applyColumns(builder, matrix, x); };
  builder.loop(0, itemChannels, 1, [&](Index channel) {
    builder.loop(0, itemFilters / panelLanes, 1, [&](Index panel) {
      Index place = builder.add(builder.mul(channel, itemFilters), builder.mul(panel, panelLanes));
      auto load = [&](int64_t i, int64_t j) {
        Index element = (i * size + j) * itemChannels * itemFilters;
        return builder.loadVector(scratch, f32(), builder.add(builder.add(sums, place), element), panelLanes);
      };
      SmallVector<Vectors> taps = transformRectangle(size, size, load, apply);
      Lanes lanes = evaluator.lanes(panelLanes);
      Index allPanel = builder.add(builder.div(firstFilter, panelLanes), panel);
      AffineExpr filter =
          evaluator.variable(allPanel, evaluator.constant(filters / panelLanes)) * panelLanes + lanes.variable;
      AffineExpr in = evaluator.variable(builder.add(firstChannel, channel), dims[2]);
      for (int64_t i = 0; i < 3; ++i)
        for (int64_t j = 0; j < 3; ++j) {
          evaluator.bind(op.getOutput(), taps[i][j]);
          evaluator.storeResults(op.getOutput(), Point{evaluator.constant(i), evaluator.constant(j), in, filter},
                                 &lanes);
          evaluator.unbind(op.getOutput());
        }
    });
  });
}

} // namespace

FailureOr<Division> emitWinogradFilterGradient(Emission &emission) {
  auto op = dyn_cast_or_null<ConvFilterGradientOp>(emission.root);
  if (!op || !winogradForm(op))
    return failure();
  return WinogradFilterGradient(emission, op).emit();
}

} // namespace ingot::cpu
