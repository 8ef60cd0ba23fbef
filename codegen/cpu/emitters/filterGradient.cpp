//===- filterGradient.cpp - Gradients of convolutions' filters ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// output[w, c, f] = sum over n, y of input[n, y * stride + w * dilation - low, c] * gradient[n, y, f], channels-last,
// float32, any number of spatial axes. A tile of some channels of one tap times some vectors of 16 filters stays in
// registers while the pixels are walked: vectors of the gradient times broadcast elements of the input. Padding costs
// loop bounds alone, as a tap knows which pixels it reaches.
//
// Sums have two levels: those of a chunk of pixels start from zero and are then added to the tile in scratch memory.
// It rounds better than one long sum, and a chunk's input and gradient stay in the cache while all tiles read them.
//
// With few channels the taps of the last axis are rows too; only the pixels that not all of them reach are then done
// one by one. Depthwise convolutions take vectors of the input instead of broadcasts.
//
// A parallel item is a tile. It always sums in the same order, whoever computes it.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/FilterGradient.h"
#include "codegen/cpu/emitters/Linear.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// What a chunk's input and gradient should take of a second-level cache, and what a whole image may.
constexpr double chunkBytes = 256 << 10, imageBytes = 448 << 10;
/// Tiles that wait in scratch memory for the next chunk.
constexpr int64_t waitingBytes = 512 << 10;
/// Fewer channels than this share a tile with the other taps; more rows than this are not worth their code.
constexpr int64_t fewChannels = 8, mostJoinedRows = 64;
/// What extents that are not known count as.
constexpr int64_t guessedExtent = 32;

double guess(AffineExpr extent) { return double(constantValue(extent).value_or(guessedExtent)); }

} // namespace

FilterGradient::FilterGradient(Emission &emission, ConvFilterGradientOp op)
    : op(op), evaluator(emission.evaluator), builder(emission.builder), target(emission.target), begin(emission.begin),
      end(emission.end), scratch(emission.scratch), measured(emission.schedule) {
  input.tensor = op.getInput();
  gradient.tensor = op.getGradient();
}

bool FilterGradient::analyze() {
  SmallVector<AffineExpr> in = evaluator.dims(input.tensor), out = evaluator.dims(gradient.tensor);
  auto allChannels = constantValue(in.back()), allFilters = constantValue(out.back());
  if (!allChannels || !allFilters || *allChannels == 0 || *allFilters == 0 || !analyzeOperand(input) ||
      !analyzeOperand(gradient) || constantValue(gradient.strideExprs.back()) != 1)
    return false;
  groups = op.getGroups();
  isDepthwise =
      groups > 1 && *allChannels == groups && *allFilters == groups && constantValue(input.strideExprs.back()) == 1;
  groups = isDepthwise ? 1 : groups;
  channels = isDepthwise ? 1 : *allChannels / groups;
  filters = *allFilters / groups;
  images = in.front();
  for (auto [axis, taps] : llvm::enumerate(op.getWindow())) {
    if (taps == 0)
      return false;
    axes.push_back(WindowAxis::forward(in[axis + 1], out[axis + 1], taps, op.getStrides()[axis],
                                       op.getDilations()[axis], op.getLow()[axis]));
  }
  mergePixels();
  return true;
}

bool FilterGradient::analyzeOperand(Operand &operand) {
  if (!getElementTypeOrSelf(operand.tensor.getType()).isF32())
    return false;
  SmallVector<AffineExpr> probes;
  for (AffineExpr dim : evaluator.dims(operand.tensor))
    probes.push_back(probe(evaluator, dim));
  auto place = evaluator.access(operand.tensor, probes);
  if (!place)
    return false;
  for (AffineExpr variable : probes) {
    AffineExpr stride = strideOf(place->offset, variable);
    if (!stride)
      return false;
    operand.strideExprs.push_back(stride);
  }
  return true;
}

/// Where every pixel reads the pixel at its place, all pixels of all images count as one line.
void FilterGradient::mergePixels() {
  AffineExpr pixels = images;
  for (auto [number, axis] : llvm::enumerate(axes)) {
    if (axis.taps != 1 || axis.step != 1 || axis.first != 0 || axis.input != axis.output || !constantValue(axis.input))
      return;
    for (const Operand *operand : {&input, &gradient})
      if (operand->strideExprs[number] != simplifyDimension(operand->strideExprs[number + 1] * axis.input))
        return;
    pixels = simplifyDimension(pixels * axis.input);
  }
  for (Operand *operand : {&input, &gradient})
    operand->strideExprs.erase(operand->strideExprs.begin() + 1, operand->strideExprs.end() - 2);
  axes = {WindowAxis::forward(pixels, pixels, 1, 1, 1, 0)};
  images = evaluator.constant(1);
}

void FilterGradient::schedule() {
  int64_t lastTaps = axes.back().taps;
  joinsTaps = lastTaps > 1 && channels < fewChannels && lastTaps * channels <= mostJoinedRows;
  int64_t rows = joinsTaps ? lastTaps * channels : channels, panels = llvm::divideCeil(filters, panelLanes);
  block = blockOf(measured, chooseBlock(target, rows, panels, std::nullopt));
  division.schedule = {block.rows, block.vectors};
  division.alternatives = alternativeBlocks(target, block, rows, panels);
  for (const Run &run : balancedRuns(rows, block.rows)) {
    if (!joinsTaps) {
      rowRuns.push_back(run);
      continue;
    }
    // Each block has rows of its own kind.
    for (int64_t number = 0; number < run.count; ++number)
      rowRuns.push_back({run.start + number * run.size, run.size, 1});
  }
  rowBlocks = 0;
  for (const Run &run : rowRuns)
    rowBlocks += run.count;
  filterGroups = llvm::divideCeil(panels, block.vectors);
  tapItems = 1;
  double operations = 2.0 * block.rows * block.vectors * panelLanes * guess(images);
  for (const WindowAxis &axis : axes) {
    tapItems *= axis.taps;
    operations *= guess(axis.output);
  }
  tapItems /= joinsTaps ? lastTaps : 1;
  int64_t items = rowBlocks * tapItems * filterGroups * groups, tileBytes = block.rows * block.vectors * panelLanes * 4;
  tilesAtOnce = std::clamp<int64_t>(waitingBytes / tileBytes, 1, items);
  division.items = evaluator.constant(items);
  division.grain = grainFor(operations, 0);
  division.itemMicroseconds = productMicroseconds(target, operations, blockEfficiency(target, block, rows, panels));
  division.scratchBytes = tilesAtOnce * tileBytes;
  scheduleChunks();
}

/// Some lines along the first axis, or some whole images.
void FilterGradient::scheduleChunks() {
  double inputLine = 4.0 * groups * channels * (isDepthwise ? double(filters) : 1),
         gradientLine = 4.0 * groups * filters;
  for (const WindowAxis &axis : ArrayRef(axes).drop_front()) {
    inputLine *= guess(axis.input);
    gradientLine *= guess(axis.output);
  }
  const WindowAxis &first = axes.front();
  double image = inputLine * guess(first.input) + gradientLine * guess(first.output);
  double line = inputLine * double(first.step) + gradientLine;
  linesPerChunk = std::max<int64_t>(1, int64_t(chunkBytes / line));
  auto lines = constantValue(first.output);
  if (!lines)
    return;
  if (image <= imageBytes) {
    linesPerChunk = std::max<int64_t>(*lines, 1);
    imagesPerChunk = std::max<int64_t>(1, int64_t(chunkBytes / std::max(image, 1.0)));
    return;
  }
  linesPerChunk = llvm::divideCeil(*lines, llvm::divideCeil(*lines, linesPerChunk));
}

void FilterGradient::enter() {
  for (Operand *operand : {&input, &gradient}) {
    for (AffineExpr stride : operand->strideExprs)
      operand->strides.push_back(evaluator.materialize(stride));
    Point origin(evaluator.dims(operand->tensor).size(), evaluator.constant(0));
    Access place = *evaluator.access(operand->tensor, origin);
    operand->pointer = place.buffer.pointer;
    operand->base = evaluator.materialize(place.offset);
  }
  for (const WindowAxis &axis : axes) {
    inputExtents.push_back(evaluator.materialize(axis.input));
    outputExtents.push_back(evaluator.materialize(axis.output));
  }
  imageCount = evaluator.materialize(images);
}

Division FilterGradient::emit() {
  schedule();
  division.choices = {
      {"block", describe(block)},
      {"chunk", std::to_string(linesPerChunk) + " lines of " + std::to_string(imagesPerChunk) + " images"}};
  enter();
  builder.loop(begin, end, tilesAtOnce,
               [&](Index first) { emitItems(first, builder.min(end, builder.add(first, tilesAtOnce))); });
  return division;
}

void FilterGradient::emitItems(Index first, Index last) {
  int64_t tileSize = block.rows * block.vectors * panelLanes;
  auto forEachTile = [&](llvm::function_ref<void(const Tile &, Index place)> body) {
    builder.loop(first, last, 1, [&](Index item) {
      Index place = builder.mul(builder.sub(item, first), tileSize);
      forTile(item, [&](const Tile &tile) { body(tile, place); });
    });
  };
  clear(builder.sub(last, first));
  builder.loop(0, imageCount, imagesPerChunk, [&](Index image) {
    builder.loop(0, outputExtents.front(), linesPerChunk, [&](Index line) {
      Chunk chunk{image, builder.min(imageCount, builder.add(image, imagesPerChunk)), line,
                  builder.min(outputExtents.front(), builder.add(line, linesPerChunk))};
      forEachTile([&](const Tile &tile, Index place) { addChunk(tile, chunk, place); });
    });
  });
  forEachTile([&](const Tile &tile, Index place) { storeTile(tile, place); });
}

void FilterGradient::clear(Index tiles) {
  Value zero = zeroSums(builder, 1).front();
  builder.loop(0, builder.mul(tiles, block.rows * block.vectors), 1,
               [&](Index vector) { builder.storeVector(zero, scratch, builder.mul(vector, panelLanes)); });
}

// Which tile an item is ----------------------------------------------------------------------------------------------

/// Item = ((group * filterGroups + filters) * taps + tap) * rowBlocks + rows: neighbours share the gradient's vectors.
void FilterGradient::forTile(Index item, llvm::function_ref<void(const Tile &)> body) {
  Index rows = builder.mod(item, rowBlocks), rest = builder.div(item, rowBlocks);
  Index tap = builder.mod(rest, tapItems);
  rest = builder.div(rest, tapItems);
  Tile tile;
  tile.group = groups == 1 ? Index(0) : builder.div(rest, filterGroups);
  Index filterGroup = groups == 1 ? rest : builder.mod(rest, filterGroups);
  tile.taps.assign(axes.size(), 0);
  for (size_t axis = axes.size() - (joinsTaps ? 1 : 0); axis-- > 0;) {
    tile.taps[axis] = builder.mod(tap, axes[axis].taps);
    tap = builder.div(tap, axes[axis].taps);
  }
  forFilters(filterGroup, [&](Index filter, int64_t vectors, Value lastMask) {
    tile.filter = filter;
    tile.vectors = vectors;
    tile.lastMask = lastMask;
    forRows(rows, [&](ArrayRef<Row> which) {
      tile.rows.assign(which.begin(), which.end());
      body(tile);
    });
  });
}

void FilterGradient::forFilters(Index group, llvm::function_ref<void(Index, int64_t, Value)> body) {
  int64_t width = block.vectors * panelLanes, rest = filters % width;
  Index filter = filterGroups == 1 ? Index(0) : builder.mul(group, width);
  auto whole = [&] { body(filter, block.vectors, {}); };
  auto tail = [&] {
    Value mask = rest % panelLanes ? builder.maskBelow(rest % panelLanes, panelLanes) : Value();
    body(filter, llvm::divideCeil(rest, panelLanes), mask);
  };
  if (!rest)
    return whole();
  if (filters < width)
    return tail();
  builder.ifThen(builder.less(group, filters / width), whole, tail);
}

void FilterGradient::forRows(Index number, llvm::function_ref<void(ArrayRef<Row>)> body) {
  std::function<void(size_t, int64_t)> choose = [&](size_t which, int64_t before) {
    const Run &run = rowRuns[which];
    auto own = [&] {
      SmallVector<Row> rows;
      Index start =
          builder.add(run.start, builder.mul(run.count == 1 ? Index(0) : builder.sub(number, before), run.size));
      for (int64_t row = 0; row < run.size; ++row)
        rows.push_back(joinsTaps ? Row{(run.start + row) / channels, (run.start + row) % channels}
                                 : Row{0, builder.add(start, row)});
      body(rows);
    };
    if (which + 1 == rowRuns.size())
      return own();
    builder.ifThen(builder.less(number, before + run.count), own, [&] { choose(which + 1, before + run.count); });
  };
  choose(0, 0);
}

// Results ------------------------------------------------------------------------------------------------------------

void FilterGradient::storeTile(const Tile &tile, Index place) {
  SmallVector<AffineExpr> dims = evaluator.dims(op.getOutput());
  size_t spatial = op.getWindow().size();
  // Merged axes have windows of one element.
  Point point(spatial, evaluator.constant(0));
  if (axes.size() == spatial)
    for (size_t axis = 0; axis < spatial; ++axis)
      point[axis] = evaluator.variable(tile.taps[axis], dims[axis]);
  point.append(2, {});
  for (int64_t j = 0; j < tile.vectors; ++j) {
    Lanes lanes = evaluator.lanes(panelLanes, j + 1 == tile.vectors ? tile.lastMask : Value());
    Index filter = builder.add(builder.add(builder.mul(tile.group, filters), tile.filter), j * panelLanes);
    point.back() = evaluator.variable(filter, dims.back()) + lanes.variable;
    for (auto [number, row] : llvm::enumerate(tile.rows)) {
      Point element = point;
      if (joinsTaps)
        element[spatial - 1] = evaluator.constant(row.tap);
      element[spatial] = evaluator.variable(row.channel, dims[spatial]);
      Index at = builder.add(place, (int64_t(number) * tile.vectors + j) * panelLanes);
      evaluator.bind(op.getOutput(), builder.loadVector(scratch, builder.op().getF32Type(), at, panelLanes));
      evaluator.storeResults(op.getOutput(), element, &lanes);
      evaluator.unbind(op.getOutput());
    }
  }
}

FailureOr<Division> emitFilterGradient(Emission &emission) {
  auto op = dyn_cast_or_null<ConvFilterGradientOp>(emission.root);
  if (!op)
    return failure();
  FilterGradient filterGradient(emission, op);
  if (!filterGradient.analyze())
    return failure();
  return filterGradient.emit();
}

} // namespace ingot::cpu
