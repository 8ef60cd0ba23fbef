//===- conv.cpp - Plain loops for convolutions ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/loops/Loops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

AffineExpr perGroup(AffineExpr channels, int64_t groups) { return simplifyDimension(channels.floorDiv(groups)); }

/// Where a convolution reads its input for a pixel of its result and a tap of its window, pixel * stride + tap *
/// dilation - low along each axis: appended to `from`. Returns whether all of it is inside of the input.
template <typename Op>
Value readAt(Op op, LoopNest &nest, ArrayRef<AffineExpr> pixel, ArrayRef<AffineExpr> tap, Point &from) {
  SmallVector<AffineExpr> input = nest.evaluator.dims(op.getInput());
  Value inside;
  for (size_t i = 0; i < tap.size(); ++i) {
    AffineExpr place = pixel[i] * op.getStrides()[i] + tap[i] * op.getDilations()[i] - op.getLow()[i];
    Index at = nest.evaluator.materialize(simplifyDimension(place));
    inside = nest.both(inside, nest.isInside(at, input[i + 1]));
    from.push_back(nest.evaluator.variable(at, input[i + 1]));
  }
  return inside;
}

/// `sum` and the product of two tensors' elements.
SmallVector<Value> addProduct(LoopNest &nest, Arithmetic &math, const Lanes *lanes, Value sum,
                              std::pair<Value, Point> left, std::pair<Value, Point> right) {
  Value x = math.widen(nest.evaluator.evaluate(left.first, left.second, lanes));
  Value y = math.widen(nest.evaluator.evaluate(right.first, right.second, lanes));
  return {math.madd(x, y, sum)};
}

} // namespace

// output[n, y, f] = sum of input[n, y * stride + w * dilation - low, g(f) * C/groups + c] * filter[w, c, f]
Division loopConv(ConvOp op, Emission &emission) {
  LoopNest nest(emission);
  Evaluator &evaluator = nest.evaluator;
  Arithmetic math(nest.builder, getElementTypeOrSelf(op.getType()));
  SmallVector<AffineExpr> filter = evaluator.dims(op.getFilter());
  size_t spatial = filter.size() - 2;
  ArrayRef<AffineExpr> window = ArrayRef(filter).take_front(spatial);
  AffineExpr channels = filter[spatial], filters = perGroup(filter.back(), op.getGroups());
  auto element = [&](Point point, const Lanes *lanes) {
    AffineExpr firstChannel = op.getGroups() == 1 ? evaluator.constant(0) : point.back().floorDiv(filters) * channels;
    auto atWindow = [&](ArrayRef<AffineExpr> w, ValueRange carried) {
      Point from{point[0]};
      Value inside = readAt(op, nest, ArrayRef(point).slice(1, spatial), w, from);
      return nest.onlyIf(inside, carried, [&] {
        return nest.loops(channels, carried, [&](ArrayRef<AffineExpr> c, ValueRange sum) {
          Point source(from), tap(w);
          source.push_back(evaluator.simplify(firstChannel + c[0]));
          tap.append({c[0], point.back()});
          return addProduct(nest, math, lanes, sum[0], {op.getInput(), source}, {op.getFilter(), tap});
        });
      });
    };
    return math.narrow(nest.loops(window, math.number(0, lanes), atWindow)[0]);
  };
  return nest.forEachElement(op.getOutput(), true, roughly(window) * roughly(channels), element);
}

// output[n, y, f] = sum over w, x with x * stride + w * dilation - low = y of input[n, x, c] * filter[w, f, c]
Division loopConvTranspose(ConvTransposeOp op, Emission &emission) {
  LoopNest nest(emission);
  Evaluator &evaluator = nest.evaluator;
  KernelBuilder &builder = nest.builder;
  Arithmetic math(builder, getElementTypeOrSelf(op.getType()));
  SmallVector<AffineExpr> input = evaluator.dims(op.getInput()), filter = evaluator.dims(op.getFilter());
  size_t spatial = input.size() - 2;
  ArrayRef<AffineExpr> window = ArrayRef(filter).take_front(spatial);
  AffineExpr filters = filter[spatial], channels = perGroup(filter.back(), op.getGroups());
  auto element = [&](Point point, const Lanes *lanes) {
    bool isGrouped = op.getGroups() != 1;
    AffineExpr firstChannel = isGrouped ? point.back().floorDiv(filters) * channels : evaluator.constant(0);
    AffineExpr number = isGrouped ? point.back() % filters : point.back();
    auto atWindow = [&](ArrayRef<AffineExpr> w, ValueRange carried) {
      Value inside;
      Point from{point[0]};
      for (size_t i = 0; i < spatial; ++i) {
        int64_t stride = op.getStrides()[i];
        AffineExpr sum = point[i + 1] + op.getLow()[i] - w[i] * op.getDilations()[i];
        Value total = builder.value(evaluator.materialize(simplifyDimension(sum)));
        Value step = builder.value(stride), zero = builder.value(0);
        Value rest = builder.create<arith::RemSIOp>(total, step), at = builder.create<arith::DivSIOp>(total, step);
        if (stride != 1)
          inside = nest.both(inside, builder.create<arith::CmpIOp>(arith::CmpIPredicate::eq, rest, zero));
        // Division truncates: -1 / 2 is 0, but then the remainder is not 0.
        inside = nest.both(inside, nest.isInside(at, input[i + 1]));
        from.push_back(evaluator.variable(at, input[i + 1]));
      }
      return nest.onlyIf(inside, carried, [&] {
        return nest.loops(channels, carried, [&](ArrayRef<AffineExpr> c, ValueRange sum) {
          Point source(from), tap(w);
          AffineExpr channel = evaluator.simplify(firstChannel + c[0]);
          source.push_back(channel);
          tap.append({evaluator.simplify(number), channel});
          return addProduct(nest, math, lanes, sum[0], {op.getInput(), source}, {op.getFilter(), tap});
        });
      });
    };
    return math.narrow(nest.loops(window, math.number(0, lanes), atWindow)[0]);
  };
  return nest.forEachElement(op.getOutput(), true, roughly(window) * roughly(channels), element);
}

// output[w, c, f] = sum over n, y of input[n, y * stride + w * dilation - low, g(f) * C/groups + c] * gradient[n, y, f]
Division loopConvFilterGradient(ConvFilterGradientOp op, Emission &emission) {
  LoopNest nest(emission);
  Evaluator &evaluator = nest.evaluator;
  Arithmetic math(nest.builder, getElementTypeOrSelf(op.getType()));
  SmallVector<AffineExpr> input = evaluator.dims(op.getInput()), pixels = evaluator.dims(op.getGradient());
  size_t spatial = op.getWindow().size();
  AffineExpr filters = perGroup(pixels.pop_back_val(), op.getGroups());
  AffineExpr channels = perGroup(input.back(), op.getGroups());
  auto element = [&](Point point, const Lanes *lanes) {
    AffineExpr group = op.getGroups() == 1 ? evaluator.constant(0) : point.back().floorDiv(filters);
    AffineExpr channel = evaluator.simplify(group * channels + point[spatial]);
    auto atPixel = [&](ArrayRef<AffineExpr> pixel, ValueRange carried) {
      Point from{pixel[0]}, to(pixel);
      Value inside = readAt(op, nest, pixel.drop_front(), ArrayRef(point).take_front(spatial), from);
      from.push_back(channel);
      to.push_back(point.back());
      return nest.onlyIf(inside, carried, [&] {
        return addProduct(nest, math, lanes, carried[0], {op.getInput(), from}, {op.getGradient(), to});
      });
    };
    return math.narrow(nest.loops(pixels, math.number(0, lanes), atPixel)[0]);
  };
  return nest.forEachElement(op.getOutput(), true, roughly(pixels), element);
}

} // namespace ingot::cpu
