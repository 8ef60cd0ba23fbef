//===- reduce.cpp - Gradient rules: reduce -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/GradientRules.h"

using namespace mlir;

namespace ingot {
namespace {

void sums(ReduceOp op, Gradient &g) {
  // y = sum of x   =>   dx = dy;      y = mean of x   =>   dx = dy / count
  Value dy = g.ofOutput();
  g.toInput(0, op.getKind() == ReduceKind::Sum ? dy : g.div(dy, g.count(op.getInput(), op.getAxes())));
}

/// y = max of x (or min)   =>   dx = dy / n where x = y, for the n elements that do
void extrema(ReduceOp op, Gradient &g) {
  Type element = getElementTypeOrSelf(op.getInput());
  Value isExtreme = g.cast(g.equal(op.getInput(), op.getOutput()), element);
  g.toInput(0, g.mul(isExtreme, g.div(g.ofOutput(), g.sum(isExtreme, op.getAxes()))));
}

/// y = product of x   =>   dx = dy * (product of what lies before) * (product of what lies behind): right beside zeros,
/// too
void products(ReduceOp op, Gradient &g) {
  ArrayRef<int64_t> axes = op.getAxes();
  SmallVector<int64_t> order, inverse(g.dims(op.getInput()).size());
  for (int64_t axis : TensorBuilder::allAxes(op.getInput()))
    if (!llvm::is_contained(axes, axis))
      order.push_back(axis);
  size_t kept = order.size();
  order.append(axes.begin(), axes.end());
  for (auto [position, axis] : llvm::enumerate(order))
    inverse[axis] = position;
  Value moved = g.transpose(op.getInput(), order);
  SmallVector<AffineExpr> dims = g.dims(moved), flat(dims.begin(), dims.begin() + kept);
  flat.push_back(product(ArrayRef(dims).drop_front(kept), g.getContext()));
  Value row = g.reshape(moved, flat);
  Value before = g.make<CumulateOp>(row, ReduceKind::Product, kept, /*exclusive=*/true, /*reverse=*/false);
  Value behind = g.make<CumulateOp>(row, ReduceKind::Product, kept, /*exclusive=*/true, /*reverse=*/true);
  g.toInput(0, g.mul(g.ofOutput(), g.transpose(g.reshape(g.mul(before, behind), dims), inverse)));
}

/// The opposite of a running sum: the running sum from the other end.
Value summedBack(CumulateOp op, Gradient &g, Value value) {
  return g.make<CumulateOp>(value, ReduceKind::Sum, op.getAxis(), op.getExclusive(), !op.getReverse());
}

/// y = running product of x   =>   dx = (running sum of dy * y from the other end) / x. That is no number where x is 0:
/// by the first zero, which is all that counts behind it, dx = the same sum with y' in the place of y, the product
/// without that factor; by a second one y' is 0, too. (Derivatives of this one leave out what two zeros make of each
/// other.)
void runningProduct(CumulateOp op, Gradient &g) {
  Value x = op.getInput(), dy = g.ofOutput(), one = g.scalar(1, x);
  Type i64 = IntegerType::get(g.getContext(), 64);
  Value isZero = g.equal(x, g.scalar(0, x)), zeros = g.cast(isZero, i64);
  Value before = g.make<CumulateOp>(zeros, ReduceKind::Sum, op.getAxis(), /*exclusive=*/true, op.getReverse());
  Value isFirst = g.make<AndOp>(isZero, g.equal(before, g.scalar(0, i64)));
  auto product = [&](Value of) {
    return g.make<CumulateOp>(of, ReduceKind::Product, op.getAxis(), op.getExclusive(), op.getReverse());
  };
  Value without = summedBack(op, g, g.mul(dy, product(g.select(isFirst, one, x))));
  Value elsewhere = g.div(summedBack(op, g, g.mul(dy, op.getOutput())), g.select(isZero, one, x));
  g.toInput(0, g.select(isFirst, without, elsewhere));
}

void cumulated(CumulateOp op, Gradient &g) {
  switch (op.getKind()) {
  case ReduceKind::Sum: // y = running sum of x   =>   dx = running sum of dy from the other end
    return g.toInput(0, summedBack(op, g, g.ofOutput()));
  case ReduceKind::Product:
    return runningProduct(op, g);
  default:
    g.notSupported("a running maximum or minimum");
  }
}

} // namespace

void reduceGradients(GradientRules &rules) {
  rules.add<ReduceOp>([](ReduceOp op, Gradient &g) {
    switch (op.getKind()) {
    case ReduceKind::Sum:
    case ReduceKind::Mean:
      return sums(op, g);
    case ReduceKind::Max:
    case ReduceKind::Min:
      return extrema(op, g);
    case ReduceKind::Product:
      return products(op, g);
    }
  });
  rules.add<CumulateOp>(cumulated);
  rules.addConstant<ArgReduceOp>();
}

} // namespace ingot
