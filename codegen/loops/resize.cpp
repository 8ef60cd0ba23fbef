//===- resize.cpp - Plain loops for resize --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An element is a nested sum over the axes, as these are independent of each other.
//
//===----------------------------------------------------------------------===//
#include "codegen/loops/ResizeRule.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// float32 numbers in a kernel: scalars, or one for each lane.
class KernelNumbers {
public:
  using Number = Value;

  KernelNumbers(KernelBuilder &builder, const Lanes *lanes)
      : builder(builder), lanes(lanes), math(builder, Float32Type::get(builder.op().getContext())) {}

  Value constant(double value) { return math.number(value, lanes); }
  Value add(Value a, Value b) { return math.add(a, b); }
  Value sub(Value a, Value b) { return math.sub(a, b); }
  Value mul(Value a, Value b) { return math.mul(a, b); }
  Value div(Value a, Value b) { return math.div(a, b); }
  Value madd(Value a, Value b, Value c) { return math.madd(a, b, c); }
  Value min(Value a, Value b) { return math.min(a, b); }
  Value max(Value a, Value b) { return math.max(a, b); }
  Value abs(Value a) { return builder.create<math::AbsFOp>(a); }
  Value floor(Value a) { return builder.create<math::FloorOp>(a); }
  Value ceil(Value a) { return builder.create<math::CeilOp>(a); }
  Value less(Value a, Value b) { return math.less(a, b); }
  Value select(Value condition, Value a, Value b) { return builder.create<arith::SelectOp>(condition, a, b); }

  Value fromIndex(Index index) { return math.fromIndex(index, lanes); }
  /// `first` in lane 0, the following numbers in the others.
  Value countedFrom(Index first) {
    if (!lanes)
      return fromIndex(first);
    SmallVector<float> numbers;
    for (int64_t lane = 0; lane < lanes->count; ++lane)
      numbers.push_back(lane);
    auto values = DenseElementsAttr::get(cast<ShapedType>(math.type(lanes)), ArrayRef(numbers));
    return add(fromIndex(first), builder.create<arith::ConstantOp>(values));
  }
  /// The whole number `position`, or the nearest that is below `extent`, as i64.
  Value clamped(Value position, Index extent) {
    position = max(min(position, sub(fromIndex(extent), constant(1))), constant(0));
    auto integer = [&](Type type) -> Type { return lanes ? VectorType::get({lanes->count}, type) : type; };
    // By way of 32 bits, for which there are instructions everywhere.
    Value narrow = builder.create<arith::FPToSIOp>(integer(builder.op().getI32Type()), position);
    Value index = builder.create<arith::ExtSIOp>(integer(builder.op().getI64Type()), narrow);
    if (extent.constant() && *extent.constant() < 1 << 24)
      return index;
    // An extent that float32 rounds.
    Value last = builder.value(builder.sub(extent, 1));
    return builder.create<arith::MinSIOp>(index, lanes ? builder.splat(last, lanes->count) : last);
  }

private:
  KernelBuilder &builder;
  const Lanes *lanes;
  Arithmetic math;
};

} // namespace

ResizeTaps::ResizeTaps(ResizeOp op, Evaluator &evaluator)
    : op(op), evaluator(evaluator), input(evaluator.dims(op.getInput())), output(evaluator.dims(op.getOutput())) {}

bool ResizeTaps::isResized(size_t axis) { return input[axis] != output[axis] || op.getScales()[axis] != 1.0; }

SmallVector<Tap> ResizeTaps::at(size_t axis, AffineExpr index, const Lanes *lanes) {
  if (!isResized(axis))
    return {{lanes ? index + lanes->variable : index, {}}};
  Index extent = evaluator.materialize(input[axis]);
  KernelNumbers numbers(evaluator.getBuilder(), lanes);
  ResizeRule<KernelNumbers> rule(op, axis, numbers, numbers.fromIndex(extent),
                                 numbers.fromIndex(evaluator.materialize(output[axis])));
  SmallVector<Tap> taps;
  for (const auto &sample : rule.samples(numbers.countedFrom(evaluator.materialize(index)))) {
    AffineExpr place = evaluator.computed(numbers.clamped(sample.position, extent), input[axis]);
    taps.push_back({place, sample.weight.value_or(Value())});
  }
  return taps;
}

Division loopResize(ResizeOp op, Emission &emission) {
  LoopNest nest(emission);
  ResizeTaps resized(op, nest.evaluator);
  Type element = getElementTypeOrSelf(op.getType());
  Arithmetic math(nest.builder, element);
  size_t rank = cast<RankedTensorType>(op.getType()).getRank();
  return nest.forEachElement(op.getOutput(), /*areLanesAllowed=*/false, 20, [&](Point point, const Lanes *) {
    SmallVector<SmallVector<Tap>> taps;
    for (auto [axis, index] : llvm::enumerate(point))
      taps.push_back(resized.at(axis, index));
    Point from(rank);
    std::function<Value(size_t)> sum = [&](size_t axis) -> Value {
      if (axis == rank)
        return math.widen(nest.evaluator.evaluate(op.getInput(), from));
      Value total;
      for (const Tap &tap : taps[axis]) {
        from[axis] = tap.index;
        Value part = sum(axis + 1);
        if (!tap.weight)
          return part;
        Value weight = tap.weight;
        if (element.isF64())
          weight = nest.builder.create<arith::ExtFOp>(element, weight);
        part = math.mul(part, weight);
        total = total ? math.add(total, part) : part;
      }
      return total;
    };
    return math.narrow(sum(0));
  });
}

} // namespace ingot::cpu
