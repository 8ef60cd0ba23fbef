//===- pool.cpp - Plain loops for pooling ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/loops/Loops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

/// A place of the window over an output element: the input's point there, and whether it lies inside.
struct Tap {
  Point point;
  Value isInside;
  /// Whether it lies inside the input or its padding (a window of `ceil_mode` may stick out of both).
  Value isPadded;
};

template <typename Op>
Tap tapAt(LoopNest &nest, Op op, ArrayRef<AffineExpr> point, ArrayRef<AffineExpr> w) {
  Evaluator &evaluator = nest.evaluator;
  SmallVector<AffineExpr> dims = evaluator.dims(op.getInput());
  Tap tap{{point[0]}, {}, {}};
  for (size_t i = 0; i < w.size(); ++i) {
    AffineExpr padded = point[i + 1] * op.getStrides()[i] + w[i] * op.getDilations()[i];
    Index at = evaluator.materialize(simplifyDimension(padded - op.getLow()[i]));
    tap.isInside = nest.both(tap.isInside, nest.isInside(at, dims[i + 1]));
    tap.isPadded = nest.both(tap.isPadded, nest.builder.less(at, evaluator.materialize(dims[i + 1] + op.getHigh()[i])));
    tap.point.push_back(evaluator.variable(at, dims[i + 1]));
  }
  tap.point.push_back(point.back());
  return tap;
}

SmallVector<AffineExpr> windowOf(Evaluator &evaluator, ArrayRef<int64_t> window) {
  return llvm::map_to_vector(window, [&](int64_t size) { return evaluator.constant(size); });
}

} // namespace

// output[n, y, c] = max over w of input[n, y * stride + w * dilation - low, c]
Division loopMaxPool(MaxPoolOp op, Emission &emission) {
  LoopNest nest(emission);
  Arithmetic math(nest.builder, getElementTypeOrSelf(op.getType()));
  SmallVector<AffineExpr> window = windowOf(nest.evaluator, op.getWindow());
  return nest.forEachElement(op.getOutput(), true, roughly(window), [&](Point point, const Lanes *lanes) {
    auto atWindow = [&](ArrayRef<AffineExpr> w, ValueRange carried) {
      Tap tap = tapAt(nest, op, point, w);
      return nest.onlyIf(tap.isInside, carried, [&] {
        Value x = math.widen(nest.evaluator.evaluate(op.getInput(), tap.point, lanes));
        return SmallVector<Value>{math.max(x, carried[0])};
      });
    };
    return math.narrow(nest.loops(window, math.least(lanes), atWindow)[0]);
  });
}

// output[n, y, c] = mean over w of input[n, y * stride + w * dilation - low, c]
Division loopAvgPool(AvgPoolOp op, Emission &emission) {
  LoopNest nest(emission);
  KernelBuilder &builder = nest.builder;
  Arithmetic math(builder, getElementTypeOrSelf(op.getType()));
  SmallVector<AffineExpr> window = windowOf(nest.evaluator, op.getWindow());
  return nest.forEachElement(op.getOutput(), true, roughly(window), [&](Point point, const Lanes *lanes) {
    auto atWindow = [&](ArrayRef<AffineExpr> w, ValueRange carried) {
      Tap tap = tapAt(nest, op, point, w);
      SmallVector<Value> sum = nest.onlyIf(tap.isInside, carried[0], [&] {
        return SmallVector<Value>{
            math.add(carried[0], math.widen(nest.evaluator.evaluate(op.getInput(), tap.point, lanes)))};
      });
      Value counts = op.getCountIncludePad() ? tap.isPadded : tap.isInside;
      Value one = builder.create<arith::ExtUIOp>(builder.op().getI64Type(), counts);
      return SmallVector<Value>{sum[0], builder.value(builder.add(carried[1], one))};
    };
    SmallVector<Value> sums = nest.loops(window, {math.number(0, lanes), builder.value(0)}, atWindow);
    return math.narrow(math.div(sums[0], math.fromIndex(builder.max(sums[1], 1), lanes)));
  });
}

} // namespace ingot::cpu
