//===- resize.cpp - Plain loops for resize --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Along each axis an output element is a weighted sum of a few input elements; axes are independent of each other, so
// the element is a nested sum.
//
//===----------------------------------------------------------------------===//
#include "codegen/loops/Loops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// An input index along one axis and its weight (f32; null: 1).
struct Tap {
  AffineExpr index;
  Value weight;
};

class Resizer {
public:
  Resizer(ResizeOp op, LoopNest &nest)
      : op(op), evaluator(nest.evaluator), builder(nest.builder), math(builder, Float32Type::get(op.getContext())),
        input(evaluator.dims(op.getInput())), output(evaluator.dims(op.getOutput())) {}

  bool isResized(size_t axis) { return input[axis] != output[axis] || op.getScales()[axis] != 1.0; }

  SmallVector<Tap> taps(size_t axis, AffineExpr index) {
    if (!isResized(axis))
      return {{index, {}}};
    Value x = coordinate(axis, evaluator.materialize(index));
    if (op.getMode() == ResizeMode::Nearest)
      return {{clamped(axis, nearest(x)), {}}};
    return op.getMode() == ResizeMode::Linear ? linear(axis, x) : cubic(axis, x);
  }

private:
  Value number(double value) { return math.number(value, nullptr); }
  Value floor(Value x) { return builder.create<math::FloorOp>(x); }
  Value size(AffineExpr extent) { return math.fromIndex(evaluator.materialize(extent), nullptr); }

  Value scaleOf(size_t axis) {
    double scale = op.getScales()[axis];
    return scale == 0 ? math.div(size(output[axis]), size(input[axis])) : number(scale);
  }

  /// Where output element `i` lies among the input's.
  Value coordinate(size_t axis, Index i) {
    Value x = math.fromIndex(i, nullptr), scale = scaleOf(axis), half = number(0.5);
    auto halfPixel = [&] { return math.sub(math.div(math.add(x, half), scale), half); };
    switch (op.getCoordinates()) {
    case CoordinateMode::HalfPixel:
      return halfPixel();
    case CoordinateMode::Asymmetric:
      return math.div(x, scale);
    case CoordinateMode::AlignCorners: {
      Value span = math.fromIndex(builder.max(builder.sub(evaluator.materialize(output[axis]), 1), 1), nullptr);
      return math.div(math.mul(x, math.sub(size(input[axis]), number(1))), span);
    }
    case CoordinateMode::PytorchHalfPixel: {
      Value isLong = builder.less(1, evaluator.materialize(output[axis]));
      return builder.create<arith::SelectOp>(isLong, halfPixel(), number(0));
    }
    case CoordinateMode::HalfPixelSymmetric: {
      Value length = size(input[axis]), adjustment = math.div(size(output[axis]), math.mul(scale, length));
      Value offset = math.mul(math.mul(length, half), math.sub(number(1), adjustment));
      return math.add(offset, halfPixel());
    }
    }
    llvm_unreachable("a coordinate mode of its own");
  }

  Value nearest(Value x) {
    switch (op.getRounding()) {
    case RoundingMode::RoundPreferFloor:
      return builder.create<math::CeilOp>(math.sub(x, number(0.5)));
    case RoundingMode::RoundPreferCeil:
      return floor(math.add(x, number(0.5)));
    case RoundingMode::Floor:
      return floor(x);
    case RoundingMode::Ceil:
      return builder.create<math::CeilOp>(x);
    }
    llvm_unreachable("a rounding mode of its own");
  }

  /// The input index at `position` (a whole number), or the nearest one that exists.
  AffineExpr clamped(size_t axis, Value position) {
    Index index = builder.create<arith::FPToSIOp>(builder.op().getI64Type(), position).getResult();
    Index last = builder.sub(evaluator.materialize(input[axis]), 1);
    return evaluator.variable(builder.max(builder.min(index, last), 0), input[axis]);
  }

  SmallVector<Tap> linear(size_t axis, Value x) {
    x = math.max(math.min(x, math.sub(size(input[axis]), number(1))), number(0));
    Value low = floor(x), share = math.sub(x, low);
    return {{clamped(axis, low), math.sub(number(1), share)}, {clamped(axis, math.add(low, number(1))), share}};
  }

  SmallVector<Tap> cubic(size_t axis, Value x) {
    Value low = floor(x), share = math.sub(x, low);
    SmallVector<Tap> taps;
    Value total = number(0);
    for (int i = -1; i <= 2; ++i) {
      Value position = math.add(low, number(i)),
            weight = cubicWeight(builder.create<math::AbsFOp>(math.sub(share, number(i))), i);
      if (op.getExcludeOutside()) {
        Value after = math.less(position, number(0)),
              before = math.less(math.sub(size(input[axis]), number(1)), position);
        Value isOutside = builder.create<arith::OrIOp>(after, before);
        weight = builder.create<arith::SelectOp>(isOutside, number(0), weight);
      }
      total = math.add(total, weight);
      taps.push_back({clamped(axis, position), weight});
    }
    if (op.getExcludeOutside())
      for (Tap &tap : taps)
        tap.weight = math.div(tap.weight, total);
    return taps;
  }

  // |t| <= 1: (a+2)|t|^3 - (a+3)|t|^2 + 1;  1 < |t| < 2: a|t|^3 - 5a|t|^2 + 8a|t| - 4a
  Value cubicWeight(Value t, int tap) {
    double a = op.getCubicCoefficient().convertToDouble();
    auto polynomial = [&](double c3, double c2, double c1, double c0) {
      Value sum = math.madd(number(c3), t, number(c2));
      return math.madd(math.madd(sum, t, number(c1)), t, number(c0));
    };
    bool isNear = tap == 0 || tap == 1;
    return isNear ? polynomial(a + 2, -(a + 3), 0, 1) : polynomial(a, -5 * a, 8 * a, -4 * a);
  }

  ResizeOp op;
  Evaluator &evaluator;
  KernelBuilder &builder;
  Arithmetic math;
  SmallVector<AffineExpr> input, output;
};

} // namespace

Division loopResize(ResizeOp op, Emission &emission) {
  LoopNest nest(emission);
  Resizer resizer(op, nest);
  Type element = getElementTypeOrSelf(op.getType());
  Arithmetic math(nest.builder, element);
  size_t rank = cast<RankedTensorType>(op.getType()).getRank();
  bool isLastCopied = rank > 0 && !resizer.isResized(rank - 1);
  return nest.forEachElement(op.getOutput(), isLastCopied, 20, [&](Point point, const Lanes *lanes) {
    SmallVector<SmallVector<Tap>> taps;
    for (auto [axis, index] : llvm::enumerate(point))
      taps.push_back(resizer.taps(axis, index));
    Point from(rank);
    std::function<Value(size_t)> sum = [&](size_t axis) -> Value {
      if (axis == rank)
        return math.widen(nest.evaluator.evaluate(op.getInput(), from, lanes));
      Value total;
      for (const Tap &tap : taps[axis]) {
        from[axis] = tap.index;
        Value part = sum(axis + 1);
        if (!tap.weight)
          return part;
        Value weight = tap.weight;
        if (element.isF64())
          weight = nest.builder.create<arith::ExtFOp>(element, weight);
        if (lanes)
          weight = nest.builder.splat(weight, lanes->count);
        part = math.mul(part, weight);
        total = total ? math.add(total, part) : part;
      }
      return total;
    };
    return math.narrow(sum(0));
  });
}

} // namespace ingot::cpu
