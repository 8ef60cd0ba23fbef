//===- winogradBatch.cpp - 3 x 3 convolutions of batches, with fewer products -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// As winograd.cpp, for a batch of images: a block is made of tiles of any of them, so that small images share the
// reading of the filters. A transposed convolution without strides, the gradient of a convolution's input, is the
// convolution with filters turned around, which whoever packed them has done.
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

/// Tiles of a block: more of them when the transformed filters do not stay in the second-level cache.
constexpr int64_t fewTiles = 28, manyTiles = 64, cachedFilterBytes = 1 << 20;
/// Bytes of products that wait for the transformation back.
constexpr int64_t productBytes = 768 << 10;
/// What a batch that is not known counts as, and the least number of items.
constexpr int64_t guessedImages = 8, leastItems = 4;

/// What is convolved with which window, transposed or not.
struct Problem {
  Value input, output;
  kernel::UnpackOp filter;
  int64_t low[2];
};

std::optional<Problem> findProblem(Operation *root) {
  if (auto conv = dyn_cast_or_null<ConvOp>(root))
    if (auto filter = conv.getFilter().getDefiningOp<kernel::UnpackOp>(); filter && winogradTile(filter))
      return Problem{conv.getInput(), conv.getOutput(), filter, {conv.getLow()[0], conv.getLow()[1]}};
  // y = x + k - low, so x = y + (low - 2) + (2 - k).
  if (auto conv = dyn_cast_or_null<ConvTransposeOp>(root))
    if (auto filter = conv.getFilter().getDefiningOp<kernel::UnpackOp>(); filter && winogradTile(filter))
      return Problem{conv.getInput(), conv.getOutput(), filter, {2 - conv.getLow()[0], 2 - conv.getLow()[1]}};
  return std::nullopt;
}

class WinogradBatch {
public:
  WinogradBatch(Emission &emission, Problem problem)
      : problem(problem), evaluator(emission.evaluator), builder(emission.builder), target(emission.target),
        begin(emission.begin), end(emission.end), scratch(emission.scratch), tile(winogradTile(problem.filter)),
        matrices(winogradMatrices(tile)) {}
  Division emit();

private:
  void readShapes();
  void schedule();
  void emitItem(Index number);
  void transformInput(Index first, Index count);
  void multiply(Index count);
  void multiplyRows(Index element, Index group, Index row);
  void transformOutput(Index first, Index count);

  Problem problem;
  Evaluator &evaluator;
  KernelBuilder &builder;
  const Target &target;
  Index begin, end;
  Value scratch;
  int64_t tile;
  WinogradMatrices matrices;

  // The problem.
  AffineExpr images;
  int64_t size = 0, elements = 0, channels = 0, filters = 0, height = 0, width = 0;
  TileGrid grid;

  // The schedule.
  int64_t vectors = 1, groups = 1, chunks = 1, groupsPerChunk = 1, blockTiles = 1, blockRows = 1;
  int64_t inputPitch = 0, productPitch = 0, productStart = 0;
  Division division;

  // Run-time values.
  Index tileCount, item, chunk, firstGroup, lastGroup;
  Value input, panels;
  /// Filters of a chunk: how far the products of two tiles are apart.
  int64_t chunkFilters() const { return groupsPerChunk * vectors * panelLanes; }
};

void WinogradBatch::readShapes() {
  SmallVector<AffineExpr> in = evaluator.dims(problem.input), out = evaluator.dims(problem.output);
  images = out[0];
  height = *constantValue(in[1]);
  width = *constantValue(in[2]);
  channels = *constantValue(in[3]);
  filters = *constantValue(out[3]);
  size = tile + 2;
  elements = size * size;
  grid = TileGrid(tile, *constantValue(out[1]), *constantValue(out[2]));
}

void WinogradBatch::schedule() {
  int64_t panelCount = filters / panelLanes;
  for (int64_t wide : {2, 3})
    if (vectors == 1 && panelCount % wide == 0 && maxRows(target, wide) >= 6)
      vectors = wide;
  groups = panelCount / vectors;
  int64_t filterBytes = elements * channels * filters * 4;
  blockTiles = filterBytes > cachedFilterBytes ? manyTiles : fewTiles;
  int64_t tiles = constantValue(images).value_or(guessedImages) * grid.count;
  if (constantValue(images))
    blockTiles = llvm::divideCeil(tiles, llvm::divideCeil(tiles, blockTiles));
  blockRows = llvm::divideCeil(blockTiles, llvm::divideCeil(blockTiles, maxRows(target, vectors)));
  blockTiles = llvm::alignTo(blockTiles, blockRows);
  int64_t blocks = llvm::divideCeil(tiles, blockTiles);
  int64_t chunkBytes = elements * blockTiles * vectors * panelLanes * 4;
  groupsPerChunk = std::clamp<int64_t>(productBytes / chunkBytes, 1, groups);
  chunks = std::max(llvm::divideCeil(groups, groupsPerChunk), llvm::divideCeil(leastItems, blocks));
  groupsPerChunk = llvm::divideCeil(groups, std::min(chunks, groups));
  chunks = llvm::divideCeil(groups, groupsPerChunk);
  // A line more keeps elements out of one cache set.
  inputPitch = blockTiles * channels + panelLanes;
  productPitch = blockTiles * chunkFilters() + panelLanes;
  productStart = elements * inputPitch;
  division.scratchBytes = (productStart + elements * productPitch) * 4;
  AffineExpr blockCount = (images * grid.count + (blockTiles - 1)).floorDiv(blockTiles);
  division.items = simplifyDimension(blockCount * chunks);
  division.grain = grainFor(2.0 * elements * blockTiles * channels * filters / double(chunks), 0);
  division.choices = {{"tile", std::to_string(tile) + " x " + std::to_string(tile) + " pixels"},
                      {"tiles together", std::to_string(blockTiles)},
                      {"block", describe({blockRows, vectors})},
                      {"filters cut in", std::to_string(chunks)}};
}

Division WinogradBatch::emit() {
  readShapes();
  schedule();
  tileCount = evaluator.materialize(simplifyDimension(images * grid.count));
  Point origin(4, evaluator.constant(0));
  input = evaluator.access(problem.input, origin)->buffer.pointer;
  origin.push_back(evaluator.constant(0));
  panels = evaluator.access(problem.filter.getInput(), origin)->buffer.pointer;
  builder.loop(begin, end, 1, [&](Index number) { emitItem(number); });
  return division;
}

/// Item = block * chunks + chunk.
void WinogradBatch::emitItem(Index number) {
  item = number;
  chunk = builder.mod(number, chunks);
  Index first = builder.mul(builder.div(number, chunks), blockTiles);
  Index count = builder.min(builder.sub(tileCount, first), blockTiles);
  firstGroup = builder.mul(chunk, groupsPerChunk);
  lastGroup = builder.min(builder.add(firstGroup, groupsPerChunk), groups);
  auto transform = [&] { transformInput(first, count); };
  if (chunks == 1)
    transform();
  else // the previous item has left V, unless this is the first one
    builder.ifThen(builder.less(builder.min(chunk, builder.sub(item, begin)), 1), transform);
  multiply(count);
  transformOutput(first, count);
}

void WinogradBatch::transformInput(Index first, Index count) {
  ImageTiles tiles{input, height, width, channels, size};
  auto apply = [&](ArrayRef<Value> x) { return applyRows(builder, matrices.input, x); };
  grid.forEach(builder, first, count, [&](Index number, Index image, Index y, Index x) {
    transformTile(builder, tiles, builder.mul(image, height * width * channels), builder.sub(y, problem.low[0]),
                  builder.sub(x, problem.low[1]), channels, apply, scratch, builder.mul(number, channels), inputPitch);
  });
}

/// M[element] = V[element] * U[element] for the chunk's filters. The last rows of an incomplete block are computed from
/// what V happens to hold, and never read.
void WinogradBatch::multiply(Index count) {
  builder.loop(0, elements, 1, [&](Index element) {
    builder.loop(firstGroup, lastGroup, 1, [&](Index group) {
      builder.loop(0, count, blockRows, [&](Index row) { multiplyRows(element, group, row); });
    });
  });
}

void WinogradBatch::multiplyRows(Index element, Index group, Index row) {
  int64_t panelSize = channels * panelLanes;
  Index panel = builder.add(builder.mul(element, filters * channels), builder.mul(group, vectors * panelSize));
  Index from = builder.add(builder.mul(element, inputPitch), builder.mul(row, channels));
  Block block{blockRows, vectors};
  BroadcastRows rows{scratch, from, {}, 1};
  ColumnVectors columns{panels, panel, {}, panelLanes, {}, choosePrefetch(channels, block)};
  for (int64_t i = 0; i < blockRows; ++i)
    rows.offsets.push_back(i * channels);
  for (int64_t j = 0; j < vectors; ++j)
    columns.offsets.push_back(j * panelSize);
  Sums sums =
      accumulate(builder, channels, rows, columns, zeroSums(builder, blockRows * vectors), chooseUnroll(target, block));
  Index to = builder.add(builder.mul(element, productPitch), builder.mul(row, chunkFilters()));
  to = builder.add(to, builder.mul(builder.sub(group, firstGroup), vectors * panelLanes));
  for (auto [index, sum] : llvm::enumerate(sums)) {
    int64_t offset = int64_t(index) / vectors * chunkFilters() + int64_t(index) % vectors * panelLanes;
    builder.storeVector(sum, scratch, builder.add(to, productStart + offset));
  }
}

void WinogradBatch::transformOutput(Index first, Index count) {
  Index firstPanel = builder.mul(firstGroup, vectors);
  Index panelCount = builder.mul(builder.sub(lastGroup, firstGroup), vectors);
  grid.forEach(builder, first, count, [&](Index number, Index image, Index y, Index x) {
    Index place = builder.add(builder.mul(number, chunkFilters()), productStart);
    storeTile(evaluator, problem.output, matrices.output,
              {scratch, place, productPitch, firstPanel, panelCount, image, y, x});
  });
}

} // namespace

FailureOr<Division> emitWinogradBatch(Emission &emission) {
  std::optional<Problem> problem = findProblem(emission.root);
  // winograd.cpp is for single images.
  if (!problem || (isa<ConvOp>(emission.root) && constantValue(emission.evaluator.dims(problem->output)[0]) == 1))
    return failure();
  return WinogradBatch(emission, *problem).emit();
}

} // namespace ingot::cpu
