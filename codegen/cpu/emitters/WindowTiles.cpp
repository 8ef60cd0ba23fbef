//===- WindowTiles.cpp - Windows over maps, channel by channel ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where extents are known and the window is small, tiles of lines x columns are unrolled; those that touch the edge
// leave out the taps outside. Otherwise taps are loops (WindowLoops.cpp). An input that the kernel itself computes
// (ComputedLines.h) is always of the first kind. The phases of a transposed convolution are computed one after the
// other for the same lines of the input.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/WindowTiles.h"
#include "codegen/cpu/emitters/StoredPanels.h"
#include "codegen/scalar/Casts.h"
#include <map>

using namespace mlir;

namespace ingot::cpu {

WindowTiles::WindowTiles(Emission &emission, WindowProblem problem)
    : problem(std::move(problem)), evaluator(emission.evaluator), builder(emission.builder), target(emission.target),
      emission(emission), begin(emission.begin), end(emission.end) {}

VectorType WindowTiles::vectorType() const { return VectorType::get({panelLanes}, builder.op().getF32Type()); }

WindowProblem windowsOf(ConvOp op, Evaluator &evaluator) {
  WindowProblem problem{op.getInput(), op.getOutput(), {}, {}};
  SmallVector<AffineExpr> input = evaluator.dims(op.getInput()), output = evaluator.dims(op.getOutput());
  SmallVector<AffineExpr> filter = evaluator.dims(op.getFilter());
  for (size_t axis = 0; axis + 2 < filter.size(); ++axis)
    problem.axes.push_back(WindowAxis::forward(input[axis + 1], output[axis + 1], *constantValue(filter[axis]),
                                               op.getStrides()[axis], op.getDilations()[axis], op.getLow()[axis]));
  return problem;
}

bool WindowTiles::analyze() {
  if (!getElementTypeOrSelf(problem.input.getType()).isF32() || problem.axes.size() > 2)
    return false;
  if (Value halves = storedHalves(problem.input))
    problem.input = halves;
  auto channels = constantValue(evaluator.dims(problem.input).back());
  if (!channels)
    return false;
  channelCount = *channels;
  resultCount = constantValue(evaluator.dims(problem.output).back()).value_or(channelCount);
  lines = problem.axes.size() == 2 ? ComputedLines::find(emission, problem.input) : nullptr;
  return lines ? mayUnroll() : analyzeMemory();
}

bool WindowTiles::mayUnroll() const {
  int64_t phases = 1 + problem.otherPhases.size();
  return phases * problem.axes[0].taps * problem.axes[1].taps <= 64 &&
         llvm::all_of(problem.axes,
                      [](const WindowAxis &axis) { return constantValue(axis.count()) && constantValue(axis.input); });
}

bool WindowTiles::analyzeMemory() {
  SmallVector<AffineExpr> dims = evaluator.dims(problem.input), probes;
  for (AffineExpr dim : dims)
    probes.push_back(probe(evaluator, dim));
  auto place = evaluator.access(problem.input, probes);
  if (!place)
    return false;
  for (AffineExpr variable : ArrayRef(probes).drop_front())
    strideExprs.push_back(strideOf(place->offset, variable));
  if (llvm::is_contained(strideExprs, AffineExpr()))
    return false;
  AffineExpr channelStride = strideExprs.pop_back_val();
  if (problem.axes.size() == 1)
    addLineAxis();
  return constantValue(channelStride) == 1 || channelCount == 1;
}

/// One axis is a map of one line.
void WindowTiles::addLineAxis() {
  AffineExpr one = evaluator.getSymbols().constant(1);
  WindowAxis line = WindowAxis::forward(one, one, 1, 1, 1, 0);
  problem.axes.insert(problem.axes.begin(), line);
  for (auto &axes : problem.otherPhases)
    axes.insert(axes.begin(), line);
  strideExprs.insert(strideExprs.begin(), evaluator.getSymbols().constant(0));
}

void WindowTiles::schedule() {
  const WindowAxis &rows = problem.axes[0], &columns = problem.axes[1];
  auto height = constantValue(rows.count()), width = constantValue(columns.count());
  if (!width || !constantValue(columns.input))
    loopedTile = 0;
  isUnrolled = !loopedTile && mayUnroll();
  bool isWide = target.panelRegisters() >= 32;
  tileRows = isWide && isUnrolled ? 2 : 1;
  tileColumns = loopedTile ? loopedTile : isWide ? 7 : 4;
  // Maps that stay in the cache are walked channel by channel. Larger ones come from memory, which is fast only where
  // neighbours are read: all channels of a tile before the next one.
  auto mapHeight = constantValue(rows.input), mapWidth = constantValue(columns.input);
  wholeMap = (isUnrolled || loopedTile) && !lines && height && mapHeight && mapWidth &&
             *mapHeight * *mapWidth * channelCount * 4 <= 192 * 1024;
  int64_t blocks = llvm::divideCeil(resultCount, blockResults);
  int64_t itemLines = wholeMap ? *height : tileRows;
  division.items = evaluator.dims(problem.input).front();
  if (wholeMap)
    division.items = division.items * blocks;
  else
    division.items = division.items * rows.count().ceilDiv(tileRows);
  division.items = simplifyDimension(division.items);
  division.grain =
      grainFor(0, 16.0 * (wholeMap ? 1 : blocks) * itemLines * width.value_or(32) * rows.taps * columns.taps);
  division.choices = {
      {"tile", std::to_string(tileRows) + " x " + std::to_string(tileColumns) + " pixels"},
      {"item", wholeMap ? "a map of " + std::to_string(blockResults) + " channels" : "lines of all channels"}};
}

/// The convolution's choices are the kernel's: its block is what makes a difference.
void WindowTiles::scheduleLines() {
  const Division &convolution = lines->prepare(reach());
  division.schedule = convolution.schedule;
  division.alternatives = convolution.alternatives;
  llvm::append_range(division.choices, convolution.choices);
  division.choices.push_back({"input", "computed, " + std::to_string(reach()) + " lines at a time"});
  division.scratchBytes = lines->scratchBytes();
  // A piece computes the lines that it shares with the one before.
  division.grain = -grainFor(lines->operationsOfLine() * double(tileRows * problem.axes[0].step), 0);
}

Division WindowTiles::emit() {
  schedule();
  images = evaluator.materialize(evaluator.dims(problem.input).front());
  if (lines) {
    scheduleLines();
    builder.loop(begin, end, 1, lines->noLines(),
                 [&](Index item, ValueRange done) { return SmallVector<Value>{emitComputedItem(item, done.front())}; });
    return division;
  }
  for (auto [stride, axis] : llvm::zip(strideExprs, problem.axes)) {
    strides.push_back(evaluator.materialize(stride));
    extents.push_back(evaluator.materialize(axis.input));
  }
  builder.loop(begin, end, 1, [&](Index item) { emitItem(item); });
  return division;
}

/// Item = channel block * images + image, or image * lines + line.
void WindowTiles::emitItem(Index item) {
  Index line = 0;
  if (wholeMap) {
    image = builder.mod(item, images);
    firstBlock = builder.div(item, images);
    lastBlock = builder.add(firstBlock, 1);
  } else {
    Index lines = builder.ceilDiv(evaluator.materialize(problem.axes[0].count()), tileRows);
    line = builder.mod(item, lines);
    image = builder.div(item, lines);
    firstBlock = 0;
    lastBlock = int64_t(llvm::divideCeil(resultCount, blockResults));
  }
  SmallVector<AffineExpr> dims = evaluator.dims(problem.input);
  Point point(dims.size(), evaluator.getSymbols().constant(0));
  point[0] = evaluator.variable(image, dims[0]);
  Access place = *evaluator.access(problem.input, point);
  input = place.buffer.pointer;
  mapBase = evaluator.materialize(place.offset);
  forPhases(line, [&] {
    if (wholeMap)
      return forChannels([&] { emitMap(line); });
    emitMap(line);
  });
}

/// Calls `body` for each phase that has the line, with the phase's axes.
void WindowTiles::forPhases(Index line, llvm::function_ref<void()> body) {
  body();
  for (SmallVector<WindowAxis> &axes : problem.otherPhases) {
    std::swap(problem.axes, axes);
    if (wholeMap || isUnrolled) // there the phase's own lines are counted
      body();
    else
      builder.ifThen(builder.less(line, evaluator.materialize(problem.axes[0].count())), body);
    std::swap(problem.axes, axes);
  }
}

/// Item = image * lines + line. Returns how far the lines are computed.
Value WindowTiles::emitComputedItem(Index item, Value done) {
  const WindowAxis &rows = problem.axes[0];
  int64_t tiles = llvm::divideCeil(*constantValue(rows.count()), tileRows);
  Index line = builder.mod(item, tiles);
  image = builder.div(item, tiles);
  input = lines->pointer();
  mapBase = 0;
  Index first = rows.start(builder, startOfTile(line));
  done = lines->emit(image, first, builder.add(first, reach()), done);
  firstBlock = 0;
  lastBlock = int64_t(llvm::divideCeil(channelCount, panelLanes));
  emitMap(line);
  return done;
}

Index WindowTiles::startOfTile(Index number) {
  auto [start, size, larger] = balancedRuns(*constantValue(problem.axes[0].count()), tileRows).front();
  // Smaller tiles have one line less.
  Index rest = builder.max(0, builder.sub(number, larger));
  return builder.sub(builder.mul(number, size), rest);
}

int64_t WindowTiles::reach() const {
  const WindowAxis &rows = problem.axes[0];
  return (tileRows - 1) * rows.step + (rows.taps - 1) * rows.distance + 1;
}

/// Calls `body` for each block of channels of the item.
void WindowTiles::forChannels(llvm::function_ref<void()> body) {
  int64_t whole = resultCount / blockResults, rest = resultCount % blockResults;
  auto maskOf = [&](int64_t count) { return count < panelLanes ? builder.maskBelow(count, panelLanes) : Value(); };
  auto emit = [&](Index block, int64_t results) {
    mask = maskOf(results);
    inputMask = blockInputs == blockResults ? mask : maskOf(results * blockInputs / blockResults);
    channel = builder.mul(block, blockResults);
    inputBase =
        lines ? builder.mul(block, lines->panelStride()) : builder.add(mapBase, builder.mul(block, blockInputs));
    enterChannels(channel, mask);
    body();
  };
  Index end = rest ? builder.min(lastBlock, whole) : lastBlock;
  if (whole)
    builder.loop(firstBlock, end, 1, [&](Index block) { emit(block, blockResults); });
  if (rest)
    builder.ifThen(builder.less(whole, lastBlock), [&] { emit(whole, rest); });
}

SmallVector<WindowTiles::Piece> WindowTiles::piecesOf(const WindowAxis &axis, int64_t size) const {
  SmallVector<Piece> pieces;
  // Spans of unequal size are further code: lines are cut evenly only when that is a question of the last span.
  SmallVector<Run> runs;
  if (int64_t count = *constantValue(axis.count()))
    runs = balancedRuns(count, size);
  for (const Run &run : runs)
    for (int64_t number = 0; number < run.count; ++number) {
      int64_t start = run.start + number * run.size;
      bool isInside = axis.staysInside(start, run.size);
      bool extends = isInside && !pieces.empty() && !pieces.back().known && pieces.back().size == run.size;
      if (extends)
        ++pieces.back().count;
      else
        pieces.push_back({start, run.size, 1, isInside ? std::nullopt : std::optional(start)});
    }
  return pieces;
}

/// All lines, or those of tile `lineItem`.
void WindowTiles::emitMap(Index lineItem) {
  const WindowAxis &rows = problem.axes[0];
  if (loopedTile && wholeMap)
    return builder.loop(0, evaluator.materialize(rows.count()), 1, [&](Index y) { emitLine({y, 1, std::nullopt}); });
  if (loopedTile)
    return emitLine({lineItem, 1, std::nullopt});
  if (!isUnrolled)
    return emitLoopLine(lineItem);
  int64_t first = 0;
  for (const Piece &piece : piecesOf(rows, tileRows)) {
    if (wholeMap) {
      builder.loop(0, piece.count, 1, [&](Index number) {
        emitLine({builder.add(builder.mul(number, piece.size), piece.start), piece.size, piece.known});
      });
      continue;
    }
    Index number = builder.sub(lineItem, first);
    Value isHere = builder.less(builder.max(builder.sub(0, number), builder.sub(number, piece.count - 1)), 1);
    builder.ifThen(isHere, [&] {
      emitLine({builder.add(builder.mul(number, piece.size), piece.start), piece.size, piece.known});
    });
    first += piece.count;
  }
}

void WindowTiles::emitLine(const Span &y) {
  lineOffsets.clear();
  for (int64_t row = 0; lines && row < reach(); ++row) {
    Index line = builder.add(problem.axes[0].start(builder, y.start), row);
    lineOffsets.push_back(line.constant().value_or(0) < 0 ? Index(0) : lines->lineOffset(line));
  }
  for (const Piece &piece : piecesOf(problem.axes[1], tileColumns))
    builder.loop(0, piece.count, 1, [&](Index number) {
      Span x{builder.add(builder.mul(number, piece.size), piece.start), piece.size, piece.known};
      auto emit = [&] { loopedTile ? emitLoopedTile(y.start, x) : emitTile(y, x); };
      if (wholeMap)
        emit();
      else
        forChannels(emit);
    });
}

Index WindowTiles::origin(Index y, Index x) {
  if (lines)
    return builder.add(inputBase, builder.mul(problem.axes[1].start(builder, x), lines->pixelStride()));
  Index row = builder.mul(problem.axes[0].start(builder, y), strides[0]);
  Index column = builder.mul(problem.axes[1].start(builder, x), strides[1]);
  return builder.add(inputBase, builder.add(row, column));
}

/// The taps of the span's output number `position` that lie inside the input.
WindowAxis::Range WindowTiles::tapsInside(const WindowAxis &axis, const Span &span, int64_t position) const {
  auto isInside = [&](int64_t tap) {
    int64_t at = (span.known.value_or(0) + position) * axis.step + axis.first + tap * axis.distance;
    return !span.known || (at >= 0 && at < *constantValue(axis.input));
  };
  int64_t lower = axis.taps, upper = 0;
  for (int64_t tap = 0; tap < axis.taps; ++tap)
    if (isInside(tap)) {
      lower = std::min(lower, tap);
      upper = tap + 1;
    }
  return {std::min(lower, upper), upper};
}

/// One unrolled tile: each input vector is loaded once and joins all outputs whose window it lies in.
void WindowTiles::emitTile(const Span &y, const Span &x) {
  const WindowAxis &rows = problem.axes[0], &columns = problem.axes[1];
  std::map<std::pair<int64_t, int64_t>, SmallVector<Use>> uses;
  SmallVector<Value> sums;
  SmallVector<std::array<WindowAxis::Range, 2>> taps;
  for (int64_t p = 0; p < y.count; ++p)
    for (int64_t q = 0; q < x.count; ++q) {
      taps.push_back({tapsInside(rows, y, p), tapsInside(columns, x, q)});
      auto [ys, xs] = taps.back();
      for (int64_t i = *ys.lower.constant(); i < *ys.upper.constant(); ++i)
        for (int64_t j = *xs.lower.constant(); j < *xs.upper.constant(); ++j)
          uses[{p * rows.step + i * rows.distance, q * columns.step + j * columns.distance}].push_back(
              {p * x.count + q, Index(i * columns.taps + j)});
      sums.push_back(start());
    }
  Index from = origin(y.start, x.start);
  for (auto &[place, list] : uses) {
    auto [row, column] = place;
    Index at = lines ? builder.add(builder.add(from, lineOffsets[row]), column * lines->pixelStride())
                     : builder.add(from, builder.add(builder.mul(strides[0], row), builder.mul(strides[1], column)));
    Value element = load(at);
    for (const Use &use : list)
      sums[use.pixel] = combine(sums[use.pixel], element, use.tap);
  }
  for (auto [pixel, sum] : llvm::enumerate(sums))
    store(sum, builder.add(y.start, int64_t(pixel) / x.count), builder.add(x.start, int64_t(pixel) % x.count),
          taps[pixel]);
}

Value WindowTiles::load(Index offset) {
  Type element = getElementTypeOrSelf(problem.input);
  Value vector = builder.loadVector(input, element, offset, panelLanes, inputMask);
  return element.isF32() ? vector : widenHalf({builder.op(), problem.input.getLoc()}, vector);
}

void WindowTiles::store(Value sum, Index y, Index x, ArrayRef<WindowAxis::Range> taps) {
  SmallVector<AffineExpr> dims = evaluator.dims(problem.output);
  Lanes lanes = evaluator.lanes(panelLanes, mask);
  AffineExpr block = evaluator.variable(builder.div(channel, blockResults), dims.back().ceilDiv(blockResults));
  Point point{evaluator.variable(image, dims[0])};
  if (dims.size() == 4)
    point.push_back(evaluator.variable(problem.axes[0].place(builder, y), dims[1]));
  point.push_back(evaluator.variable(problem.axes[1].place(builder, x), dims[dims.size() - 2]));
  point.push_back(block * blockResults + lanes.variable);
  Value element = finish(sum, taps, {y, x});
  evaluator.bind(problem.output, element);
  evaluator.storeResults(problem.output, point, &lanes);
  evaluator.unbind(problem.output);
}

} // namespace ingot::cpu
