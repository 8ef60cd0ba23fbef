//===- RecogniseComposites.cpp - What exporters have taken apart ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds gelu and normalisations written out in elementary operations, after SimplifyArithmetic. Approximations (gelu by
// tanh) stay as they are: recognising them would change the numbers.
//
//===----------------------------------------------------------------------===//
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"
#include "passes/simplify/ConstantValues.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_RECOGNISECOMPOSITES
#include "passes/Passes.h.inc"
namespace {

/// The factors of a product, with what is one number multiplied up in `number`.
struct Product {
  SmallVector<Value> factors;
  double number = 1;
};

void collectFactors(Value value, Product &product, bool isInner) {
  auto mul = value.getDefiningOp<MulOp>();
  if (std::optional<double> number = uniformValue(value)) {
    product.number *= *number;
  } else if (mul && (!isInner || value.hasOneUse())) {
    collectFactors(mul.getLhs(), product, true);
    collectFactors(mul.getRhs(), product, true);
  } else {
    product.factors.push_back(value);
  }
}

/// x in erf(x / sqrt 2) + 1, if that is what `value` is.
Value matchErfPlusOne(Value value) {
  auto sum = value.getDefiningOp<AddOp>();
  if (!sum || !isAbout(sum.getRhs(), 1))
    return {};
  auto erf = sum.getLhs().getDefiningOp<ErfOp>();
  auto argument = erf ? erf.getInput().getDefiningOp<MulOp>() : MulOp();
  return argument && isAbout(argument.getRhs(), 0.7071067811865476) ? argument.getLhs() : Value();
}

/// x * (erf(x / sqrt 2) + 1) * 0.5, in any order => gelu x
struct RecogniseGelu : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    Product product;
    collectFactors(op, product, false);
    if (product.factors.size() != 2 || std::abs(product.number - 0.5) > 1e-6)
      return rewriter.notifyMatchFailure(op, "not half the product of two tensors");
    for (auto [x, other] :
         {std::pair(product.factors[0], product.factors[1]), std::pair(product.factors[1], product.factors[0])}) {
      if (matchErfPlusOne(other) != x || x.getType() != op.getType())
        continue;
      rewriter.replaceOpWithNewOp<GeluOp>(op, x);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no factor is erf(x / sqrt 2) + 1 of the other");
  }
};

/// The mean over some axes, with the axes kept.
ReduceOp matchMean(Value value) {
  auto reduce = value.getDefiningOp<ReduceOp>();
  return reduce && reduce.getKind() == ReduceKind::Mean ? reduce : ReduceOp();
}

/// sqrt(mean of d^2 + epsilon)
struct Deviation {
  Value d;
  SmallVector<int64_t> axes;
  double epsilon = 0;
};

std::optional<Deviation> matchDeviation(Value value) {
  auto root = value.getDefiningOp<SqrtOp>();
  if (!root)
    return std::nullopt;
  Deviation deviation;
  Value variance = root.getInput();
  if (auto sum = variance.getDefiningOp<AddOp>()) {
    std::optional<double> epsilon = uniformValue(sum.getRhs());
    if (!epsilon)
      return std::nullopt;
    deviation.epsilon = *epsilon;
    variance = sum.getLhs();
  }
  ReduceOp mean = matchMean(variance);
  auto square = mean ? mean.getInput().getDefiningOp<MulOp>() : MulOp();
  if (!square || square.getLhs() != square.getRhs())
    return std::nullopt;
  deviation.d = square.getLhs();
  deviation.axes.assign(mean.getAxes().begin(), mean.getAxes().end());
  return deviation;
}

/// One value, or the same difference computed twice.
bool isSame(Value a, Value b) {
  auto x = a.getDefiningOp<SubOp>(), y = b.getDefiningOp<SubOp>();
  return a == b || (x && y && x.getLhs() == y.getLhs() && x.getRhs() == y.getRhs());
}

/// d / sqrt(mean of d^2 + epsilon) => normalize d without centering; with d = x - mean of x => normalize x
LogicalResult normalize(Operation *op, Value d, Value divisor, PatternRewriter &rewriter) {
  std::optional<Deviation> deviation = matchDeviation(divisor);
  if (!deviation || !isSame(deviation->d, d) || d.getType() != op->getResult(0).getType())
    return rewriter.notifyMatchFailure(op, "the divisor is not the deviation of the dividend");
  Value input = d;
  bool isCentered = false;
  if (auto difference = d.getDefiningOp<SubOp>())
    if (ReduceOp mean = matchMean(difference.getRhs()))
      if (mean.getInput() == difference.getLhs() && mean.getAxes() == ArrayRef(deviation->axes)) {
        input = difference.getLhs();
        isCentered = true;
      }
  rewriter.replaceOpWithNewOp<NormalizeOp>(op, input, deviation->axes, APFloat(deviation->epsilon), isCentered);
  return success();
}

struct RecogniseQuotient : OpRewritePattern<DivOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DivOp op, PatternRewriter &rewriter) const override {
    return normalize(op, op.getLhs(), op.getRhs(), rewriter);
  }
};

struct RecogniseProduct : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    for (auto [d, factor] : {std::pair(op.getLhs(), op.getRhs()), std::pair(op.getRhs(), op.getLhs())})
      if (auto reciprocal = factor.getDefiningOp<ReciprocalOp>())
        if (succeeded(normalize(op, d, reciprocal.getInput(), rewriter)))
          return success();
    return rewriter.notifyMatchFailure(op, "no factor is one over a deviation");
  }
};

/// x * (r * g) => (x * r) * g, where r = 1 / deviation and g is known: lets the others see x * r
struct ScaleLast : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getRhs().getDefiningOp<MulOp>();
    auto reciprocal = inner ? inner.getLhs().getDefiningOp<ReciprocalOp>() : ReciprocalOp();
    if (!reciprocal || !isKnown(inner.getRhs()) || !matchDeviation(reciprocal.getInput()))
      return rewriter.notifyMatchFailure(op, "not a product with a scaled reciprocal deviation");
    Value scaled = rewriter.create<MulOp>(op.getLoc(), op.getLhs(), reciprocal);
    rewriter.replaceOpWithNewOp<MulOp>(op, scaled, inner.getRhs());
    return success();
  }
};

/// x * a + (b - m * a) => (x - m) * a + b, which is how TensorFlow writes its normalisations
struct CollectDifference : OpRewritePattern<AddOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AddOp op, PatternRewriter &rewriter) const override {
    auto product = op.getLhs().getDefiningOp<MulOp>();
    auto rest = op.getRhs().getDefiningOp<SubOp>();
    auto shift = rest ? rest.getRhs().getDefiningOp<MulOp>() : MulOp();
    if (!product || !shift || !isKnown(rest.getLhs()) || !matchMean(shift.getLhs()) ||
        shift.getRhs() != product.getRhs())
      return rewriter.notifyMatchFailure(op, "not x * a + (b - mean * a)");
    Value centered = rewriter.create<SubOp>(op.getLoc(), product.getLhs(), shift.getLhs());
    Value scaled = rewriter.create<MulOp>(op.getLoc(), centered, product.getRhs());
    rewriter.replaceOpWithNewOp<AddOp>(op, scaled, rest.getLhs());
    return success();
  }
};

struct RecogniseCompositesPass : impl::RecogniseCompositesBase<RecogniseCompositesPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RecogniseGelu, RecogniseQuotient, RecogniseProduct, ScaleLast, CollectDifference>(&getContext());
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
