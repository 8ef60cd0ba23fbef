//===- WindowLoops.cpp - Windows over maps, with taps in loops ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where a window has too many taps, or too many products for each, to be code of its own for every kind of tile, its
// lines are a loop. Where extents are not known, all taps are.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/WindowTiles.h"
#include <map>

using namespace mlir;

namespace ingot::cpu {

void WindowTiles::combineLine(MutableArrayRef<Value> sums, ArrayRef<Element> elements) {
  for (const Element &element : elements)
    for (const Use &use : element.uses)
      sums[use.pixel] = combine(sums[use.pixel], element.vector, use.tap);
}

/// Some pixels of a line whose extent is known.
void WindowTiles::emitLoopedTile(Index y, const Span &x) {
  const WindowAxis &rows = problem.axes[0], &columns = problem.axes[1];
  WindowAxis::Range ys = rows.inside(builder, y, extents[0]);
  std::map<int64_t, SmallVector<std::pair<int64_t, int64_t>>> uses; // by column: pixel and tap of the line
  SmallVector<WindowAxis::Range> xs;
  for (int64_t pixel = 0; pixel < x.count; ++pixel) {
    xs.push_back(tapsInside(columns, x, pixel));
    for (int64_t tap = *xs.back().lower.constant(); tap < *xs.back().upper.constant(); ++tap)
      uses[pixel * columns.step + tap * columns.distance].push_back({pixel, tap});
  }
  Index from = origin(y, x.start);
  SmallVector<Value> sums(x.count, start());
  sums = builder.loop(ys.lower, ys.upper, 1, sums, [&](Index i, ValueRange carried) {
    Index row = builder.add(from, builder.mul(i, builder.mul(strides[0], rows.distance)));
    SmallVector<Element> elements;
    for (auto &[column, list] : uses) {
      Element element{load(builder.add(row, builder.mul(strides[1], column))), {}};
      for (auto [pixel, tap] : list)
        element.uses.push_back({pixel, builder.add(builder.mul(i, columns.taps), tap)});
      elements.push_back(std::move(element));
    }
    SmallVector<Value> next(carried);
    combineLine(next, elements);
    return next;
  });
  for (int64_t pixel = 0; pixel < x.count; ++pixel)
    store(sums[pixel], y, builder.add(x.start, pixel), {ys, xs[pixel]});
}

/// Full tiles where the windows lie inside along the line, else pixel by pixel.
void WindowTiles::emitLoopLine(Index y) {
  const WindowAxis &columns = problem.axes[1];
  Index count = evaluator.materialize(columns.count());
  builder.loop(0, count, tileColumns, [&](Index x) {
    Index from = columns.start(builder, x);
    Index to = builder.add(from, (tileColumns - 1) * columns.step + (columns.taps - 1) * columns.distance);
    Index limit = builder.add(x, tileColumns);
    Index room = builder.min(builder.sub(builder.sub(extents[1], 1), to), builder.sub(count, limit));
    builder.ifThen(
        builder.less(builder.min(from, room), 0),
        [&] {
          builder.loop(x, builder.min(limit, count), 1,
                       [&](Index each) { forChannels([&] { emitLoopTile(y, each, 1, true); }); });
        },
        [&] { forChannels([&] { emitLoopTile(y, x, tileColumns, false); }); });
  });
}

/// Some pixels of a line with their taps in loops.
void WindowTiles::emitLoopTile(Index y, Index x, int64_t count, bool isClipped) {
  const WindowAxis &rows = problem.axes[0], &columns = problem.axes[1];
  WindowAxis::Range ys = rows.inside(builder, y, extents[0]);
  WindowAxis::Range xs = isClipped ? columns.inside(builder, x, extents[1]) : WindowAxis::Range{0, columns.taps};
  Index from = origin(y, x);
  SmallVector<Value> sums(count, start());
  sums = builder.loop(ys.lower, ys.upper, 1, sums, [&](Index i, ValueRange outerSums) {
    Index row = builder.add(from, builder.mul(i, builder.mul(strides[0], rows.distance)));
    return builder.loop(xs.lower, xs.upper, 1, outerSums, [&](Index j, ValueRange carried) {
      Index at = builder.add(row, builder.mul(j, builder.mul(strides[1], columns.distance)));
      SmallVector<Value> next(carried);
      for (int64_t q = 0; q < count; ++q) {
        Index place = builder.add(at, builder.mul(strides[1], q * columns.step));
        Value element = load(place);
        next[q] = combine(next[q], element, builder.add(builder.mul(i, columns.taps), j));
      }
      return next;
    });
  });
  for (int64_t q = 0; q < count; ++q)
    store(sums[q], y, builder.add(x, q), {ys, xs});
}

} // namespace ingot::cpu
