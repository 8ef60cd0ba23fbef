//===- ComputedLines.cpp - A window's input, computed on the way ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/ComputedLines.h"

using namespace mlir;

namespace ingot::cpu {

/// The heavy operation that `value` is computed from, element by element.
static Operation *rootBehind(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || op->hasTrait<Root>())
    return op;
  if (op->hasTrait<Pointwise>())
    for (Value operand : op->getOperands())
      if (Operation *root = rootBehind(operand); root && root->hasTrait<Root>())
        return root;
  return nullptr;
}

ComputedLines::ComputedLines(Emission &emission, Value input, Window window)
    : evaluator(emission.evaluator), builder(emission.builder), scratch(emission.scratch), input(input),
      convolution(emission, window) {
  SmallVector<AffineExpr> dims = evaluator.dims(input);
  height = *constantValue(dims[1]);
  width = *constantValue(dims[2]);
  channels = *constantValue(dims[3]);
  operations = 2.0 * double(width * channels * window.channels * window.extents[0] * window.extents[1]);
}

std::unique_ptr<ComputedLines> ComputedLines::find(Emission &emission, Value input) {
  auto conv = dyn_cast_or_null<ConvOp>(rootBehind(input));
  if (!conv || conv.getGroups() != 1 || emission.evaluator.dims(conv.getOutput()) != emission.evaluator.dims(input))
    return nullptr;
  SmallVector<AffineExpr> dims = emission.evaluator.dims(input);
  bool isMap = dims.size() == 4 &&
               llvm::all_of(ArrayRef(dims).drop_front(), [](AffineExpr extent) { return constantValue(extent) > 0; });
  std::optional<Window> window = isMap ? describeConvolution(conv, emission.evaluator) : std::nullopt;
  if (!window)
    return nullptr;
  std::unique_ptr<ComputedLines> lines(new ComputedLines(emission, input, std::move(*window)));
  return lines->convolution.analyze() ? std::move(lines) : nullptr;
}

const Division &ComputedLines::prepare(int64_t ring) {
  this->ring = ring;
  return convolution.prepareLines([&](ArrayRef<AffineExpr> point, const Lanes &lanes, Index filter, Index x) {
    Value element = evaluator.evaluate(input, point, &lanes);
    Index place = builder.mul(filter, panelStride() / panelLanes);
    place = builder.add(builder.add(lineBase, place), builder.mul(x, pixelStride()));
    builder.storeVector(element, scratch, place);
  });
}

int64_t ComputedLines::scratchBytes() const { return llvm::divideCeil(channels, panelLanes) * panelStride() * 4; }

double ComputedLines::operationsOfLine() const { return operations; }

Index ComputedLines::lineOffset(Index y) { return builder.mul(builder.mod(y, ring), lineStride()); }

Value ComputedLines::noLines() { return builder.value(0); }

Value ComputedLines::emit(Index image, Index first, Index end, Value done) {
  convolution.enterImage(image);
  Index before = builder.mul(image, height); // lines of the images before
  Index from = builder.max(builder.max(first, 0), builder.sub(done, before)), until = builder.min(end, height);
  builder.loop(0, convolution.groupCount(), 1, [&](Index number) {
    convolution.forGroup(number, [&](const Convolution::Group &group) {
      builder.loop(from, until, 1, [&](Index y) {
        lineBase = lineOffset(y);
        convolution.emitLineOf(group, y);
      });
    });
  });
  return builder.value(builder.add(before, until));
}

// A convolution as a part of another kernel
// ---------------------------------------------------------------------------------------------

const Division &Convolution::prepareLines(Taker taker) {
  this->taker = std::move(taker);
  prepare();
  return division;
}

void Convolution::enterImage(Index number) {
  image = number;
  AffineExpr zero = evaluator.getSymbols().constant(0);
  Point origin(window.extents.size() + 2, zero);
  origin[0] = evaluator.variable(image, evaluator.dims(window.input).front());
  Access place = *evaluator.access(window.input, origin);
  input = place.buffer.pointer;
  inputBase = evaluator.materialize(place.offset);
}

void Convolution::emitLineOf(const Group &group, ArrayRef<Index> y) {
  line.assign(y.begin(), y.end());
  emitLine(window.phases.front(), group);
}

} // namespace ingot::cpu
