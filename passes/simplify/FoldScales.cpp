//===- FoldScales.cpp - Known factors become part of the weights ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A product or sum with known numbers, one for each channel, after a convolution or a matrix product is part of its
// filter and bias. Batch normalisation is the common case.
//
//   (conv(x, f) + b) * s  =>  conv(x, f * s) + b * s
//
// Matrices that the model stores in 16 bits keep their numbers, so that they can stay in 16 bits (ChoosePrecision.cpp).
//
//===----------------------------------------------------------------------===//
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"
#include "passes/simplify/ConstantValues.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_FOLDSCALES
#include "passes/Passes.h.inc"
namespace {

/// Whether a known tensor has one element for each index of the last axis (of that size), or one for all.
bool isAlongLastAxis(Value known, int64_t size) {
  ArrayRef<int64_t> shape = typeOf(known).getShape();
  int64_t count = typeOf(known).getNumElements();
  return count == 1 || (count == size && !shape.empty() && shape.back() == size);
}

bool isMatrixOfHalves(Value weights) {
  while (isa_and_nonnull<TransposeOp, ReshapeOp>(weights.getDefiningOp()))
    weights = weights.getDefiningOp()->getOperand(0);
  auto cast = weights.getDefiningOp<CastOp>();
  return cast && elementBytes(getElementTypeOrSelf(cast.getInput())) == 2;
}

/// The operand that holds the weights, when `op` is linear in them and they are known.
OpOperand *weightsOf(Operation *op) {
  if (!isa_and_nonnull<ConvOp, ConvTransposeOp, MatmulOp>(op))
    return nullptr;
  auto transposed = dyn_cast<ConvTransposeOp>(op);
  if ((transposed && transposed.getGroups() != 1) || !isKnown(op->getOperand(1)) ||
      (isa<MatmulOp>(op) && isMatrixOfHalves(op->getOperand(1))))
    return nullptr;
  return &op->getOpOperand(1);
}

/// The axis of the weights that becomes the result's last one.
int64_t outputAxis(Operation *op, int64_t rank) { return isa<ConvTransposeOp>(op) ? rank - 2 : rank - 1; }

/// w * s with s along one axis of w.
Value scaleWeights(OpBuilder &builder, Location loc, Value weights, Value scale, int64_t axis) {
  if (typeOf(scale).getNumElements() == 1)
    return builder.create<MulOp>(loc, weights, reshapeTo(builder, loc, scale, ArrayRef<int64_t>()));
  SmallVector<int64_t> shape(typeOf(weights).getRank() - axis, 1);
  shape[0] = typeOf(scale).getNumElements();
  return builder.create<MulOp>(loc, weights, reshapeTo(builder, loc, scale, shape));
}

/// conv(x, f) * s => conv(x, f * s)
struct ScaleWeights : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    Operation *producer = op.getLhs().getDefiningOp();
    OpOperand *weights = weightsOf(producer);
    if (!weights || !producer->hasOneUse() || op.getLhs().getType() != op.getType() || !isKnown(op.getRhs()))
      return rewriter.notifyMatchFailure(op, "not a known factor of a convolution or matrix product used once");
    int64_t axis = outputAxis(producer, typeOf(weights->get()).getRank());
    if (!isAlongLastAxis(op.getRhs(), typeOf(weights->get()).getDimSize(axis)))
      return rewriter.notifyMatchFailure(op, "the factor is not one number for each channel");
    rewriter.setInsertionPoint(op);
    Value scaled = scaleWeights(rewriter, op.getLoc(), weights->get(), op.getRhs(), axis);
    Operation *clone = rewriter.clone(*producer);
    clone->setOperand(1, scaled);
    rewriter.replaceOp(op, clone);
    return success();
  }
};

/// (y + b) * s => y * s + b * s, where y can take the factor up
struct DistributeScale : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    auto sum = op.getLhs().getDefiningOp<AddOp>();
    if (!sum || !sum->hasOneUse() || !isKnown(op.getRhs()) || !isKnown(sum.getRhs()) || sum.getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "not a known factor of a sum with a known term");
    Operation *producer = sum.getLhs().getDefiningOp();
    OpOperand *weights = weightsOf(producer);
    if (!weights || !producer->hasOneUse() || sum.getLhs().getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "the sum's other term has no weights to scale");
    int64_t axis = outputAxis(producer, typeOf(weights->get()).getRank());
    if (!isAlongLastAxis(op.getRhs(), typeOf(weights->get()).getDimSize(axis)))
      return rewriter.notifyMatchFailure(op, "the factor is not one number for each channel");
    Value product = rewriter.create<MulOp>(op.getLoc(), sum.getLhs(), op.getRhs());
    Value offset = rewriter.create<MulOp>(op.getLoc(), sum.getRhs(), op.getRhs());
    rewriter.replaceOpWithNewOp<AddOp>(op, op.getType(), product, offset);
    return success();
  }
};

/// (x * s) w => x (s * w), for s one number or one for each row of w
struct ScaleRows : OpRewritePattern<MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MatmulOp op, PatternRewriter &rewriter) const override {
    auto scaled = op.getLhs().getDefiningOp<MulOp>();
    if (!scaled || !isKnown(op.getRhs()) || !op.getRhs().hasOneUse() || !isKnown(scaled.getRhs()) ||
        scaled.getLhs().getType() != scaled.getType() || isMatrixOfHalves(op.getRhs()))
      return rewriter.notifyMatchFailure(op, "the left operand is not scaled, or the weights serve others too");
    auto weights = typeOf(op.getRhs());
    int64_t axis = weights.getRank() - 2;
    if (!isAlongLastAxis(scaled.getRhs(), weights.getDimSize(axis)))
      return rewriter.notifyMatchFailure(op, "the factor is not one number for each row");
    Value rows = scaleWeights(rewriter, scaled.getLoc(), op.getRhs(), scaled.getRhs(), axis);
    rewriter.replaceOpWithNewOp<MatmulOp>(op, op.getType(), scaled.getLhs(), rows);
    return success();
  }
};

/// (s * x) y => s * (x y) for one known number s, seen through transpositions and reshapes: one product less
struct ScaleResult : OpRewritePattern<MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MatmulOp op, PatternRewriter &rewriter) const override {
    for (OpOperand &operand : op->getOpOperands()) {
      MulOp scaled = findFactor(operand.get());
      if (!scaled)
        continue;
      Value number = reshapeTo(rewriter, scaled.getLoc(), scaled.getRhs(), ArrayRef<int64_t>());
      Value plain = withoutFactor(rewriter, operand.get(), scaled);
      rewriter.modifyOpInPlace(op, [&] { operand.set(plain); });
      rewriter.setInsertionPointAfter(op);
      auto product = rewriter.create<MulOp>(scaled.getLoc(), op.getType(), op.getOutput(), number);
      rewriter.replaceAllUsesExcept(op.getOutput(), product.getOutput(), product);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no operand is scaled by one number");
  }

private:
  static MulOp findFactor(Value value) {
    while (isa_and_nonnull<TransposeOp, ReshapeOp>(value.getDefiningOp()) && value.hasOneUse())
      value = value.getDefiningOp()->getOperand(0);
    auto scaled = value.getDefiningOp<MulOp>();
    bool isFactor = scaled && value.hasOneUse() && isKnown(scaled.getRhs()) &&
                    typeOf(scaled.getRhs()).getNumElements() == 1 && scaled.getLhs().getType() == scaled.getType() &&
                    !isKnown(scaled.getLhs());
    return isFactor ? scaled : MulOp();
  }

  static Value withoutFactor(PatternRewriter &rewriter, Value value, MulOp scaled) {
    if (value == scaled.getOutput())
      return scaled.getLhs();
    Operation *view = value.getDefiningOp();
    Value input = withoutFactor(rewriter, view->getOperand(0), scaled);
    rewriter.setInsertionPointAfter(view);
    Operation *clone = rewriter.clone(*view);
    clone->setOperand(0, input);
    return clone->getResult(0);
  }
};

struct FoldScalesPass : impl::FoldScalesBase<FoldScalesPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ScaleWeights, DistributeScale, ScaleRows, ScaleResult>(&getContext());
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
