//===- depthwise.cpp - Convolutions with one channel per group ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// output[n, y, x, c] = sum over the window of input[n, y', x', c] * filter[window, c], float32, channels-last, at most
// two spatial axes. Lanes are 16 neighbouring channels. A small window's weights stay in registers for a whole map; a
// tile of output pixels shares the input vectors that its windows have in common. A transposed convolution is one such
// sum for each phase of its strides, over every so many taps of the filter.
//
// Parallel items: 16 channels of one image, by a band of lines.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Convolution.h"
#include "codegen/cpu/emitters/WindowTiles.h"
#include <numeric>

using namespace mlir;

namespace ingot::cpu {
namespace {

class Depthwise : public WindowTiles {
public:
  Depthwise(Emission &emission, Value filter, WindowProblem problem)
      : WindowTiles(emission, std::move(problem)), filter(filter) {}

  bool analyze() { return isa<BlockArgument>(filter) && WindowTiles::analyze(); }

protected:
  void enterChannels(Index channel, Value mask) override {
    this->channel = channel;
    this->mask = mask;
    weights.clear();
    Point origin(cast<RankedTensorType>(filter.getType()).getRank(), evaluator.getSymbols().constant(0));
    pointer = evaluator.access(filter, origin)->buffer.pointer;
    SmallVector<AffineExpr> dims = evaluator.dims(filter);
    channels = *constantValue(dims.back());
    filterWidth = *constantValue(dims[dims.size() - 3]);
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
  /// Of the phase's tap number `tap`.
  Value weightAt(Index tap) {
    const WindowAxis &rows = problem.axes[0], &columns = problem.axes[1];
    Index y = builder.div(tap, columns.taps), x = builder.mod(tap, columns.taps);
    y = builder.add(builder.mul(y, rows.tapStep), rows.firstTap);
    x = builder.add(builder.mul(x, columns.tapStep), columns.firstTap);
    Index element = builder.add(builder.mul(y, filterWidth), x);
    Index offset = builder.add(builder.mul(element, channels), channel);
    return builder.loadVector(pointer, builder.op().getF32Type(), offset, panelLanes, mask);
  }

  Value filter, pointer, mask;
  Index channel;
  int64_t channels = 0, filterWidth = 1;
  SmallVector<Value> weights;
};

/// Each phase is code of its own.
constexpr int64_t mostPhases = 64;

WindowProblem windowsOf(ConvTransposeOp op, Evaluator &evaluator) {
  WindowProblem problem{op.getInput(), op.getOutput(), {}, {}};
  auto phases = transposedPhases(op, evaluator);
  problem.axes = phases.front();
  problem.otherPhases.append(phases.begin() + 1, phases.end());
  return problem;
}

int64_t phasesOf(ConvOp) { return 1; }
int64_t phasesOf(ConvTransposeOp op) {
  return std::accumulate(op.getStrides().begin(), op.getStrides().end(), int64_t(1), std::multiplies<>());
}

template <typename Op>
FailureOr<Division> emit(Op op, Emission &emission) {
  SmallVector<AffineExpr> input = emission.evaluator.dims(op.getInput()),
                          output = emission.evaluator.dims(op.getOutput());
  SmallVector<AffineExpr> filter = emission.evaluator.dims(op.getFilter());
  auto channels = constantValue(input.back());
  bool isDepthwise = channels && *channels == int64_t(op.getGroups()) && constantValue(output.back()) == channels &&
                     *channels > 1 && filter.size() <= 4 && phasesOf(op) <= mostPhases;
  if (!isDepthwise || llvm::any_of(filter, [](AffineExpr extent) { return !constantValue(extent); }))
    return failure();
  Depthwise depthwise(emission, op.getFilter(), windowsOf(op, emission.evaluator));
  if (!depthwise.analyze())
    return failure();
  return depthwise.emit();
}

} // namespace

FailureOr<Division> emitDepthwise(Emission &emission) {
  if (auto op = dyn_cast_or_null<ConvOp>(emission.root))
    return emit(op, emission);
  if (auto op = dyn_cast_or_null<ConvTransposeOp>(emission.root))
    return emit(op, emission);
  return failure();
}

} // namespace ingot::cpu
