//===- FoldPads.cpp - Padding becomes part of the convolution -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   conv(pad(x, 0)) => conv(x) with more padding of its own
//
//===----------------------------------------------------------------------===//
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"
#include "passes/simplify/ConstantValues.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_FOLDPADS
#include "passes/Passes.h.inc"
namespace {

SmallVector<int64_t> addUp(ArrayRef<int64_t> own, ArrayRef<int64_t> spatial) {
  SmallVector<int64_t> sum;
  for (auto [a, b] : llvm::zip(own, spatial))
    sum.push_back(a + b);
  return sum;
}

struct PadBeforeConv : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConvOp op, PatternRewriter &rewriter) const override {
    auto pad = op.getInput().getDefiningOp<PadOp>();
    if (!pad || pad.getMode() != PadMode::Constant || uniformValue(pad.getValue()) != 0.0)
      return rewriter.notifyMatchFailure(op, "the input is not padded with zeros");
    ArrayRef<int64_t> low = pad.getLow(), high = pad.getHigh();
    auto isSpatial = [](ArrayRef<int64_t> amounts) {
      return amounts.front() == 0 && amounts.back() == 0 &&
             llvm::all_of(amounts, [](int64_t amount) { return amount >= 0; });
    };
    if (!isSpatial(low) || !isSpatial(high))
      return rewriter.notifyMatchFailure(op, "pads batch or channels, or crops");
    auto inner = [](ArrayRef<int64_t> amounts) { return amounts.drop_front().drop_back(); };
    rewriter.replaceOpWithNewOp<ConvOp>(op, op.getType(), pad.getInput(), op.getFilter(), op.getStrides(),
                                        op.getDilations(), addUp(op.getLow(), inner(low)),
                                        addUp(op.getHigh(), inner(high)), op.getGroups());
    return success();
  }
};

struct FoldPadsPass : impl::FoldPadsBase<FoldPadsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<PadBeforeConv>(&getContext());
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
