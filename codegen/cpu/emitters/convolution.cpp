//===- convolution.cpp - Direct convolutions in register blocks -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Channels-last, float32, any number of spatial axes. The sums of some neighbouring pixels times some panels of 16
// filters stay in registers while the window and the channels are walked; elements of the input are broadcast. The
// input is not padded: taps that fall outside are skipped, by loop bounds for outer axes and by special tiles at a
// line's ends.
//
// A parallel item is one line of output pixels (along the last spatial axis) of one panel group of one image.
// ConvolutionChannels.cpp has few filters, and windows of one element are matrix products and go to the contraction.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Convolution.h"
#include "codegen/cpu/emitters/StoredPanels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::cpu {

Convolution::Convolution(Emission &emission, Window window)
    : window(std::move(window)), evaluator(emission.evaluator), builder(emission.builder), target(emission.target),
      begin(emission.begin), end(emission.end), measured(emission.schedule) {}

bool Convolution::analyze() {
  auto isFloat = [](Value value) { return getElementTypeOrSelf(value.getType()).isF32(); };
  if (!isFloat(window.input) || !isFloat(window.filter) || !analyzeFilter())
    return false;
  SmallVector<AffineExpr> dims = evaluator.dims(window.input), probes;
  for (AffineExpr dim : dims)
    probes.push_back(probe(evaluator, dim));
  auto place = evaluator.access(window.input, probes);
  if (!place)
    return false;
  for (AffineExpr variable : ArrayRef(probes).drop_front()) {
    AffineExpr stride = strideOf(place->offset, variable);
    if (!stride)
      return false;
    strideExprs.push_back(stride);
  }
  channelStrideExpr = strideExprs.pop_back_val();
  bool readsNeighbours = form == FilterForm::alongChannels || channelLanes > 1;
  return !readsNeighbours || constantValue(channelStrideExpr) == 1;
}

/// Where element [tap..., channel] of a panel lies.
bool Convolution::analyzeFilter() {
  size_t axes = window.extents.size();
  filterTensor = window.filter;
  if (kernel::UnpackOp unpack = unpackOf(window.filter)) {
    filterTensor = unpack.getInput();
    storage = storageOf(filterTensor.getType());
    // Of a transposed convolution the groups are blocks of channels, and a panel is of one of them.
    bool hasGroups = window.groups > 1 && unpack.getPermutation()[1] == int64_t(axes);
    form = hasGroups                                             ? FilterForm::channelsLast
           : unpack.getPermutation().back() == int64_t(axes) - 1 ? FilterForm::planar
           : unpack.getBlocks().back() == panelLanes             ? FilterForm::alongChannels
                                                                 : FilterForm::channelsLast;
    if (form == FilterForm::channelsLast)
      channelLanes = unpack.getBlocks().back();
    if (form != FilterForm::alongChannels && unpack.getBlocks()[hasGroups] != panelFilters())
      return false;
  } else {
    // Panels may only be read in place where filters are the last axis.
    auto shape = cast<RankedTensorType>(window.filter.getType()).getShape();
    form = FilterForm::inPlace;
    if (shape.back() != window.filters * window.groups)
      return false;
  }
  if (!isa<BlockArgument>(filterTensor))
    return false;
  int64_t lane = form == FilterForm::inPlace ? window.filters * window.groups : panelLanes;
  channelPitch = lane;
  int64_t pitch = lane;
  if (form == FilterForm::alongChannels)
    pitch = llvm::alignTo(window.channels, panelLanes);
  else if (form != FilterForm::planar)
    pitch = lane * llvm::divideCeil(window.channels, channelLanes * stepsPerWord(storage));
  tapPitch.assign(axes, 0);
  for (size_t axis = axes; axis-- > 0; pitch *= window.extents[axis])
    tapPitch[axis] = pitch;
  if (form == FilterForm::planar) {
    channelPitch = pitch;
    pitch *= window.channels;
  }
  panelPitch = form == FilterForm::inPlace ? panelLanes : pitch;
  return true;
}

void Convolution::schedule() {
  const WindowAxis &last = window.phases.front().back();
  auto pixels = constantValue(last.count()), stride = constantValue(strideExprs.back());
  bool isAlongChannels = form == FilterForm::alongChannels;
  groupsTogether = chooseGroupsTogether();
  int64_t panels = isAlongChannels ? window.filters : groupsTogether * llvm::divideCeil(window.filters, panelFilters());
  Block chosen = isAlongChannels ? chooseFewFilters()
                                 : chooseBlock(withRoomForWords(target, storage), pixels, panels,
                                               stride ? std::optional(*stride * last.step * 4) : std::nullopt);
  if (channelLanes > 1)
    chosen = completePanels(chosen, pixels, panels);
  std::optional<Block> lines = taker ? std::nullopt : chooseLines(panels, chosen);
  bool isFixed = isAlongChannels || channelLanes > 1;
  block = blockOf(isFixed ? KernelChoice() : measured, lines.value_or(chosen));
  tileLines = lines ? std::max<int64_t>(1, block.rows / *pixels) : 0;
  static constexpr const char *forms[] = {"panels, tap by tap", "panels, channel by channel",
                                          "single, sixteen channels at once", "in place"};
  division.schedule = {block.rows, block.vectors};
  if (!isFixed)
    division.alternatives = alternativeBlocks(withRoomForWords(target, storage), block, pixels, panels);
  division.choices = {{"block", describe(block)}, {"filter", forms[size_t(form)]}};
  if (channelLanes > 1)
    division.choices.push_back({"channels of a vector", std::to_string(channelLanes)});
  if (groupsTogether > 1)
    division.choices.push_back({"groups together", std::to_string(groupsTogether)});
  if (storage != Storage::Float32)
    division.choices.push_back({"weights", nameOf(storage).str()});
  groupsPerGroup = llvm::divideCeil(panels, block.vectors);
  imageCount = evaluator.materialize(evaluator.dims(window.output).front());
  double weightBytes = 4.0 * double(window.groups * window.filters * window.channels);
  double operations =
      2.0 * window.channels * block.vectors * (isAlongChannels ? 1 : panelFilters()) * pixels.value_or(16);
  for (auto [axis, extent] : llvm::enumerate(window.extents)) {
    operations *= double(extent) / (window.phases.size() > 1 ? window.phases[0][axis].outputStep : 1);
    weightBytes *= double(extent);
  }
  operations *= double(std::max<int64_t>(1, tileLines));
  chooseOrder();
  division.grain = grainFor(operations, 0);
  double efficiency = isAlongChannels ? 1 : blockEfficiency(target, block, pixels, panels);
  division.itemMicroseconds = productMicroseconds(target, operations, efficiency);
  division.launchMicroseconds = weightMicroseconds(weightBytes);
}

Division Convolution::emit() {
  prepare();
  builder.loop(begin, end, 1, [&](Index item) { emitItem(item); });
  return division;
}

void Convolution::prepare() {
  schedule();
  for (AffineExpr stride : strideExprs)
    strides.push_back(evaluator.materialize(stride));
  for (const WindowAxis &axis : window.phases.front())
    inputExtents.push_back(evaluator.materialize(axis.input));
  channelStride = evaluator.materialize(channelStrideExpr);
  Point origin(cast<RankedTensorType>(filterTensor.getType()).getRank(), evaluator.getSymbols().constant(0));
  filter = evaluator.access(filterTensor, origin)->buffer.pointer;
}

void Convolution::emitItem(Index item) {
  ArrayRef<WindowAxis> axes = window.phases.front();
  int64_t phases = window.phases.size();
  std::pair<Index, Index> place = placeItem(item);
  Index group = place.first, phase = place.second;
  enterImage(image);
  forGroup(group, [&](const Group &columns) {
    if (phases == 1)
      return emitLine(axes, columns);
    for (int64_t number = 0; number < phases; ++number) {
      Value isPhase = builder.less(builder.max(builder.sub(phase, number), builder.sub(number, phase)), 1);
      phaseNumber = number;
      builder.ifThen(isPhase, [&] { emitLine(window.phases[number], columns); });
    }
  });
}

void Convolution::emitLine(Axes axes, const Group &group) {
  if (tileLines)
    return emitLines(axes, group, line.front());
  auto body = [&] {
    bool isKnown = constantValue(axes.back().count()) && constantValue(axes.back().input);
    return isKnown ? emitKnownLine(axes, group) : emitUnknownLine(axes, group);
  };
  // Later phases may have one line less.
  Value exists;
  if (window.phases.size() > 1)
    for (size_t axis = 0; axis + 1 < axes.size(); ++axis) {
      Index missing = builder.sub(line[axis], evaluator.materialize(axes[axis].count()));
      Value here = builder.less(missing, 0);
      if (!exists) {
        exists = here;
        continue;
      }
      exists = builder.create<arith::AndIOp>(exists, here);
    }
  if (exists)
    builder.ifThen(exists, body);
  else
    body();
}

/// Tiles inside the input share one loop; those at the ends skip the taps outside, each in its own code.
void Convolution::emitKnownLine(Axes axes, const Group &group) {
  const WindowAxis &last = axes.back();
  SmallVector<Run> runs;
  if (int64_t count = *constantValue(last.count()))
    runs = balancedRuns(count, block.rows);
  for (const Run &run : runs) {
    int64_t piece = 0;
    auto startOf = [&](int64_t number) { return run.start + number * run.size; };
    while (piece < run.count) {
      int64_t until = piece;
      while (until < run.count && last.staysInside(startOf(until), run.size))
        ++until;
      if (until - piece > 1)
        builder.loop(startOf(piece), startOf(until), run.size, [&](Index x) {
          emitTile(axes, group, {x, run.size, std::nullopt});
        });
      else
        until = piece + 1, emitTile(axes, group, {startOf(piece), run.size, startOf(piece)});
      piece = until;
    }
  }
}

/// Full tiles where they lie inside, else pixel by pixel.
void Convolution::emitUnknownLine(Axes axes, const Group &group) {
  const WindowAxis &last = axes.back();
  Index count = evaluator.materialize(last.count());
  builder.loop(0, count, block.rows, [&](Index x) {
    Index from = last.start(builder, x),
          to = builder.add(from, (block.rows - 1) * last.step + (last.taps - 1) * last.distance);
    Index room = builder.min(builder.sub(builder.sub(inputExtents.back(), 1), to),
                             builder.sub(count, builder.add(x, block.rows)));
    Index limit = builder.min(count, builder.add(x, block.rows));
    builder.ifThen(
        builder.less(builder.min(from, room), 0),
        [&] { builder.loop(x, limit, 1, [&](Index pixel) {
                emitTile(axes, group, {pixel, 1, std::nullopt, true});
              }); },
        [&] {
          emitTile(axes, group, {x, block.rows, std::nullopt});
        });
  });
}

void Convolution::emitTile(Axes axes, const Group &group, const Tile &tile) {
  Index from = builder.add(inputBase, builder.mul(group.inputChannel, channelStride));
  from = builder.add(from, builder.mul(axes.back().start(builder, tile.x), strides.back()));
  Index panel = builder.mul(group.panel, form == FilterForm::inPlace ? 1 : panelPitch);
  Sums sums = zeroSums(builder, tile.count * group.vectors);
  bool isEmpty = llvm::any_of(axes, [](const WindowAxis &axis) { return axis.taps == 0; });
  if (!isEmpty && form == FilterForm::planar)
    sums = builder.loop(0, window.channels, 1, sums, [&](Index channel, ValueRange carried) {
      return reduce(axes, 0, group, tile, builder.add(from, builder.mul(channel, channelStride)),
                    builder.add(panel, builder.mul(channel, channelPitch)), Sums(carried));
    });
  else if (!isEmpty)
    sums = reduce(axes, 0, group, tile, from, panel, sums);
  storeTile(axes, group, tile, sums);
}

/// The taps of `axis` and the axes behind it.
Sums Convolution::reduce(Axes axes, size_t axis, const Group &group, const Tile &tile, Index inputAt, Index filterAt,
                         Sums sums) {
  if (axis + 1 == axes.size())
    return reduceLast(axes, group, tile, inputAt, filterAt, std::move(sums));
  const WindowAxis &own = axes[axis];
  auto [lower, upper] = own.inside(builder, line[axis], inputExtents[axis]);
  Index start = builder.add(inputAt, builder.mul(own.start(builder, line[axis]), strides[axis]));
  return builder.loop(lower, upper, 1, sums, [&](Index tap, ValueRange carried) {
    Index at = builder.add(start, builder.mul(tap, builder.mul(strides[axis], own.distance)));
    Index element = builder.add(builder.mul(tap, own.tapStep), own.firstTap);
    return reduce(axes, axis + 1, group, tile, at, builder.add(filterAt, builder.mul(element, tapPitch[axis])),
                  Sums(carried));
  });
}

/// The taps of the last axis: all for all pixels, or runs of taps with the pixels for which they lie inside.
Sums Convolution::reduceLast(Axes axes, const Group &group, const Tile &tile, Index inputAt, Index filterAt,
                             Sums sums) {
  const WindowAxis &last = axes.back();
  SmallVector<Pixel> all;
  for (int64_t pixel = 0; pixel < tile.count; ++pixel)
    all.push_back({size_t(pixel), builder.mul(strides.back(), pixel * last.step)});
  if (tile.isClipped) {
    auto [lower, upper] = last.inside(builder, tile.x, inputExtents.back());
    return reduceTaps(axes, group, all, lower, builder.sub(upper, lower), inputAt, filterAt, std::move(sums));
  }
  if (!tile.known)
    return reduceTaps(axes, group, all, 0, last.taps, inputAt, filterAt, std::move(sums));
  auto isInside = [&](const Pixel &pixel, int64_t tap) {
    int64_t at = (*tile.known + int64_t(pixel.number)) * last.step + last.first + tap * last.distance;
    return at >= 0 && at < *constantValue(last.input);
  };
  for (int64_t tap = 0; tap < last.taps;) {
    SmallVector<Pixel> pixels;
    llvm::copy_if(all, std::back_inserter(pixels), [&](const Pixel &pixel) { return isInside(pixel, tap); });
    int64_t until = tap + 1;
    while (until < last.taps &&
           llvm::all_of(all, [&](const Pixel &pixel) { return isInside(pixel, until) == isInside(pixel, tap); }))
      ++until;
    if (!pixels.empty())
      sums = reduceTaps(axes, group, pixels, tap, until - tap, inputAt, filterAt, std::move(sums));
    tap = until;
  }
  return sums;
}

/// Taps [tap, tap + taps) of the last axis, and the channels, for some pixels of the tile.
Sums Convolution::reduceTaps(Axes axes, const Group &group, ArrayRef<Pixel> pixels, Index tap, Index taps,
                             Index inputAt, Index filterAt, Sums sums) {
  const WindowAxis &last = axes.back();
  Index tapStride = builder.mul(strides.back(), last.distance);
  int64_t filterStep = last.tapStep * tapPitch.back();
  filterAt = builder.add(filterAt, last.firstTap * tapPitch.back());
  BroadcastRows rows{input, inputAt, {}, channelStride};
  rows.width = channelLanes;
  rows.areOwn = groupsTogether > 1;
  for (const Pixel &pixel : pixels)
    for (int64_t own = 0; own < groupsTogether; ++own)
      rows.offsets.push_back(builder.add(pixel.offset, own * window.channels));
  ColumnVectors columns{filter, filterAt, {}, channelPitch, form == FilterForm::inPlace ? group.lastMask : Value(), {}};
  columns.storage = storage;
  for (int64_t j = 0; j < group.vectors; ++j)
    columns.offsets.push_back(j * panelPitch);
  choosePrefetchOf(columns);
  Sums part;
  for (const Pixel &pixel : pixels)
    for (int64_t j = 0; j < group.vectors; ++j)
      part.push_back(sums[pixel.number * group.vectors + j]);
  int64_t unroll = chooseUnroll(target, {int64_t(pixels.size()), group.vectors});
  auto run = [&](Index first, Index trips, Index step, Index pitch, Sums current) {
    rows.step = step;
    columns.pitch = pitch;
    rows.base = builder.add(inputAt, builder.mul(first, tapStride));
    columns.base = builder.add(filterAt, builder.mul(first, filterStep));
    return accumulate(builder, trips, rows, columns, std::move(current), unroll);
  };
  Index channelStep = builder.mul(channelStride, channelLanes);
  int64_t channelSteps = window.channels / channelLanes;
  bool isContiguous = channelStride.is(1) && tapStride.is(window.channels) &&
                      filterStep * stepsPerWord(storage) == channelPitch * channelSteps;
  if (form == FilterForm::alongChannels) {
    rows.base = builder.add(inputAt, builder.mul(tap, tapStride));
    columns.base = builder.add(filterAt, builder.mul(tap, filterStep));
    part = reduceChannels(rows, columns, taps, tapStride, filterStep, part, unroll);
  } else if (form == FilterForm::planar)
    part = run(tap, taps, tapStride, filterStep, part);
  else if (isContiguous || taps.is(1))
    part = run(tap, builder.mul(taps, channelSteps), channelStep, channelPitch, part);
  else
    part = builder.loop(tap, builder.add(tap, taps), 1, part, [&](Index each, ValueRange carried) {
      return run(each, channelSteps, channelStep, channelPitch, Sums(carried));
    });
  for (auto [index, pixel] : llvm::enumerate(pixels))
    for (int64_t j = 0; j < group.vectors; ++j)
      sums[pixel.number * group.vectors + j] = part[index * group.vectors + j];
  return sums;
}

void Convolution::storeTile(Axes axes, const Group &group, const Tile &tile, ArrayRef<Value> sums) {
  if (form == FilterForm::alongChannels)
    return storeLanes(axes, group, tile, sums);
  SmallVector<AffineExpr> dims = evaluator.dims(window.output);
  SmallVector<Lanes> lanes;
  SmallVector<AffineExpr> filters;
  Sums results = channelLanes > 1 ? sumChannels(group, sums) : Sums(sums);
  int64_t vectors = results.size() / tile.count;
  for (int64_t j = 0; j < vectors; ++j) {
    lanes.push_back(evaluator.lanes(panelLanes, j + 1 == vectors ? group.lastMask : Value()));
    AffineExpr first = evaluator.variable(builder.add(group.firstFilter, j * panelLanes), dims.back());
    filters.push_back(first + lanes.back().variable);
  }
  Point point{evaluator.variable(image, dims[0])};
  for (size_t axis = 0; axis + 1 < axes.size(); ++axis)
    point.push_back(evaluator.variable(axes[axis].place(builder, line[axis]), dims[axis + 1]));
  for (int64_t pixel = 0; pixel < tile.count; ++pixel) {
    Index x = axes.back().place(builder, builder.add(tile.x, pixel));
    Point whole = point;
    whole.push_back(evaluator.variable(x, dims[axes.size()]));
    whole.push_back({});
    for (int64_t j = 0; j < vectors; ++j) {
      whole.back() = filters[j];
      evaluator.bind(window.output, results[pixel * vectors + j]);
      taker ? taker(whole, lanes[j], builder.add(group.firstFilter, j * panelLanes), x)
            : evaluator.storeResults(window.output, whole, &lanes[j]);
      evaluator.unbind(window.output);
    }
  }
}

} // namespace ingot::cpu
