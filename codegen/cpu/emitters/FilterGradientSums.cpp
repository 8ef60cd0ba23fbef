//===- FilterGradientSums.cpp - The sum of one tile over one chunk --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/FilterGradient.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::cpu {

/// Adds the chunk's sums to the tile at `place` in scratch memory.
void FilterGradient::addChunk(const Tile &tile, const Chunk &chunk, Index place) {
  Index filter = builder.add(builder.mul(tile.group, filters), tile.filter);
  Index gradientAt = builder.add(gradient.base, filter), inputAt = inputStart(tile);
  Sums sums = zeroSums(builder, tile.rows.size() * tile.vectors);
  auto addImage = [&](Index image, Sums carried) {
    return sumAxis(tile, chunk, 0, builder.add(inputAt, builder.mul(image, input.image())),
                   builder.add(gradientAt, builder.mul(image, gradient.image())), std::move(carried));
  };
  if (imagesPerChunk == 1)
    sums = addImage(chunk.image, sums);
  else
    sums = builder.loop(chunk.image, chunk.lastImage, 1, sums,
                        [&](Index image, ValueRange carried) { return addImage(image, Sums(carried)); });
  for (auto [number, sum] : llvm::enumerate(sums)) {
    Index at = builder.add(place, int64_t(number) * panelLanes);
    Value before = builder.loadVector(scratch, builder.op().getF32Type(), at, panelLanes);
    builder.storeVector(builder.create<arith::AddFOp>(before, sum), scratch, at);
  }
}

/// Where pixel 0 of image 0 finds the input of the tile's tap and first channel (maybe outside of the input).
Index FilterGradient::inputStart(const Tile &tile) const {
  Index first = isDepthwise ? tile.filter : builder.mul(tile.group, channels);
  Index at = builder.add(input.base, builder.mul(first, input.channel()));
  for (auto [axis, own] : llvm::enumerate(axes)) {
    Index position = builder.add(builder.mul(tile.taps[axis], own.distance), own.first);
    at = builder.add(at, builder.mul(position, input.pixel(axis)));
  }
  return at;
}

/// The pixels of the chunk along `axis` for which `tap` lies inside of the input.
WindowAxis::Range FilterGradient::outputsOf(size_t axis, Index tap, const Chunk &chunk) const {
  WindowAxis::Range range = axes[axis].outputsOf(builder, tap, inputExtents[axis], outputExtents[axis]);
  bool isWhole = constantValue(axes[axis].output) && *constantValue(axes[axis].output) <= linesPerChunk;
  if (axis > 0 || isWhole)
    return range;
  auto clip = [&](Index pixel) { return builder.min(builder.max(pixel, chunk.line), chunk.lastLine); };
  return {clip(range.lower), clip(range.upper)};
}

/// Sums over the pixels along `axis` and the axes behind it.
Sums FilterGradient::sumAxis(const Tile &tile, const Chunk &chunk, size_t axis, Index inputAt, Index gradientAt,
                             Sums sums) {
  if (axis + 1 == axes.size())
    return sumLine(tile, chunk, inputAt, gradientAt, std::move(sums));
  auto [lower, upper] = outputsOf(axis, tile.taps[axis], chunk);
  Index step = builder.mul(input.pixel(axis), axes[axis].step);
  return builder.loop(lower, upper, 1, sums, [&](Index line, ValueRange carried) {
    return sumAxis(tile, chunk, axis + 1, builder.add(inputAt, builder.mul(line, step)),
                   builder.add(gradientAt, builder.mul(line, gradient.pixel(axis))), Sums(carried));
  });
}

/// Pixels that all of the tile's taps reach are summed at once; before and after them lie those that only some reach.
Sums FilterGradient::sumLine(const Tile &tile, const Chunk &chunk, Index inputAt, Index gradientAt, Sums sums) {
  size_t last = axes.size() - 1;
  Index firstTap = builder.add(tile.taps.back(), tile.rows.front().tap),
        lastTap = builder.add(tile.taps.back(), tile.rows.back().tap);
  WindowAxis::Range ofFirst = outputsOf(last, firstTap, chunk), ofLast = outputsOf(last, lastTap, chunk);
  if (tile.rows.front().tap == tile.rows.back().tap)
    return sumInside(tile, ofFirst.lower, ofFirst.upper, inputAt, gradientAt, std::move(sums));
  // Later taps lie further to the right: their pixels begin and end further to the left.
  Index left = builder.min(ofFirst.lower, ofLast.lower), right = builder.max(ofFirst.upper, ofLast.upper);
  Index from = builder.min(builder.max(ofFirst.lower, ofLast.lower), right),
        to = builder.max(builder.min(ofFirst.upper, ofLast.upper), from);
  sums = sumPixels(tile, left, from, true, inputAt, gradientAt, std::move(sums));
  sums = sumInside(tile, from, to, inputAt, gradientAt, std::move(sums));
  return sumPixels(tile, to, right, true, inputAt, gradientAt, std::move(sums));
}

Sums FilterGradient::sumInside(const Tile &tile, Index from, Index to, Index inputAt, Index gradientAt, Sums sums) {
  if (isDepthwise)
    return sumPixels(tile, from, to, false, inputAt, gradientAt, std::move(sums));
  size_t last = axes.size() - 1;
  Index step = builder.mul(input.pixel(last), axes[last].step), pitch = gradient.pixel(last);
  // The first row's place is part of the base, so that the others' distances are known.
  Index start = builder.mul(tile.rows.front().channel, input.channel());
  BroadcastRows rows{input.pointer, builder.add(builder.add(inputAt, start), builder.mul(from, step)), {}, step};
  for (auto [number, row] : llvm::enumerate(tile.rows)) {
    Index channel = joinsTaps ? builder.sub(row.channel, tile.rows.front().channel) : Index(int64_t(number));
    rows.offsets.push_back(builder.add(builder.mul(builder.mul(input.pixel(last), axes[last].distance), row.tap),
                                       builder.mul(channel, input.channel())));
  }
  if (joinsTaps) {
    Index first = rows.offsets.front();
    rows.base = builder.add(rows.base, first);
    for (Index &offset : rows.offsets)
      offset = builder.sub(offset, first);
  }
  ColumnVectors columns{
      gradient.pointer, builder.add(gradientAt, builder.mul(from, pitch)), {}, pitch, tile.lastMask, {}};
  for (int64_t j = 0; j < tile.vectors; ++j)
    columns.offsets.push_back(j * panelLanes);
  int64_t unroll = chooseUnroll(target, {int64_t(tile.rows.size()), tile.vectors});
  return accumulate(builder, builder.sub(to, from), rows, columns, std::move(sums), unroll);
}

/// One pixel after the other. At an edge every tap is looked at: where it lies outside, zeros are taken.
Sums FilterGradient::sumPixels(const Tile &tile, Index from, Index to, bool isEdge, Index inputAt, Index gradientAt,
                               Sums sums) {
  size_t last = axes.size() - 1;
  const WindowAxis &axis = axes[last];
  Type element = builder.op().getF32Type();
  return builder.loop(from, to, 1, sums, [&](Index pixel, ValueRange carried) {
    Sums current(carried);
    Index at = builder.add(gradientAt, builder.mul(pixel, gradient.pixel(last)));
    SmallVector<Value> columns;
    for (int64_t j = 0; j < tile.vectors; ++j)
      columns.push_back(builder.loadVector(gradient.pointer, element, builder.add(at, j * panelLanes), panelLanes,
                                           j + 1 == tile.vectors ? tile.lastMask : Value()));
    for (auto [number, row] : llvm::enumerate(tile.rows)) {
      Index position = builder.add(builder.mul(pixel, axis.step), row.tap * axis.distance);
      Value isInside;
      if (isEdge) {
        // Counted from the input's start instead of the tap's, and back.
        Index start = builder.add(builder.mul(tile.taps[last], axis.distance), axis.first);
        Index place = builder.add(position, start), top = builder.sub(inputExtents[last], 1);
        Value notBefore = builder.less(-1, place), notBehind = builder.less(place, inputExtents[last]);
        isInside = builder.create<arith::AndIOp>(notBefore, notBehind);
        position = builder.sub(builder.max(builder.min(place, top), 0), start);
      }
      Index source = builder.add(inputAt, builder.mul(position, input.pixel(last)));
      source = builder.add(source, builder.mul(row.channel, input.channel()));
      for (int64_t j = 0; j < tile.vectors; ++j) {
        Value &sum = current[number * tile.vectors + j];
        sum = builder.fma(inputVector(tile, source, j, isInside), columns[j], sum);
      }
    }
    return current;
  });
}

/// The input that meets vector `vector` of the gradient: one element for all lanes, or one for each (depthwise).
Value FilterGradient::inputVector(const Tile &tile, Index at, int64_t vector, Value isInside) {
  Type element = builder.op().getF32Type();
  Value loaded;
  if (isDepthwise)
    loaded = builder.loadVector(input.pointer, element, builder.add(at, vector * panelLanes), panelLanes,
                                vector + 1 == tile.vectors ? tile.lastMask : Value());
  else
    loaded = builder.load(input.pointer, element, at);
  if (isInside)
    loaded = builder.create<arith::SelectOp>(isInside, loaded, builder.constant(loaded.getType(), 0));
  return isDepthwise ? loaded : builder.splat(loaded, panelLanes);
}

} // namespace ingot::cpu
