//===- ConvolutionOrder.cpp - Which item follows which --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An item is a line of output pixels, or a tile of some lines, of a panel group, of a phase of a transposed
// convolution. Where weights leave the cache, all lines of all images are computed for one group and phase before the
// next. Weights that stay in the cache are better read again: then a thread, whose items are neighbours, has a part of
// the map to itself. It finds its input in its own caches, where the layer before has put it, and not in those of other
// cores.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Convolution.h"

using namespace mlir;

namespace ingot::cpu {

/// Weights that stay in the second-level cache beside lines of input and output.
constexpr int64_t cachedBytes = 256 * 1024;
/// Lines of a map are cut into at least so many blocks, of at most so many lines.
constexpr int64_t leastBlocks = 4, mostLines = 8;

void Convolution::chooseOrder() {
  ArrayRef<WindowAxis> axes = window.phases.front();
  lineCount = evaluator.getSymbols().constant(1);
  for (const WindowAxis &axis : axes.drop_back())
    lineCount = lineCount * axis.count().ceilDiv(std::max<int64_t>(1, tileLines));
  lineCount = simplifyDimension(lineCount);
  int64_t parts = groupCount() * window.phases.size();
  int64_t weights = window.groups * window.filters * window.channels * 4;
  for (int64_t extent : window.extents)
    weights *= extent;
  auto lines = constantValue(lineCount);
  if (parts > 1 && weights <= cachedBytes && (!lines || *lines >= leastBlocks))
    blockLines = lines ? std::min<int64_t>(mostLines, llvm::divideCeil(*lines, leastBlocks)) : mostLines;
  if (blockLines)
    division.choices.push_back({"lines together", std::to_string(blockLines)});
  division.items = simplifyDimension(evaluator.dims(window.output).front() * lineCount * parts);
}

/// Sets `image` and `line`, and returns panel group and phase. Item = ((group * phases + phase) * images + image) *
/// lines + line, or with blocks of lines (((image * blocks + block) * groups + group) * phases + phase) * lines of the
/// block + line. Phase 0 has the most lines.
std::pair<Index, Index> Convolution::placeItem(Index item) {
  ArrayRef<WindowAxis> axes = window.phases.front();
  Index lines = evaluator.materialize(lineCount), number;
  if (blockLines) {
    int64_t parts = groupCount() * window.phases.size();
    Index whole = builder.mul(lines, parts);
    image = builder.div(item, whole);
    item = builder.mod(item, whole);
    Index first = builder.mul(builder.div(item, blockLines * parts), blockLines);
    item = builder.sub(item, builder.mul(first, parts));
    Index count = builder.min(builder.sub(lines, first), blockLines);
    number = builder.add(first, builder.mod(item, count));
    item = builder.div(item, count);
  } else {
    number = builder.mod(item, lines);
    item = builder.div(item, lines);
    image = builder.mod(item, imageCount);
    item = builder.div(item, imageCount);
  }
  line.assign(axes.size() - 1, 0);
  for (size_t axis = axes.size() - 1; axis-- > 0;) {
    Index count = evaluator.materialize(axes[axis].count().ceilDiv(std::max<int64_t>(1, tileLines)));
    line[axis] = builder.mod(number, count);
    number = builder.div(number, count);
  }
  int64_t phases = window.phases.size();
  return {builder.div(item, phases), builder.mod(item, phases)};
}

void Convolution::forGroup(Index index, llvm::function_ref<void(const Group &)> body) {
  if (form == FilterForm::alongChannels)
    return forFewFilters(index, body);
  Index own = builder.mod(index, groupsPerGroup);
  Index group = builder.mul(builder.div(index, groupsPerGroup), groupsTogether);
  Index panel = builder.mul(own, block.vectors);
  Group columns{panel,
                builder.add(builder.mul(group, window.filters), builder.mul(panel, panelFilters())),
                builder.mul(group, window.channels),
                block.vectors,
                {}};
  // Packed panels of all groups follow each other; in place a panel is any 16 filters.
  if (form == FilterForm::inPlace)
    columns.panel = columns.firstFilter;
  else
    columns.panel = builder.add(builder.mul(group, int64_t(llvm::divideCeil(window.filters, panelFilters()))), panel);
  int64_t filters = window.filters * groupsTogether, width = block.vectors * panelFilters(), rest = filters % width;
  auto emit = [&](int64_t count) {
    Group some = columns;
    some.vectors = llvm::divideCeil(count, panelFilters());
    if (count % panelLanes)
      some.lastMask = builder.maskBelow(count % panelLanes, panelLanes);
    body(some);
  };
  if (!rest || filters < width)
    return emit(rest ? rest : width);
  builder.ifThen(
      builder.less(own, filters / width), [&] { emit(width); }, [&] { emit(rest); });
}

} // namespace ingot::cpu
