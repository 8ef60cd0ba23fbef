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
#include "codegen/cpu/Emitter.h"
#include "codegen/cpu/emitters/Linear.h"
#include "codegen/cpu/emitters/PanelProduct.h"
#include "codegen/cpu/emitters/WinogradTransforms.h"

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
  void schedule();
  void emitItem(Index item);
  void emitBlock(Index first, int64_t count);
  void transformInput(Index first, int64_t count);
  void multiply(int64_t count);
  void transformOutput(Index first, int64_t count);

  ConvOp op;
  kernel::UnpackOp filter;
  Evaluator &evaluator;
  KernelBuilder &builder;
  const Target &target;
  Index begin, end;
  Value scratch;
  int64_t tile;
  WinogradMatrices matrices;

  int64_t size = 0, elements = 0, channels = 0, filters = 0, height = 0, width = 0;
  TileGrid grid;
  int64_t vectors = 1, groups = 1, chunks = 1, groupsPerChunk = 1;
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
  filters = *constantValue(out[3]);
  size = tile + 2;
  elements = size * size;
  grid = TileGrid(tile, *constantValue(out[1]), *constantValue(out[2]));
  int64_t tiles = grid.count, panelCount = filters / panelLanes;
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
  ImageTiles tiles{input, height, width, channels, size};
  auto apply = [&](ArrayRef<Value> x) { return applyRows(builder, matrices.input, x); };
  grid.forEach(builder, first, count, [&](Index number, Index, Index y, Index x) {
    transformTile(builder, tiles, inputBase, builder.sub(y, op.getLow()[0]), builder.sub(x, op.getLow()[1]), channels,
                  apply, scratch, builder.mul(number, channels), inputPitch);
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
  Index firstPanel = builder.mul(firstGroup, vectors);
  Index panelCount = builder.mul(builder.sub(lastGroup, firstGroup), vectors);
  grid.forEach(builder, first, count, [&](Index number, Index, Index y, Index x) {
    Index place = builder.add(builder.mul(number, groupsPerChunk * vectors * panelLanes), productStart);
    storeTile(evaluator, op.getOutput(), matrices.output,
              {scratch, place, productPitch, firstPanel, panelCount, image, y, x});
  });
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
