//===- conv.cpp - Gradient rules: conv -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/GradientRules.h"

using namespace mlir;

namespace ingot {
namespace {

/// dx for y = conv(x, weights), in the shape `target`. The extent of a transposed convolution leaves out what the
/// strides skipped at the end of x; where symbols hide how much that is, it is made too large and cut.
template <typename Op>
Value inputGradient(Op op, Gradient &g, Value dy, Value weights, ArrayRef<AffineExpr> target) {
  SmallVector<AffineExpr> from = g.dims(dy), filter = g.dims(weights);
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
  Value dx = g.make<ConvTransposeOp>(dy, weights, op.getStrides(), op.getDilations(), op.getLow(), ArrayRef(high),
                                     ArrayRef(more), op.getGroups());
  if (!isLarger)
    return dx;
  return g.slice(dx, SmallVector<AffineExpr>(target.size(), g.scope().constant(0)),
                 SmallVector<int64_t>(target.size(), 1), target);
}

/// conv(x, filter) in the shape `target`: a transposed convolution's output padding may reach another stride.
template <typename Op>
Value convolve(Op op, Gradient &g, Value x, Value filter, ArrayRef<AffineExpr> target) {
  Value y = g.make<ConvOp>(x, filter, op.getStrides(), op.getDilations(), op.getLow(), op.getHigh(), op.getGroups());
  if (!y || g.dims(y) == SmallVector<AffineExpr>(target))
    return y;
  return g.slice(y, SmallVector<AffineExpr>(target.size(), g.scope().constant(0)),
                 SmallVector<int64_t>(target.size(), 1), target);
}

template <typename Op>
Value filterGradient(Op op, Gradient &g, Value x, Value dy) {
  SmallVector<AffineExpr> filter = g.dims(op.getFilter());
  SmallVector<int64_t> window;
  for (AffineExpr extent : ArrayRef(filter).drop_back(2)) {
    auto known = constantValue(extent);
    if (!known) {
      g.notSupported("a filter whose window depends on symbols");
      return {};
    }
    window.push_back(*known);
  }
  return g.make<ConvFilterGradientOp>(x, dy, ArrayRef(window), op.getStrides(), op.getDilations(), op.getLow(),
                                      op.getHigh(), op.getGroups());
}

} // namespace

void convGradients(GradientRules &rules) {
  // y = conv(x, f)   =>   dx = conv_transpose(dy, f), df = conv_filter_gradient(x, dy)
  rules.add<ConvOp>([](ConvOp op, Gradient &g) {
    if (g.wantsInput(0))
      g.toInput(0, inputGradient(op, g, g.ofOutput(), op.getFilter(), g.dims(op.getInput())));
    if (g.wantsInput(1))
      g.toInput(1, filterGradient(op, g, op.getInput(), g.ofOutput()));
  });
  // y = conv_transpose(x, f)   =>   dx = conv(dy, f), df = conv_filter_gradient(dy, x)
  rules.add<ConvTransposeOp>([](ConvTransposeOp op, Gradient &g) {
    if (g.wantsInput(0))
      g.toInput(0, convolve(op, g, g.ofOutput(), op.getFilter(), g.dims(op.getInput())));
    if (g.wantsInput(1))
      g.toInput(1, filterGradient(op, g, g.ofOutput(), op.getInput()));
  });
  // f = conv_filter_gradient(x, y)   =>   dx = conv_transpose(y, df), dy = conv(x, df)
  rules.add<ConvFilterGradientOp>([](ConvFilterGradientOp op, Gradient &g) {
    if (g.wantsInput(0))
      g.toInput(0, inputGradient(op, g, op.getGradient(), g.ofOutput(), g.dims(op.getInput())));
    if (g.wantsInput(1))
      g.toInput(1, convolve(op, g, op.getInput(), g.ofOutput(), g.dims(op.getGradient())));
  });
}

} // namespace ingot
