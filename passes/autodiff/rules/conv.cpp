//===- conv.cpp - Gradient rules: conv -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/GradientRules.h"

using namespace mlir;

namespace ingot {
namespace {

/// dx for y = conv(x, filter), in the shape `target`. The extent of a transposed convolution leaves out what the
/// strides skipped at the end of x; where symbols hide how much that is, it is made too large and cut.
template <typename Op>
Value inputGradient(Op op, Gradient &g, Value dy, ArrayRef<AffineExpr> target) {
  SmallVector<AffineExpr> from = g.dims(dy), filter = g.dims(op.getFilter());
  SmallVector<int64_t> high(op.getHigh()), more;
  bool isLarger = false;
  for (size_t i = 0; i < high.size(); ++i) {
    int64_t stride = op.getStrides()[i];
    AffineExpr reach =
        (from[i + 1] - 1) * stride + (filter[i] - 1) * op.getDilations()[i] + 1 - op.getLow()[i] - high[i];
    auto missing = constantValue(simplifyDimension(target[i + 1] - reach));
    isLarger |= !missing;
    more.push_back(missing ? std::max<int64_t>(*missing, 0) : stride - 1);
    high[i] += missing ? std::max<int64_t>(-*missing, 0) : 0;
  }
  Value dx = g.make<ConvTransposeOp>(dy, op.getFilter(), op.getStrides(), op.getDilations(), op.getLow(),
                                     ArrayRef(high), ArrayRef(more), op.getGroups());
  if (!isLarger)
    return dx;
  return g.slice(dx, SmallVector<AffineExpr>(target.size(), g.scope().constant(0)),
                 SmallVector<int64_t>(target.size(), 1), target);
}

/// The filter gradient of a 1x1 convolution without padding: a^T b over all pixels.
Value pointwiseFilterGradient(Gradient &g, Value x, Value dy, ArrayRef<int64_t> strides, ArrayRef<AffineExpr> filter) {
  SmallVector<AffineExpr> in = g.dims(x), out = g.dims(dy), read = out;
  read.back() = in.back();
  SmallVector<int64_t> step(in.size(), 1);
  llvm::copy(strides, step.begin() + 1);
  if (llvm::any_of(strides, [](int64_t stride) { return stride != 1; }))
    x = g.slice(x, SmallVector<AffineExpr>(in.size(), g.scope().constant(0)), step, read);
  AffineExpr pixels = product(ArrayRef(out).drop_back(), g.getContext());
  Value columns = g.transposeLast(g.reshape(x, {pixels, in.back()}));
  return g.reshape(g.make<MatmulOp>(columns, g.reshape(dy, {pixels, out.back()})), filter);
}

/// dfilter[w, c, f] = sum over n and y of x[n, y * stride + w * dilation - low, c] * dy[n, y, f]: itself a convolution,
/// of x with dy, in which channels and batch change places (the batch is summed over), and strides and dilations too.
/// Groups divide the channels on both sides; each group's batch is a group of input channels.
template <typename Op>
Value filterGradient(Op op, Gradient &g, Value x, Value dy) {
  SmallVector<AffineExpr> in = g.dims(x), filter = g.dims(op.getFilter());
  int64_t spatial = in.size() - 2, groups = op.getGroups();
  auto isOne = [&](AffineExpr size) { return constantValue(size) == 1; };
  auto isZero = [](int64_t size) { return size == 0; };
  if (groups == 1 && llvm::all_of(ArrayRef(filter).take_front(spatial), isOne) && llvm::all_of(op.getLow(), isZero) &&
      llvm::all_of(op.getHigh(), isZero))
    return pointwiseFilterGradient(g, x, dy, op.getStrides(), filter);

  AffineExpr perGroup = filter[spatial];
  SmallVector<AffineExpr> split(in.begin(), in.end() - 1), joined{perGroup};
  split.append({g.scope().constant(groups), perGroup});
  SmallVector<int64_t> channelsFirst{spatial + 2}, pixelsFirst;
  for (int64_t axis = 1; axis <= spatial; ++axis) {
    channelsFirst.push_back(axis);
    pixelsFirst.push_back(axis);
    joined.push_back(in[axis]);
  }
  channelsFirst.append({spatial + 1, 0});
  pixelsFirst.append({0, spatial + 1});
  joined.push_back(in[0] * groups);
  Value image = g.reshape(g.transpose(g.reshape(x, split), channelsFirst), joined);
  Value kernel = g.transpose(dy, pixelsFirst);
  Value result = g.make<ConvOp>(image, kernel, op.getDilations(), op.getStrides(), op.getLow(), op.getHigh(), groups);
  if (!result)
    return {};
  // Where the strides skipped the end of x, there are more positions than the window has.
  SmallVector<AffineExpr> wanted{perGroup};
  wanted.append(filter.begin(), filter.begin() + spatial);
  wanted.push_back(filter.back());
  if (g.dims(result) != wanted)
    result = g.slice(result, SmallVector<AffineExpr>(wanted.size(), g.scope().constant(0)),
                     SmallVector<int64_t>(wanted.size(), 1), wanted);
  return g.transpose(result, pixelsFirst);
}

} // namespace

void convGradients(GradientRules &rules) {
  // y = conv(x, f)   =>   dx = conv_transpose(dy, f), df = conv over the batch of x with dy
  rules.add<ConvOp>([](ConvOp op, Gradient &g) {
    if (g.wantsInput(0))
      g.toInput(0, inputGradient(op, g, g.ofOutput(), g.dims(op.getInput())));
    if (g.wantsInput(1))
      g.toInput(1, filterGradient(op, g, op.getInput(), g.ofOutput()));
  });
  // y = conv_transpose(x, f)   =>   dx = conv(dy, f), df = conv over the batch of dy with x
  rules.add<ConvTransposeOp>([](ConvTransposeOp op, Gradient &g) {
    SmallVector<AffineExpr> target = g.dims(op.getInput());
    if (g.wantsInput(0)) {
      Value dx = g.make<ConvOp>(g.ofOutput(), op.getFilter(), op.getStrides(), op.getDilations(), op.getLow(),
                                op.getHigh(), op.getGroups());
      if (dx && g.dims(dx) != target) // output padding that reaches another stride
        dx = g.slice(dx, SmallVector<AffineExpr>(target.size(), g.scope().constant(0)),
                     SmallVector<int64_t>(target.size(), 1), target);
      g.toInput(0, dx);
    }
    if (g.wantsInput(1))
      g.toInput(1, filterGradient(op, g, g.ofOutput(), op.getInput()));
  });
}

} // namespace ingot
