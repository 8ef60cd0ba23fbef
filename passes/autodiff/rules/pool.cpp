//===- pool.cpp - Gradient rules: pool -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/GradientRules.h"

using namespace mlir;

namespace ingot {
namespace {

/// [0, amounts..., 0]: padding of the spatial axes alone.
SmallVector<int64_t> spatialOnly(ArrayRef<int64_t> amounts) {
  SmallVector<int64_t> all{0};
  all.append(amounts.begin(), amounts.end());
  all.push_back(0);
  return all;
}

/// What a last window of ceil_mode may need beyond the padding.
template <typename Pool>
SmallVector<int64_t> highWithOverhang(Pool op) {
  SmallVector<int64_t> high(op.getHigh());
  for (auto [amount, stride] : llvm::zip(high, op.getStrides()))
    amount += op.getCeilMode() ? stride - 1 : 0;
  return high;
}

/// Calls `visit` with the place of each element of the window.
void forEachTap(ArrayRef<int64_t> window, llvm::function_ref<void(ArrayRef<int64_t>)> visit) {
  SmallVector<int64_t> tap(window.size(), 0);
  for (bool isDone = false; !isDone;) {
    visit(tap);
    isDone = true;
    for (size_t axis = window.size(); axis-- > 0 && isDone;) {
      tap[axis] = (tap[axis] + 1) % window[axis];
      isDone = tap[axis] == 0;
    }
  }
}

/// y = max over w of x[o * stride + w * dilation - low]   =>   dx there += dy where that element is y and none before
/// it in its window was. One strided view of x for each w, compared with y.
void maxPool(MaxPoolOp op, Gradient &g) {
  SmallVector<int64_t> low = spatialOnly(op.getLow()), high = spatialOnly(highWithOverhang(op)),
                       step = spatialOnly(op.getStrides());
  step.front() = step.back() = 1;
  Value padded = g.pad(op.getInput(), low, high, -std::numeric_limits<double>::infinity());
  Value y = op.getOutput(), isFree, sum;
  forEachTap(op.getWindow(), [&](ArrayRef<int64_t> tap) {
    SmallVector<AffineExpr> start(low.size(), g.scope().constant(0));
    for (size_t axis = 0; axis < tap.size(); ++axis)
      start[axis + 1] = g.scope().constant(tap[axis] * op.getDilations()[axis]);
    Value isMax = g.equal(g.slice(padded, start, step, g.dims(y)), y);
    Value isFirst = isFree ? g.make<AndOp>(isMax, isFree) : isMax, isLess = g.make<NotOp>(isMax);
    isFree = isFree ? g.make<AndOp>(isFree, isLess) : isLess;
    Value placed = g.place(g.where(isFirst, g.ofOutput()), start, step, g.dims(padded));
    sum = sum ? g.add(sum, placed) : placed;
  });
  for (auto [before, behind] : llvm::zip(low, high)) {
    before = -before;
    behind = -behind;
  }
  g.toInput(0, g.pad(sum, low, high));
}

bool isAll(ArrayRef<int64_t> numbers, int64_t number) {
  return llvm::all_of(numbers, [&](int64_t each) { return each == number; });
}

/// How many elements each window averages.
Value averaged(AvgPoolOp op, Gradient &g) {
  int64_t size = 1;
  for (int64_t extent : op.getWindow())
    size *= extent;
  if (!op.getCeilMode() && (op.getCountIncludePad() || (isAll(op.getLow(), 0) && isAll(op.getHigh(), 0))))
    return g.scalar(double(size), op.getInput());
  // Counts them by a convolution of ones, which is constant for constant extents.
  SmallVector<AffineExpr> extents = g.dims(op.getInput()), window;
  extents.front() = extents.back() = g.scope().constant(1);
  for (int64_t extent : op.getWindow())
    window.push_back(g.scope().constant(extent));
  window.append(2, g.scope().constant(1));
  Value ones = g.broadcast(g.scalar(1, op.getInput()), extents),
        filter = g.broadcast(g.scalar(1, op.getInput()), window);
  SmallVector<int64_t> low = spatialOnly(op.getLow()), high = spatialOnly(op.getHigh()), none(op.getWindow().size(), 0);
  ones = g.pad(ones, low, high, op.getCountIncludePad() ? 1 : 0);
  SmallVector<int64_t> overhang(low.size(), 0);
  for (size_t axis = 1; axis + 1 < low.size(); ++axis)
    overhang[axis] = op.getCeilMode() ? op.getStrides()[axis - 1] - 1 : 0;
  ones = g.pad(ones, SmallVector<int64_t>(low.size(), 0), overhang);
  Value counts = g.make<ConvOp>(ones, filter, op.getStrides(), op.getDilations(), ArrayRef(none), ArrayRef(none), 1);
  SmallVector<AffineExpr> out = g.dims(op.getOutput());
  out.front() = out.back() = g.scope().constant(1);
  return g.slice(counts, SmallVector<AffineExpr>(out.size(), g.scope().constant(0)),
                 SmallVector<int64_t>(out.size(), 1), out);
}

/// Each element repeated over a window that touches no other: [N, h, 1, w, 1, C] repeated to [N, h, kh, w, kw, C].
Value repeatedOverWindows(AvgPoolOp op, Gradient &g, Value each) {
  SmallVector<AffineExpr> out = g.dims(each), split{out.front()}, repeated{out.front()};
  for (size_t axis = 0; axis < op.getWindow().size(); ++axis) {
    split.append({out[axis + 1], g.scope().constant(1)});
    repeated.append({out[axis + 1], g.scope().constant(op.getWindow()[axis])});
  }
  split.push_back(out.back());
  repeated.push_back(out.back());
  return g.reshapeLike(g.broadcast(g.reshape(each, split), repeated), op.getInput());
}

bool tilesInput(AvgPoolOp op, Gradient &g) {
  if (op.getWindow() != op.getStrides() || !isAll(op.getDilations(), 1) || !isAll(op.getLow(), 0) ||
      !isAll(op.getHigh(), 0))
    return false;
  SmallVector<AffineExpr> in = g.dims(op.getInput()), out = g.dims(op.getOutput());
  for (size_t axis = 0; axis < op.getWindow().size(); ++axis)
    if (constantValue(simplifyDimension(in[axis + 1] - out[axis + 1] * op.getWindow()[axis])) != 0)
      return false;
  return true;
}

/// y = mean of each window of x   =>   dx[o * stride + w * dilation - low] += dy[o] / count[o]
void averagePool(AvgPoolOp op, Gradient &g) {
  Value each = g.div(g.ofOutput(), averaged(op, g));
  if (tilesInput(op, g))
    return g.toInput(0, repeatedOverWindows(op, g, each));
  SmallVector<int64_t> low = spatialOnly(op.getLow()), high = spatialOnly(highWithOverhang(op)),
                       step = spatialOnly(op.getStrides());
  step.front() = step.back() = 1;
  SmallVector<AffineExpr> target = g.dims(op.getInput());
  for (size_t axis = 0; axis < target.size(); ++axis)
    target[axis] = simplifyDimension(target[axis] + low[axis] + high[axis]);
  Value sum;
  forEachTap(op.getWindow(), [&](ArrayRef<int64_t> tap) {
    SmallVector<AffineExpr> start(low.size(), g.scope().constant(0));
    for (size_t axis = 0; axis < tap.size(); ++axis)
      start[axis + 1] = g.scope().constant(tap[axis] * op.getDilations()[axis]);
    Value placed = g.place(each, start, step, target);
    sum = sum ? g.add(sum, placed) : placed;
  });
  for (auto [before, behind] : llvm::zip(low, high)) {
    before = -before;
    behind = -behind;
  }
  g.toInput(0, g.pad(sum, low, high));
}

/// y = M x along each axis that is resampled, with constant weights M   =>   dx = M^T dy. Resampling the unit matrix
/// gives M.
void resized(ResizeOp op, Gradient &g) {
  Value result = g.ofOutput();
  Type element = getElementTypeOrSelf(result), i64 = IntegerType::get(g.getContext(), 64);
  for (int64_t axis : TensorBuilder::allAxes(op.getInput())) {
    AffineExpr in = g.dims(op.getInput())[axis], out = g.dims(op.getOutput())[axis];
    double scale = op.getScales()[axis];
    if (in == out && scale == 1)
      continue;
    Value unit = g.cast(g.equal(g.iota({in, in}, 0, i64), g.iota({in, in}, 1, i64)), element);
    Value weights =
        g.makeAs<ResizeOp>(g.scope().tensor({out, in}, element), unit, ArrayRef<double>{scale, 1.0}, op.getMode(),
                           op.getCoordinates(), op.getRounding(), op.getCubicCoefficient(), op.getExcludeOutside());
    SmallVector<int64_t> last = TensorBuilder::allAxes(result);
    std::swap(last[axis], last.back());
    Value moved = g.transpose(result, last);
    SmallVector<AffineExpr> dims = g.dims(moved);
    Value rows = g.reshape(moved, {product(ArrayRef(dims).drop_back(), g.getContext()), out});
    dims.back() = in;
    result = g.transpose(g.reshape(g.make<MatmulOp>(rows, weights), dims), last);
  }
  g.toInput(0, result);
}

} // namespace

void poolGradients(GradientRules &rules) {
  rules.add<MaxPoolOp>(maxPool);
  rules.add<AvgPoolOp>(averagePool);
  rules.add<ResizeOp>(resized);
}

} // namespace ingot
