//===- ResizeRule.h - Which elements a resize samples -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Along each axis an output element is a weighted sum of a few input elements; axes are independent of each other. The
// rule that names them is ONNX's (operator Resize), written once for two kinds of numbers: code that a kernel runs, for
// sizes or indices that are open, and the compiler's own float32 numbers, which fill tables.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_LOOPS_RESIZERULE_H
#define INGOT_CODEGEN_LOOPS_RESIZERULE_H

#include "codegen/loops/Loops.h"
#include <optional>

namespace ingot::cpu {

/// One axis of a resize. `Numbers` has a type Number (float32) and its operations.
template <typename Numbers>
class ResizeRule {
public:
  using Number = typename Numbers::Number;

  /// A position among the input's elements, a whole number that may lie outside (then the nearest element that exists
  /// is meant), and its weight (none: 1).
  struct Sample {
    Number position;
    std::optional<Number> weight;
  };

  /// `input` and `output` are the axis's extents.
  ResizeRule(ResizeOp op, size_t axis, Numbers &numbers, Number input, Number output)
      : op(op), numbers(numbers), input(input), output(output) {
    double known = op.getScales()[axis];
    scale = known == 0 ? numbers.div(output, input) : number(known);
  }

  /// What is summed for output element `index`.
  llvm::SmallVector<Sample> samples(Number index) {
    Number x = coordinate(index);
    if (op.getMode() == ResizeMode::Nearest)
      return {{nearest(x), std::nullopt}};
    return op.getMode() == ResizeMode::Linear ? linear(x) : cubic(x);
  }

private:
  Number number(double value) { return numbers.constant(value); }

  /// Where output element `x` lies among the input's.
  Number coordinate(Number x) {
    auto halfPixel = [&] {
      Number middle = numbers.div(numbers.add(x, number(0.5)), scale);
      return numbers.sub(middle, number(0.5));
    };
    switch (op.getCoordinates()) {
    case CoordinateMode::HalfPixel:
      return halfPixel();
    case CoordinateMode::Asymmetric:
      return numbers.div(x, scale);
    case CoordinateMode::AlignCorners: {
      Number span = numbers.max(numbers.sub(output, number(1)), number(1));
      return numbers.div(numbers.mul(x, numbers.sub(input, number(1))), span);
    }
    case CoordinateMode::PytorchHalfPixel:
      return numbers.select(numbers.less(number(1), output), halfPixel(), number(0));
    case CoordinateMode::HalfPixelSymmetric: {
      Number adjustment = numbers.div(output, numbers.mul(scale, input));
      Number offset = numbers.mul(numbers.mul(input, number(0.5)), numbers.sub(number(1), adjustment));
      return numbers.add(offset, halfPixel());
    }
    }
    llvm_unreachable("a coordinate mode of its own");
  }

  Number nearest(Number x) {
    switch (op.getRounding()) {
    case RoundingMode::RoundPreferFloor:
      return numbers.ceil(numbers.sub(x, number(0.5)));
    case RoundingMode::RoundPreferCeil:
      return numbers.floor(numbers.add(x, number(0.5)));
    case RoundingMode::Floor:
      return numbers.floor(x);
    case RoundingMode::Ceil:
      return numbers.ceil(x);
    }
    llvm_unreachable("a rounding mode of its own");
  }

  llvm::SmallVector<Sample> linear(Number x) {
    x = numbers.max(numbers.min(x, numbers.sub(input, number(1))), number(0));
    Number low = numbers.floor(x), share = numbers.sub(x, low);
    return {{low, numbers.sub(number(1), share)}, {numbers.add(low, number(1)), share}};
  }

  llvm::SmallVector<Sample> cubic(Number x) {
    Number low = numbers.floor(x), share = numbers.sub(x, low), total = number(0);
    llvm::SmallVector<Sample> samples;
    for (int i = -1; i <= 2; ++i) {
      Number position = numbers.add(low, number(i));
      Number weight = cubicWeight(numbers.abs(numbers.sub(share, number(i))), i);
      if (op.getExcludeOutside()) {
        weight = numbers.select(numbers.less(position, number(0)), number(0), weight);
        weight = numbers.select(numbers.less(numbers.sub(input, number(1)), position), number(0), weight);
      }
      total = numbers.add(total, weight);
      samples.push_back({position, weight});
    }
    if (op.getExcludeOutside())
      for (Sample &sample : samples)
        sample.weight = numbers.div(*sample.weight, total);
    return samples;
  }

  // |t| <= 1: (a+2)|t|^3 - (a+3)|t|^2 + 1;  1 < |t| < 2: a|t|^3 - 5a|t|^2 + 8a|t| - 4a
  Number cubicWeight(Number t, int sample) {
    double a = op.getCubicCoefficient().convertToDouble();
    auto polynomial = [&](double c3, double c2, double c1, double c0) {
      Number sum = numbers.madd(number(c3), t, number(c2));
      return numbers.madd(numbers.madd(sum, t, number(c1)), t, number(c0));
    };
    bool isNear = sample == 0 || sample == 1;
    return isNear ? polynomial(a + 2, -(a + 3), 0, 1) : polynomial(a, -5 * a, 8 * a, -4 * a);
  }

  ResizeOp op;
  Numbers &numbers;
  Number input, output, scale;
};

/// An input index along one axis and its weight (f32, a vector where lanes were asked for; null: 1).
struct Tap {
  mlir::AffineExpr index;
  mlir::Value weight;
};

/// What the axes of a resize sample, as code.
class ResizeTaps {
public:
  ResizeTaps(ResizeOp op, Evaluator &evaluator);
  /// Whether the axis is more than a copy.
  bool isResized(size_t axis);
  /// For the output's element `index` along the axis, or, with lanes, for it and those that follow.
  llvm::SmallVector<Tap> at(size_t axis, mlir::AffineExpr index, const Lanes *lanes = nullptr);

private:
  ResizeOp op;
  Evaluator &evaluator;
  llvm::SmallVector<mlir::AffineExpr> input, output;
};

} // namespace ingot::cpu

#endif
