//===- winograd.cpp - Convolutions with fewer products --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// See Winograd.h. For a block of tiles: each tile's input is transformed to scratch memory V[product][tile][channel];
// for each element, V times the packed transformed filters, summed over the element's products (one without strides, up
// to four with stride 2), gives M[element][tile][filter]; M is transformed back, and the epilogue runs on the output
// pixels in registers. A block has tiles of any of the batch's images, so that small ones share the reading of filters.
// A transposed convolution without strides, the gradient of an input, is one with filters that were turned around.
//
// Parallel items: a block of tiles by a chunk of the filters. What a thread has of a block is computed as one: V once,
// and each element's filters in one pass over V.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Emitter.h"
#include "codegen/cpu/emitters/Linear.h"
#include "codegen/cpu/emitters/PanelProduct.h"
#include "codegen/cpu/emitters/WinogradPhases.h"
#include "codegen/cpu/emitters/WinogradTransforms.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// Tiles of a block: many where the transformed filters come from memory, so that they are read less often and
/// arithmetic takes longer than reading; otherwise so few that V and M stay in the second-level cache with them.
constexpr int64_t fewTiles = 14, someTiles = 28, manyTiles = 56;
constexpr int64_t smallFilterBytes = 1 << 20, cachedFilterBytes = 4 << 20;
/// The most bytes of products that wait for the transformation back.
constexpr int64_t productBytes = 8 << 20;
/// So many items are shared evenly by the threads.
constexpr int64_t enoughItems = 64;

/// What is convolved with which window, transposed or not.
struct Problem {
  Value input, output;
  kernel::UnpackOp filter;
  int64_t low[2];
};

std::optional<Problem> findProblem(Operation *root) {
  if (auto conv = dyn_cast_or_null<ConvOp>(root))
    if (auto filter = conv.getFilter().getDefiningOp<kernel::UnpackOp>(); filter && winogradForm(filter))
      return Problem{conv.getInput(), conv.getOutput(), filter, {conv.getLow()[0], conv.getLow()[1]}};
  // y = x + k - low, so x = y + (low - 2) + (2 - k).
  if (auto conv = dyn_cast_or_null<ConvTransposeOp>(root))
    if (auto filter = conv.getFilter().getDefiningOp<kernel::UnpackOp>(); filter && winogradForm(filter))
      return Problem{conv.getInput(), conv.getOutput(), filter, {2 - conv.getLow()[0], 2 - conv.getLow()[1]}};
  return std::nullopt;
}

/// Groups of panels of filters, `last` not among them.
struct Groups {
  Index first, last;
};

class Winograd {
public:
  Winograd(Emission &emission, Problem problem)
      : problem(problem), evaluator(emission.evaluator), builder(emission.builder), target(emission.target),
        begin(emission.begin), end(emission.end), scratch(emission.scratch), schedule(emission.schedule),
        form(winogradForm(problem.filter)), matrices(winogradMatrices(form)), phases{builder, form} {}
  Division emit();

private:
  /// `count` times `tiles` tiles, from `first` on.
  struct Piece {
    Index first, count;
    int64_t tiles;
  };

  void readShapes();
  void makeSchedule();
  void describeAlternatives(int64_t panelCount);
  int64_t tilesTogether(int64_t tiles) const;
  int64_t chooseBlocks();
  SmallVector<Run> rowRuns(int64_t tiles) const;
  int64_t imagesOfRows() const { return std::max<int64_t>(1, maxRows(target, vectors) / grid.count); }
  void emitItems(Index block);
  void emitBlock(Index first, Index count);
  void transformInput(Index first, Index count);
  Vectors transformSamples(ArrayRef<Value> samples);
  SmallVector<Piece> piecesOf(Index count) const;
  void multiply(Index count, Groups part);
  void multiplyRows(Index element, Index group, Index place, const Run &run, Index row, Index pass, Index passes);
  void transformOutput(Index first, Index count, Groups part);

  Problem problem;
  Evaluator &evaluator;
  KernelBuilder &builder;
  const Target &target;
  Index begin, end;
  Value scratch;
  KernelChoice schedule; // measured: tiles together, and vectors of filters side by side
  WinogradForm form;
  WinogradMatrices matrices;
  WinogradPhases phases;

  // The problem.
  AffineExpr images;
  int64_t size = 0, elements = 0, products = 0, filterElements = 0, channels = 0, filters = 0, height = 0, width = 0;
  TileGrid grid;

  // The schedule.
  int64_t vectors = 1, groups = 1, chunks = 1, groupsPerChunk = 1;
  int64_t groupsTogether = 1; // whose products scratch memory holds
  /// The most tiles of a block. Where the batch is known, or an image is a block or more, blocks are of one or two
  /// sizes, which are known too: those of all tiles, or of an image. Otherwise (empty) a block is some images.
  int64_t blockTiles = 1;
  SmallVector<Run> blocks;
  int64_t inputPitch = 0, productPitch = 0, productStart = 0;
  Division division;

  // Run-time values.
  Index tileCount, firstGroup, lastGroup;
  Index ahead; // from the group behind the current one to the next
  Value input, panels;
  /// How far the products of two tiles are apart.
  int64_t filtersTogether() const { return groupsTogether * vectors * panelLanes; }
};

void Winograd::readShapes() {
  SmallVector<AffineExpr> in = evaluator.dims(problem.input), out = evaluator.dims(problem.output);
  images = out[0];
  height = *constantValue(in[1]);
  width = *constantValue(in[2]);
  channels = *constantValue(in[3]);
  filters = *constantValue(out[3]);
  size = form.size();
  elements = size * size;
  products = form.products() * form.products();
  filterElements = form.filterSize() * form.filterSize();
  grid = TileGrid(form.tile, *constantValue(out[1]), *constantValue(out[2]));
}

void Winograd::makeSchedule() {
  int64_t panelCount = filters / panelLanes;
  if (schedule.isChosen() && panelCount % schedule.vectors == 0)
    vectors = schedule.vectors;
  for (int64_t wide : {2, 3})
    if (!schedule.isChosen() && vectors == 1 && panelCount % wide == 0 && maxRows(target, wide) >= 6)
      vectors = wide;
  groups = panelCount / vectors;
  int64_t blockCount = chooseBlocks();
  int64_t groupBytes = elements * blockTiles * vectors * panelLanes * 4;
  groupsTogether = std::clamp<int64_t>(productBytes / groupBytes, 1, groups);
  groupsPerChunk = llvm::divideCeil(groups, std::min<int64_t>(groups, llvm::divideCeil(enoughItems, blockCount)));
  chunks = llvm::divideCeil(groups, groupsPerChunk);
  // A line more keeps elements out of one cache set.
  inputPitch = blockTiles * channels + panelLanes;
  productPitch = blockTiles * filtersTogether() + panelLanes;
  productStart = products * inputPitch;
  division.scratchBytes = (productStart + elements * productPitch) * 4;
  AffineExpr items = blocks.empty() ? (images * grid.count).ceilDiv(blockTiles) : evaluator.constant(blockCount);
  if (!blocks.empty() && !constantValue(images))
    items = items * images;
  division.items = simplifyDimension(items * chunks);
  double operations = 2.0 * products * blockTiles * channels * filters / double(chunks);
  division.grain = grainFor(operations, 0);
  division.itemMicroseconds = productMicroseconds(
      target, operations, blockEfficiency(target, {maxRows(target, vectors), vectors}, blockTiles, panelCount));
  division.launchMicroseconds = weightMicroseconds(4.0 * filterElements * channels * filters);
  std::string side = std::to_string(form.tile);
  division.choices = {{"tile", side + " x " + side + " pixels" + (form.stride == 2 ? ", stride 2" : "")},
                      {"tiles together", std::to_string(blockTiles)},
                      {"block", describe({rowRuns(blockTiles).front().size, vectors})},
                      {"items of a block", std::to_string(chunks)}};
  describeAlternatives(panelCount);
}

/// What else is worth measuring, the likeliest first.
void Winograd::describeAlternatives(int64_t panelCount) {
  division.schedule = {blockTiles, vectors};
  auto add = [&](int64_t tiles, int64_t wide) {
    KernelChoice other{tiles, wide};
    if (panelCount % wide == 0 && maxRows(target, wide) >= 3 && !(other == division.schedule) &&
        !llvm::is_contained(division.alternatives, other))
      division.alternatives.push_back(other);
  };
  for (int64_t tiles : {someTiles, manyTiles, fewTiles})
    add(tiles, vectors);
  for (int64_t wide : {3, 4, 1})
    add(blockTiles, wide);
}

/// How many tiles belong together, given their number.
int64_t Winograd::tilesTogether(int64_t tiles) const {
  int64_t filterBytes = filterElements * channels * filters * 4;
  if (filterBytes > cachedFilterBytes || tiles <= someTiles)
    return manyTiles;
  return filterBytes > smallFilterBytes ? someTiles : fewTiles;
}

/// Cuts the tiles into blocks; returns their number, for one image where the batch is not known: those of more images
/// only add to it.
int64_t Winograd::chooseBlocks() {
  std::optional<int64_t> known = constantValue(images);
  int64_t tiles = known.value_or(guessedImages) * grid.count;
  int64_t together = schedule.isChosen() ? schedule.rows : tilesTogether(tiles);
  if (!known && grid.count <= someTiles)
    together = std::max(together, grid.count);
  int64_t imagesTogether = together / grid.count;
  if (known || imagesTogether <= 1) {
    blocks = balancedRuns(known ? tiles : grid.count, together);
    blockTiles = blocks.front().size;
    return blocks.back().count + (blocks.size() > 1 ? blocks.front().count : 0);
  }
  blockTiles = imagesTogether * grid.count;
  return 1;
}

/// The register blocks for `tiles` rows.
SmallVector<Run> Winograd::rowRuns(int64_t tiles) const { return balancedRuns(tiles, maxRows(target, vectors)); }

Division Winograd::emit() {
  readShapes();
  makeSchedule();
  tileCount = evaluator.materialize(simplifyDimension(images * grid.count));
  Point origin(4, evaluator.constant(0));
  input = evaluator.access(problem.input, origin)->buffer.pointer;
  origin.push_back(evaluator.constant(0));
  panels = evaluator.access(problem.filter.getInput(), origin)->buffer.pointer;
  builder.loop(builder.div(begin, chunks), builder.ceilDiv(end, chunks), 1, [&](Index block) { emitItems(block); });
  return division;
}

/// Those items of a block that are this call's: item = block * chunks + chunk.
void Winograd::emitItems(Index block) {
  Index first = builder.mul(block, chunks);
  Index firstChunk = builder.max(builder.sub(begin, first), 0),
        lastChunk = builder.min(builder.sub(end, first), chunks);
  firstGroup = builder.mul(firstChunk, groupsPerChunk);
  lastGroup = builder.min(builder.mul(lastChunk, groupsPerChunk), groups);
  if (blocks.empty()) {
    Index tile = builder.mul(block, blockTiles);
    return emitBlock(tile, builder.min(builder.sub(tileCount, tile), blockTiles));
  }
  Index before = 0; // tiles of the images before
  if (!constantValue(images)) {
    int64_t ofImage = blocks.back().count + (blocks.size() > 1 ? blocks.front().count : 0);
    before = builder.mul(builder.div(block, ofImage), grid.count);
    block = builder.mod(block, ofImage);
  }
  auto piece = [&](const Run &run, int64_t skipped) {
    Index start = builder.add(builder.mul(builder.sub(block, skipped), run.size), run.start);
    emitBlock(builder.add(before, start), run.size);
  };
  if (blocks.size() == 1)
    return piece(blocks[0], 0);
  builder.ifThen(
      builder.less(block, blocks[0].count), [&] { piece(blocks[0], 0); }, [&] { piece(blocks[1], blocks[0].count); });
}

void Winograd::emitBlock(Index first, Index count) {
  transformInput(first, count);
  auto products = [&](Groups part) {
    multiply(count, part);
    transformOutput(first, count, part);
  };
  if (groupsTogether == groups)
    return products({firstGroup, lastGroup});
  builder.loop(firstGroup, lastGroup, groupsTogether, [&](Index from) {
    products({from, builder.min(builder.add(from, groupsTogether), lastGroup)});
  });
}

void Winograd::transformInput(Index first, Index count) {
  auto apply = [&](ArrayRef<Value> x) { return transformSamples(x); };
  grid.forEach(builder, first, count, [&](Index number, Index image, Index y, Index x) {
    for (int64_t row = 0; row < form.stride; ++row)
      for (int64_t column = 0; column < form.stride; ++column) {
        auto samples = [&](int64_t isOdd) { return isOdd ? form.oddSize() : size; };
        ImageTiles tiles{input, height, width, channels, samples(row), samples(column), form.stride};
        Index top = builder.add(builder.mul(y, form.stride), row - problem.low[0]),
              left = builder.add(builder.mul(x, form.stride), column - problem.low[1]);
        Index place = builder.add(builder.mul(number, channels), builder.mul(phases.start({row, column}), inputPitch));
        transformTile(builder, tiles, builder.mul(image, height * width * channels), top, left, channels, apply,
                      scratch, place, inputPitch);
      }
  });
}

/// Along one axis: the odd samples of stride 2 may be one fewer than the even ones.
Vectors Winograd::transformSamples(ArrayRef<Value> samples) {
  Matrix matrix(matrices.input.begin(), matrices.input.begin() + samples.size());
  for (std::vector<double> &row : matrix)
    row.resize(samples.size());
  return applyRows(builder, matrix, samples);
}

/// `count` tiles as pieces of known sizes. Where their number is not known they are whole images: as many together as
/// fit the registers, then one by one.
SmallVector<Winograd::Piece> Winograd::piecesOf(Index count) const {
  if (auto known = count.constant())
    return {{0, 1, *known}};
  Index imageCount = builder.div(count, grid.count), rows = imagesOfRows();
  Index together = builder.div(imageCount, rows), first = builder.mul(together, builder.mul(rows, grid.count));
  SmallVector<Piece> pieces{{0, together, imagesOfRows() * grid.count}};
  if (!rows.is(1))
    pieces.push_back({first, builder.mod(imageCount, rows), grid.count});
  return pieces;
}

/// M[element] = the sum of the phases' V * U for some filters.
void Winograd::multiply(Index count, Groups part) {
  SmallVector<Piece> pieces = piecesOf(count);
  auto passesOf = [&](const Piece &piece) -> int64_t {
    return llvm::divideCeil(piece.tiles, maxRows(target, vectors));
  };
  Index passes = 0;
  for (const Piece &piece : pieces)
    passes = builder.add(passes, builder.mul(piece.count, passesOf(piece)));
  builder.loop(0, elements, 1, [&](Index element) {
    builder.loop(part.first, part.last, 1, [&](Index group) {
      Index place = builder.mul(builder.sub(group, part.first), vectors * panelLanes);
      // Behind the part's last group comes the first one of the next element.
      Index isLast = builder.sub(1, builder.min(builder.sub(builder.sub(part.last, 1), group), 1));
      ahead = builder.mul(isLast, builder.mul(builder.sub(groups, builder.sub(part.last, part.first)),
                                              vectors * panelLanes * channels));
      Index passed = 0;
      for (const Piece &piece : pieces) {
        // The only pass, perhaps, has to read ahead all of the next group.
        bool mayBeOnly = !passes.constant() && piece.tiles == grid.count && passesOf(piece) == 1;
        builder.loop(0, piece.count, 1, [&](Index number) {
          Index first = builder.add(piece.first, builder.mul(number, piece.tiles)),
                pass = builder.add(passed, builder.mul(number, passesOf(piece)));
          for (const Run &run : rowRuns(piece.tiles)) {
            builder.loop(0, run.count, 1, [&](Index i) {
              Index row = builder.add(builder.mul(i, run.size), run.start);
              multiplyRows(element, group, place, run, builder.add(first, row),
                           mayBeOnly ? Index(0) : builder.add(pass, i), mayBeOnly ? Index(1) : passes);
            });
            pass = builder.add(pass, run.count);
          }
        });
        passed = builder.add(passed, builder.mul(piece.count, passesOf(piece)));
      }
    });
  });
}

/// The register block of rows `row`, ..., the `pass`-th of `passes` over the group, whose products are `place` in a
/// row.
void Winograd::multiplyRows(Index element, Index group, Index place, const Run &run, Index row, Index pass,
                            Index passes) {
  int64_t panelSize = channels * panelLanes;
  Block block{run.size, vectors};
  BroadcastRows rows{scratch, 0, {}, 1};
  ColumnVectors columns{panels, 0, {}, panelLanes, {}, choosePrefetch(channels, block)};
  for (int64_t i = 0; i < run.size; ++i)
    rows.offsets.push_back(i * channels);
  for (int64_t j = 0; j < vectors; ++j)
    columns.offsets.push_back(j * panelSize);
  if (isNextGroup(columns.prefetch, channels, vectors)) {
    columns.sharePrefetch(builder, pass, passes, panelSize);
    columns.prefetchShift = builder.add(columns.prefetchShift, ahead);
  }
  auto addPhase = [&](const Phase &phase, ValueRange sums) {
    rows.base = builder.add(builder.mul(phases.inputOf(element, phase), inputPitch), builder.mul(row, channels));
    columns.base = builder.add(builder.mul(phases.filterOf(element, phase), filters * channels),
                               builder.mul(group, vectors * panelSize));
    // An image's sums are formed in one order, alone or with others.
    int64_t unroll = blocks.empty() ? 1 : chooseUnroll(target, block);
    return accumulate(builder, channels, rows, columns, Sums(sums), unroll);
  };
  Index rowPhases = phases.count(builder.div(element, size)), columnPhases = phases.count(builder.mod(element, size));
  Sums zeros = zeroSums(builder, run.size * vectors);
  Sums sums = builder.loop(0, rowPhases, 1, zeros, [&](Index phaseRow, ValueRange above) {
    return builder.loop(0, columnPhases, 1, above, [&](Index phaseColumn, ValueRange carried) {
      return addPhase({phaseRow, phaseColumn}, carried);
    });
  });
  Index to = builder.add(builder.mul(element, productPitch), builder.mul(row, filtersTogether()));
  to = builder.add(to, place);
  for (auto [index, sum] : llvm::enumerate(sums)) {
    int64_t offset = int64_t(index) / vectors * filtersTogether() + int64_t(index) % vectors * panelLanes;
    builder.storeVector(sum, scratch, builder.add(to, productStart + offset));
  }
}

void Winograd::transformOutput(Index first, Index count, Groups part) {
  Index firstPanel = builder.mul(part.first, vectors);
  Index panelCount = builder.mul(builder.sub(part.last, part.first), vectors);
  grid.forEach(builder, first, count, [&](Index number, Index image, Index y, Index x) {
    Index place = builder.add(builder.mul(number, filtersTogether()), productStart);
    storeTile(evaluator, problem.output, matrices.output,
              {scratch, place, productPitch, firstPanel, panelCount, image, y, x});
  });
}

} // namespace

FailureOr<Division> emitWinograd(Emission &emission) {
  std::optional<Problem> problem = findProblem(emission.root);
  if (!problem)
    return failure();
  return Winograd(emission, *problem).emit();
}

} // namespace ingot::cpu
