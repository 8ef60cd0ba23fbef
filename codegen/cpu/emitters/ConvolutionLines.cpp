//===- ConvolutionLines.cpp - Convolutions over narrow maps ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A line of seven pixels or fewer does not fill a register block, and each line would read all weights again. Here a
// tile is some whole lines of a map whose extents are known; every tile is code of its own, so that taps outside the
// input are left out pixel by pixel.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Convolution.h"

using namespace mlir;

namespace ingot::cpu {

/// Weights that do not stay in the second-level cache are better read once, for all pixels of a map, than twice.
constexpr int64_t fastBytes = 1 << 20;

/// The block of whole lines to compute together, if the map is narrow enough that more than one fits.
std::optional<Block> Convolution::chooseLines(int64_t panels, Block chosen) const {
  if (window.extents.size() != 2 || form == FilterForm::inPlace || storage != Storage::Float32)
    return std::nullopt;
  for (ArrayRef<WindowAxis> axes : window.phases)
    for (const WindowAxis &axis : axes)
      if (!constantValue(axis.input) || !constantValue(axis.count()))
        return std::nullopt;
  if (!llvm::all_of(strideExprs, [](AffineExpr stride) { return constantValue(stride).has_value(); }))
    return std::nullopt;
  ArrayRef<WindowAxis> axes = window.phases.front();
  int64_t height = *constantValue(axes[0].count()), width = *constantValue(axes[1].count());
  int64_t vectors = panels > 1 ? 2 : 1;
  if (form == FilterForm::alongChannels || channelLanes > 1)
    vectors = chosen.vectors;
  else if (height * width <= maxRows(target, 1) && height * width > maxRows(target, vectors) &&
           panels * panelPitch * 4 > fastBytes)
    vectors = 1;
  int64_t most = width ? maxRows(target, vectors) / width : 0;
  if (most < 2 || height < 2 || llvm::divideCeil(height, most) > 8)
    return std::nullopt;
  int64_t lines = llvm::divideCeil(height, llvm::divideCeil(height, most));
  return Block{lines * width, vectors};
}

/// Tile number `tile` of the map.
void Convolution::emitLines(Axes axes, const Group &group, Index tile) {
  int64_t height = *constantValue(axes.front().count()), width = *constantValue(axes.back().count());
  if (!height || !width)
    return;
  int64_t number = 0;
  for (const Run &run : balancedRuns(height, tileLines))
    for (int64_t piece = 0; piece < run.count; ++piece, ++number) {
      Value isHere = builder.less(builder.max(builder.sub(tile, number), builder.sub(number, tile)), 1);
      builder.ifThen(isHere, [&] { emitLineTile(axes, group, run.start + piece * run.size, run.size); });
    }
}

/// Output lines [first, first + lines).
void Convolution::emitLineTile(Axes axes, const Group &group, int64_t first, int64_t lines) {
  Index from = builder.add(inputBase, builder.mul(group.inputChannel, channelStride));
  from = builder.add(from, builder.mul(axes.back().start(builder, 0), strides.back()));
  Index panel = builder.mul(group.panel, panelPitch);
  int64_t width = *constantValue(axes.back().count()), sumsOfLine = width * group.vectors;
  Sums sums = zeroSums(builder, lines * sumsOfLine);
  bool isEmpty = llvm::any_of(axes, [](const WindowAxis &axis) { return axis.taps == 0; });
  if (!isEmpty && form == FilterForm::planar)
    sums = builder.loop(0, window.channels, 1, sums, [&](Index channel, ValueRange carried) {
      return reduceLines(axes, group, first, lines, builder.add(from, builder.mul(channel, channelStride)),
                         builder.add(panel, builder.mul(channel, channelPitch)), Sums(carried));
    });
  else if (!isEmpty)
    sums = reduceLines(axes, group, first, lines, from, panel, sums);
  SmallVector<Index> tile = line;
  for (int64_t number = 0; number < lines; ++number) {
    line.front() = first + number;
    storeTile(axes, group, {0, width, 0}, ArrayRef<Value>(sums).slice(number * sumsOfLine, sumsOfLine));
  }
  line = tile;
}

/// Runs of taps, along both axes, that lie inside the input for the same pixels.
Sums Convolution::reduceLines(Axes axes, const Group &group, int64_t first, int64_t lines, Index inputAt,
                              Index filterAt, Sums sums) {
  const WindowAxis &rows = axes.front(), &columns = axes.back();
  int64_t width = *constantValue(columns.count());
  auto isInside = [](const WindowAxis &axis, int64_t position, int64_t tap) {
    int64_t at = position * axis.step + axis.first + tap * axis.distance;
    return at >= 0 && at < *constantValue(axis.input);
  };
  auto pixelsInside = [&](int64_t y, int64_t x) {
    SmallVector<std::pair<int64_t, int64_t>> pixels;
    for (int64_t i = 0; i < lines; ++i)
      for (int64_t j = 0; j < width; ++j)
        if (isInside(rows, first + i, y) && isInside(columns, j, x))
          pixels.push_back({i, j});
    return pixels;
  };
  auto runs = [&](const WindowAxis &axis, auto pixelsOf) {
    SmallVector<std::pair<int64_t, int64_t>> found; // [first tap, end)
    for (int64_t tap = 0; tap < axis.taps; ++tap)
      if (!found.empty() && pixelsOf(found.back().first) == pixelsOf(tap))
        found.back().second = tap + 1;
      else
        found.push_back({tap, tap + 1});
    return found;
  };
  auto rowsOf = [&](int64_t y) {
    SmallVector<int64_t> inside;
    for (int64_t i = 0; i < lines; ++i)
      if (isInside(rows, first + i, y))
        inside.push_back(i);
    return inside;
  };
  inputAt = builder.add(inputAt, builder.mul(strides.front(), first * rows.step + rows.first));
  for (auto [y, yEnd] : runs(rows, rowsOf))
    for (auto [x, xEnd] : runs(columns, [&, y = y](int64_t x) { return pixelsInside(y, x); })) {
      SmallVector<Pixel> pixels;
      for (auto [i, j] : pixelsInside(y, x))
        pixels.push_back({size_t(i * width + j), builder.add(builder.mul(strides.front(), i * rows.step),
                                                             builder.mul(strides.back(), j * columns.step))});
      if (pixels.empty())
        continue;
      sums = builder.loop(y, yEnd, 1, sums, [&, x = x, xEnd = xEnd](Index tap, ValueRange carried) {
        Index at = builder.add(inputAt, builder.mul(tap, builder.mul(strides.front(), rows.distance)));
        Index element = builder.add(builder.mul(tap, rows.tapStep), rows.firstTap);
        return reduceTaps(axes, group, pixels, x, xEnd - x, at,
                          builder.add(filterAt, builder.mul(element, tapPitch.front())), Sums(carried));
      });
    }
  return sums;
}

} // namespace ingot::cpu
