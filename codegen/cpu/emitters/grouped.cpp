//===- grouped.cpp - Convolutions with small groups -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// output[n, y, x, g * F + f] = sum over the window and c of input[n, y', x', g * C + c] * filter[window, c, g * F + f],
// float32, channels-last, at most two spatial axes, with few channels C and filters F in each of the groups g. Lanes
// are the filters of several groups. The channels that these groups read are neighbours in memory: they are loaded as
// one vector, of which one shuffle for each c gives every lane its own. All pixels of a tile that use an element share
// its shuffles.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/WindowTiles.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

class Grouped : public WindowTiles {
public:
  /// `groups` of them are computed together.
  Grouped(Emission &emission, ConvOp op, WindowProblem problem, int64_t groups, int64_t channels, int64_t filters)
      : WindowTiles(emission, std::move(problem)), filter(op.getFilter()), channels(channels), filters(filters) {
    allFilters = int64_t(op.getGroups()) * filters;
    blockResults = groups * filters;
    blockInputs = groups * channels;
    loopedTile = chooseTile();
  }

  bool analyze() { return isa<BlockArgument>(filter) && WindowTiles::analyze(); }

protected:
  void enterChannels(Index channel, Value mask) override {
    this->channel = channel;
    this->mask = mask;
    Point origin(cast<RankedTensorType>(filter.getType()).getRank(), evaluator.getSymbols().constant(0));
    pointer = evaluator.access(filter, origin)->buffer.pointer;
  }
  Value start() override { return builder.constant(vectorType(), 0); }
  Value combine(Value sum, Value element, Index tap) override {
    for (int64_t c = 0; c < channels; ++c)
      sum = builder.fma(spread(element, c), weightAt(tap, c), sum);
    return sum;
  }
  // Channel by channel, so that few weights are in registers at a time.
  void combineLine(MutableArrayRef<Value> sums, ArrayRef<Element> elements) override {
    for (int64_t c = 0; c < channels; ++c)
      for (const Element &element : elements) {
        Value own = spread(element.vector, c);
        for (const Use &use : element.uses)
          sums[use.pixel] = builder.fma(own, weightAt(use.tap, c), sums[use.pixel]);
      }
  }

private:
  /// Sums, the elements of a line and its weights should be in registers together.
  int64_t chooseTile() const {
    const WindowAxis &columns = problem.axes.back();
    int64_t indices = channels > 4 ? channels : 0; // of shuffles across 128-bit parts
    for (int64_t tile = 12; tile > 2; --tile) {
      int64_t reach = (tile - 1) * columns.step + (columns.taps - 1) * columns.distance + 1;
      int64_t elements = std::min(reach, tile * columns.taps);
      if (tile + elements + columns.taps + indices + 2 <= target.panelRegisters())
        return tile;
    }
    return 2;
  }

  /// Lane g * F + f becomes the element's channel g * C + c.
  Value spread(Value element, int64_t c) {
    SmallVector<int64_t> chosen;
    for (int64_t lane = 0; lane < panelLanes; ++lane)
      chosen.push_back(lane < blockResults ? lane / filters * channels + c : 0);
    return builder.create<vector::ShuffleOp>(element, element, chosen);
  }

  Value weightAt(Index tap, int64_t c) {
    Index row = builder.add(builder.mul(tap, channels), c);
    Index offset = builder.add(builder.mul(row, allFilters), channel);
    return builder.loadVector(pointer, builder.op().getF32Type(), offset, panelLanes, mask);
  }

  Value filter, pointer, mask;
  Index channel;
  int64_t channels, filters, allFilters = 0;
};

} // namespace

FailureOr<Division> emitGrouped(Emission &emission) {
  auto op = dyn_cast_or_null<ConvOp>(emission.root);
  int64_t groups = op ? op.getGroups() : 1;
  if (groups < 2)
    return failure();
  Evaluator &evaluator = emission.evaluator;
  SmallVector<AffineExpr> filter = evaluator.dims(op.getFilter());
  if (filter.size() > 4 || llvm::any_of(filter, [](AffineExpr extent) { return !constantValue(extent); }))
    return failure();
  int64_t channels = *constantValue(filter[filter.size() - 2]), filters = *constantValue(filter.back()) / groups;
  if (!channels || !filters)
    return failure();
  int64_t together = std::min({groups, panelLanes / channels, panelLanes / filters});
  if (together < 2)
    return failure();
  Grouped grouped(emission, op, windowsOf(op, evaluator), together, channels, filters);
  if (!grouped.analyze())
    return failure();
  return grouped.emit();
}

} // namespace ingot::cpu
