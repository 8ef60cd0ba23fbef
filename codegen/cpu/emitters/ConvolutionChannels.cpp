//===- ConvolutionChannels.cpp - Convolutions to few channels -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two ways to fill lanes with channels where filters do not.
//
// The last layer of a generator has three filters: as lanes they would leave thirteen of sixteen idle. Here the lanes
// are sixteen channels of the input, which lie side by side as they are; a filter is stored as [window..., channel].
// Each sum of a tile is a vector until the end, where sixteen of them become one vector of results, pixel by pixel.
//
// Eight filters, or what is left of 24 or 40, fill half of a vector: then a panel has eight filters, each with two
// neighbouring channels, and four with four. Pairs (fours) of the input's channels are broadcast to them, so that a
// step of the reduction takes two channels (four). At the end neighbouring lanes are added, and the panels of sixteen
// filters become one vector of results. Groups of so few filters are computed side by side.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Convolution.h"

using namespace mlir;

namespace ingot::cpu {

/// Some pixels times some single filters. Each step loads a vector for each of both, so neither should be few.
Block Convolution::chooseFewFilters() const {
  int64_t vectors = 1;
  for (int64_t most : {2, 3, 4})
    if (maxRows(target, most) >= 2)
      vectors = most;
  vectors = llvm::divideCeil(window.filters, llvm::divideCeil(window.filters, vectors));
  int64_t rows = maxRows(target, vectors);
  if (auto pixels = constantValue(window.phases.front().back().count()); pixels && *pixels)
    rows = llvm::divideCeil(*pixels, llvm::divideCeil(*pixels, rows));
  return {rows, vectors};
}

/// With a panel of eight or four filters: whole vectors of results, unless the tile has all panels.
Block Convolution::completePanels(Block chosen, std::optional<int64_t> pixels, int64_t panels) const {
  Block block = chosen;
  if (groupsTogether > 1 || panels <= channelLanes)
    block.vectors = panels;
  else if (block.vectors % channelLanes && block.vectors != panels)
    block.vectors = llvm::alignTo(block.vectors, channelLanes);
  if (block.vectors == chosen.vectors)
    return chosen;
  block.rows = maxRows(target, block.vectors);
  if (pixels && *pixels)
    block.rows = llvm::divideCeil(*pixels, llvm::divideCeil(*pixels, block.rows));
  return block;
}

/// Groups that fill a vector of results, where a group is one panel.
int64_t Convolution::chooseGroupsTogether() const {
  if (channelLanes == 1 || window.filters != panelFilters())
    return 1;
  for (int64_t together = channelLanes; together > 1; together /= 2)
    if (window.groups % together == 0 && maxRows(target, together) > 1)
      return together;
  return 1;
}

/// The results of a tile, pixel by pixel in vectors of 16 filters, from its sums.
Sums Convolution::sumChannels(const Group &group, ArrayRef<Value> sums) const {
  Sums results;
  for (; !sums.empty(); sums = sums.drop_front(group.vectors))
    for (int64_t first = 0; first < group.vectors; first += channelLanes) {
      int64_t count = std::min(channelLanes, group.vectors - first);
      results.push_back(sumNeighbours(builder, sums.slice(first, count), channelLanes));
    }
  return results;
}

void Convolution::forFewFilters(Index group, llvm::function_ref<void(const Group &)> body) {
  Index first = builder.mul(group, block.vectors);
  int64_t rest = window.filters % block.vectors;
  auto whole = [&] { body({first, first, 0, block.vectors, {}}); };
  if (!rest)
    return whole();
  builder.ifThen(builder.less(group, window.filters / block.vectors), whole, [&] {
    body({first, first, 0, rest, {}});
  });
}

/// Adds the products of `taps` taps, sixteen channels at once. `rows` and `columns` begin at the first.
Sums Convolution::reduceChannels(BroadcastRows rows, ColumnVectors columns, Index taps, Index tapStride,
                                 int64_t filterStep, Sums sums, int64_t unroll) {
  rows.areVectors = true;
  rows.step = panelLanes;
  columns.pitch = panelLanes;
  int64_t rest = window.channels % panelLanes, whole = window.channels / panelLanes;
  if (!rest && (taps.is(1) || (tapStride.is(window.channels) && filterStep == window.channels)))
    return accumulate(builder, builder.mul(taps, whole), rows, columns, std::move(sums), unroll);
  Index input = rows.base, filter = columns.base;
  return builder.loop(0, taps, 1, sums, [&](Index tap, ValueRange carried) {
    rows.base = builder.add(input, builder.mul(tap, tapStride));
    columns.base = builder.add(filter, builder.mul(tap, filterStep));
    Sums current = accumulate(builder, whole, rows, columns, Sums(carried), unroll);
    if (!rest)
      return current;
    BroadcastRows last = rows;
    last.mask = builder.maskBelow(rest, panelLanes);
    last.base = builder.add(rows.base, whole * panelLanes);
    columns.base = builder.add(columns.base, whole * panelLanes);
    return accumulate(builder, 1, last, columns, current);
  });
}

/// The tile's results in the order pixel, filter: where nothing lies between the pixels, they are neighbours in memory.
void Convolution::storeLanes(Axes axes, const Group &group, const Tile &tile, ArrayRef<Value> sums) {
  SmallVector<AffineExpr> dims = evaluator.dims(window.output);
  Point point{evaluator.variable(image, dims[0])};
  for (size_t axis = 0; axis + 1 < axes.size(); ++axis)
    point.push_back(evaluator.variable(axes[axis].place(builder, line[axis]), dims[axis + 1]));
  const WindowAxis &last = axes.back();
  AffineExpr start = evaluator.variable(last.place(builder, tile.x), dims[axes.size()]);
  AffineExpr firstFilter = evaluator.variable(group.firstFilter, dims.back());
  for (size_t first = 0; first < sums.size(); first += panelLanes) {
    ArrayRef<Value> some = sums.drop_front(first).take_front(panelLanes);
    bool isWhole = some.size() == panelLanes;
    Lanes lanes = evaluator.lanes(panelLanes, isWhole ? Value() : builder.maskBelow(int64_t(some.size()), panelLanes));
    AffineExpr number = lanes.variable + int64_t(first);
    Point whole = point;
    whole.push_back(start + number.floorDiv(group.vectors) * last.outputStep);
    whole.push_back(firstFilter + number % group.vectors);
    evaluator.bind(window.output, sumLanes(builder, some));
    evaluator.storeResults(window.output, whole, &lanes);
    evaluator.unbind(window.output);
  }
}

} // namespace ingot::cpu
