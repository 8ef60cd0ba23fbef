//===- layout.cpp - Gradient rules: layout -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/GradientRules.h"

using namespace mlir;

namespace ingot {
namespace {

/// y = x_1, x_2, ... one after the other   =>   dx_i = the piece of dy where x_i lies
void concatenated(ConcatOp op, Gradient &g) {
  Value dy = g.ofOutput();
  SmallVector<AffineExpr> start(g.dims(dy).size(), g.scope().constant(0));
  SmallVector<int64_t> step(start.size(), 1);
  for (auto [number, input] : llvm::enumerate(op.getInputs())) {
    SmallVector<AffineExpr> extents = g.dims(input);
    if (g.wantsInput(number))
      g.toInput(number, g.slice(dy, start, step, extents));
    start[op.getAxis()] = simplifyDimension(start[op.getAxis()] + extents[op.getAxis()]);
  }
}

/// y = x with numbers around it   =>   dx = dy without its edges, dvalue = the sum of those edges
void paddedWithNumber(PadOp op, Gradient &g) {
  SmallVector<int64_t> low, high;
  for (auto [before, behind] : llvm::zip(op.getLow(), op.getHigh())) {
    low.push_back(-before);
    high.push_back(-behind);
  }
  Value inner = g.pad(g.ofOutput(), low, high);
  g.toInput(0, inner);
  if (g.wantsInput(1))
    g.toInput(1, g.sub(g.sumAll(g.ofOutput()), g.sumAll(inner)));
}

/// y[i] = x[j(i)], axis by axis   =>   dx[j(i)] += dy[i]. Padding a counter the same way tells j.
void paddedWithItself(PadOp op, Gradient &g) {
  Value result = g.ofOutput();
  Type i64 = IntegerType::get(g.getContext(), 64);
  for (int64_t axis : TensorBuilder::allAxes(op.getInput())) {
    int64_t low = op.getLow()[axis], high = op.getHigh()[axis];
    if (low == 0 && high == 0)
      continue;
    AffineExpr extent = g.dims(op.getInput())[axis];
    SmallVector<AffineExpr> target = g.dims(result);
    target[axis] = extent;
    Value from = g.make<PadOp>(g.iota(extent, 0, i64), g.scalar(0, i64), ArrayRef(low), ArrayRef(high), op.getMode());
    result = g.scatterAdd(result, from, axis, target);
  }
  g.toInput(0, result);
}

} // namespace

void layoutGradients(GradientRules &rules) {
  // y = x in another shape   =>   dx = dy in the first
  rules.add<ReshapeOp>([](ReshapeOp op, Gradient &g) { g.toInput(0, g.reshapeLike(g.ofOutput(), op.getInput())); });
  // y = x with its axes permuted   =>   dx = dy with them permuted back
  rules.add<TransposeOp>([](TransposeOp op, Gradient &g) {
    SmallVector<int64_t> inverse(op.getPermutation().size());
    for (auto [position, axis] : llvm::enumerate(op.getPermutation()))
      inverse[axis] = position;
    g.toInput(0, g.transpose(g.ofOutput(), inverse));
  });
  // y = x repeated   =>   dx = the sum of dy over the repetitions, which the engine takes
  rules.add<BroadcastOp>([](BroadcastOp, Gradient &g) { g.toInput(0, g.ofOutput()); });
  // y[i] = x[start + i * step]   =>   dx = zeros with dy put there
  rules.add<SliceOp>([](SliceOp op, Gradient &g) {
    g.toInput(0, g.place(g.ofOutput(), g.scope().adopt(op.getStart()), op.getStep(), g.dims(op.getInput())));
  });
  rules.add<ConcatOp>(concatenated);
  rules.add<PadOp>([](PadOp op, Gradient &g) {
    return op.getMode() == PadMode::Constant ? paddedWithNumber(op, g) : paddedWithItself(op, g);
  });
}

} // namespace ingot
