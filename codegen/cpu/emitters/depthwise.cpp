//===- depthwise.cpp - Convolutions with one channel per group ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// output[n, y, x, c] = sum over the window of input[n, y', x', c] * filter[window, c], float32, channels-last, at most
// two spatial axes. Lanes are 16 neighbouring channels. A small window's weights stay in registers for a whole map; a
// tile of output pixels shares the input vectors that its windows have in common.
//
// Parallel items: 16 channels of one image, by a band of lines.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/WindowTiles.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

class Depthwise : public WindowTiles {
public:
  Depthwise(Emission &emission, ConvOp op, WindowProblem problem)
      : WindowTiles(emission, std::move(problem)), filter(op.getFilter()) {}

  bool analyze() { return isa<BlockArgument>(filter) && WindowTiles::analyze(); }

protected:
  void enterChannels(Index channel, Value mask) override {
    this->channel = channel;
    this->mask = mask;
    weights.clear();
    Point origin(cast<RankedTensorType>(filter.getType()).getRank(), evaluator.getSymbols().constant(0));
    pointer = evaluator.access(filter, origin)->buffer.pointer;
    channels = *constantValue(evaluator.dims(filter).back());
    if (taps() <= keptWeights())
      for (int64_t tap = 0; tap < taps(); ++tap)
        weights.push_back(weightAt(tap));
  }
  Value start() override { return builder.constant(vectorType(), 0); }
  Value combine(Value sum, Value element, Index tap) override {
    auto known = tap.constant();
    Value weight = known && size_t(*known) < weights.size() ? weights[*known] : weightAt(tap);
    return builder.fma(element, weight, sum);
  }

private:
  /// Weights that may stay in registers beside the sums and inputs.
  int64_t keptWeights() const { return target.panelRegisters() / 2; }
  int64_t taps() const {
    int64_t count = 1;
    for (const WindowAxis &axis : problem.axes)
      count *= axis.taps;
    return count;
  }
  Value weightAt(Index tap) {
    Index offset = builder.add(builder.mul(tap, channels), channel);
    return builder.loadVector(pointer, builder.op().getF32Type(), offset, panelLanes, mask);
  }

  Value filter, pointer, mask;
  Index channel;
  int64_t channels = 0;
  SmallVector<Value> weights;
};

} // namespace

FailureOr<Division> emitDepthwise(Emission &emission) {
  auto op = dyn_cast_or_null<ConvOp>(emission.root);
  if (!op)
    return failure();
  SmallVector<AffineExpr> input = emission.evaluator.dims(op.getInput()),
                          output = emission.evaluator.dims(op.getOutput());
  SmallVector<AffineExpr> filter = emission.evaluator.dims(op.getFilter());
  auto channels = constantValue(input.back());
  bool isDepthwise = channels && *channels == int64_t(op.getGroups()) && constantValue(output.back()) == channels &&
                     *channels > 1 && filter.size() <= 4;
  if (!isDepthwise || llvm::any_of(filter, [](AffineExpr extent) { return !constantValue(extent); }))
    return failure();
  WindowProblem problem{op.getInput(), op.getOutput(), {}};
  for (size_t axis = 0; axis + 2 < filter.size(); ++axis)
    problem.axes.push_back(WindowAxis::forward(input[axis + 1], output[axis + 1], *constantValue(filter[axis]),
                                               op.getStrides()[axis], op.getDilations()[axis], op.getLow()[axis]));
  Depthwise depthwise(emission, op, std::move(problem));
  if (!depthwise.analyze())
    return failure();
  return depthwise.emit();
}

} // namespace ingot::cpu
