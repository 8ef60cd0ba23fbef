//===- SimplifyArithmetic.cpp - One way to write arithmetic ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Brings arithmetic into the form that the other passes look for: what is known stands on the right, is multiplied
// rather than divided by, and is collected; powers are products; operands broadcast implicitly; reshapes come after.
//
//   %1 = div %x, 4.0; %2 = pow %1, 2.0  =>  %1 = mul %x, 0.25; %2 = mul %1, %1
//
//===----------------------------------------------------------------------===//
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"
#include "passes/simplify/ConstantValues.h"
#include <cmath>

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_SIMPLIFYARITHMETIC
#include "passes/Passes.h.inc"
namespace {

bool isFloat(Value value) { return isa<FloatType>(getElementTypeOrSelf(value)); }

/// c + x => x + c for a known c
template <typename Op>
struct KnownToTheRight : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (!isKnown(op.getLhs()) || isKnown(op.getRhs()))
      return rewriter.notifyMatchFailure(op, "the left operand is not known, or both are");
    rewriter.replaceOpWithNewOp<Op>(op, op.getType(), op.getRhs(), op.getLhs());
    return success();
  }
};

/// (x + a) + b => x + (a + b) for known a, b
template <typename Op>
struct CollectKnown : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    auto inner = op.getLhs().template getDefiningOp<Op>();
    if (!inner || !inner->hasOneUse() || !isFloat(op) || !isKnown(op.getRhs()) || !isKnown(inner.getRhs()) ||
        isKnown(inner.getLhs()))
      return rewriter.notifyMatchFailure(op, "not two steps with known operands");
    if (inner.getLhs().getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "the known operand makes the result larger");
    Value both = rewriter.create<Op>(fuseLocations(inner, op), inner.getRhs(), op.getRhs());
    rewriter.replaceOpWithNewOp<Op>(op, op.getType(), inner.getLhs(), both);
    return success();
  }
};

/// x / c => x * (1 / c) for a known c;  1 / x => reciprocal x
struct DivideByKnown : OpRewritePattern<DivOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DivOp op, PatternRewriter &rewriter) const override {
    if (!isFloat(op) || isKnown(op))
      return rewriter.notifyMatchFailure(op, "not a division of numbers to be computed at run time");
    if (uniformValue(op.getLhs()) == 1.0 && op.getRhs().getType() == op.getType()) {
      rewriter.replaceOpWithNewOp<ReciprocalOp>(op, op.getRhs());
      return success();
    }
    if (!isKnown(op.getRhs()))
      return rewriter.notifyMatchFailure(op, "the divisor is not known");
    std::optional<double> number = uniformValue(op.getRhs());
    if (number && !std::isnormal(float(1 / *number))) // 0 / c is 0, 0 times an infinite 1 / c is not
      return rewriter.notifyMatchFailure(op, "the inverse is no normal number");
    Value factor = number && typeOf(op.getRhs()).getRank() == 0
                       ? scalarLike(rewriter, op.getLoc(), 1 / *number, op)
                       : rewriter.create<ReciprocalOp>(op.getLoc(), op.getRhs()).getOutput();
    rewriter.replaceOpWithNewOp<MulOp>(op, op.getType(), op.getLhs(), factor);
    return success();
  }
};

/// x - c => x + (-c) for a known c
struct SubtractKnown : OpRewritePattern<SubOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SubOp op, PatternRewriter &rewriter) const override {
    if (!isFloat(op) || !isKnown(op.getRhs()) || isKnown(op.getLhs()))
      return rewriter.notifyMatchFailure(op, "the right operand is not known");
    Value negative = rewriter.create<NegOp>(op.getLoc(), op.getRhs());
    rewriter.replaceOpWithNewOp<AddOp>(op, op.getType(), op.getLhs(), negative);
    return success();
  }
};

/// x * 1 => x, x + 0 => x
template <typename Op, int neutral>
struct DropNeutral : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (op.getLhs().getType() != op.getType() || uniformValue(op.getRhs()) != double(neutral))
      return rewriter.notifyMatchFailure(op, "the right operand matters");
    rewriter.replaceOp(op, op.getLhs());
    return success();
  }
};

/// x^2 => x * x, x^3 => x * x * x, x^0.5 => sqrt x, x^-1 => 1 / x, x^-0.5 => 1 / sqrt x, x^1 => x
struct ExpandPower : OpRewritePattern<PowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PowOp op, PatternRewriter &rewriter) const override {
    std::optional<double> exponent = uniformValue(op.getRhs());
    Value x = op.getLhs();
    if (!exponent || x.getType() != op.getType() || !isFloat(op))
      return rewriter.notifyMatchFailure(op, "the exponent is not one number");
    Location loc = op.getLoc();
    if (*exponent == 1)
      rewriter.replaceOp(op, x);
    else if (*exponent == 2)
      rewriter.replaceOpWithNewOp<MulOp>(op, x, x);
    else if (*exponent == 3)
      rewriter.replaceOpWithNewOp<MulOp>(op, rewriter.create<MulOp>(loc, x, x), x);
    else if (*exponent == 0.5)
      rewriter.replaceOpWithNewOp<SqrtOp>(op, x);
    else if (*exponent == -1)
      rewriter.replaceOpWithNewOp<ReciprocalOp>(op, x);
    else if (*exponent == -0.5)
      rewriter.replaceOpWithNewOp<ReciprocalOp>(op, rewriter.create<SqrtOp>(loc, x).getOutput());
    else
      return rewriter.notifyMatchFailure(op, "no product or root stands for this exponent");
    return success();
  }
};

/// A pool of windows of one element, as adaptive pools of the wanted size are exported => its input
template <typename Op>
struct DropPool : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter &rewriter) const override {
    if (op.getInput().getType() != op.getType() ||
        llvm::any_of(op.getWindow(), [](int64_t size) { return size != 1; }) ||
        llvm::any_of(op.getStrides(), [](int64_t stride) { return stride != 1; }) ||
        llvm::any_of(op.getLow(), [](int64_t amount) { return amount != 0; }))
      return rewriter.notifyMatchFailure(op, "the windows are larger or move");
    rewriter.replaceOp(op, op.getInput());
    return success();
  }
};

/// max(x, 0) => relu x
struct MaxWithZero : OpRewritePattern<MaxOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MaxOp op, PatternRewriter &rewriter) const override {
    if (!isFloat(op) || uniformValue(op.getRhs()) != 0.0 || op.getLhs().getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "not max(x, 0)");
    rewriter.replaceOpWithNewOp<ReluOp>(op, op.getLhs());
    return success();
  }
};

/// op(broadcast(x), y) => op(x, y) where y alone gives the result its shape
struct BroadcastImplicitly : RewritePattern {
  explicit BroadcastImplicitly(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!op->hasTrait<Pointwise>() || op->getNumOperands() < 2)
      return rewriter.notifyMatchFailure(op, "does not broadcast");
    SymbolScope scope(op->getContext());
    for (OpOperand &operand : op->getOpOperands()) {
      auto broadcast = operand.get().getDefiningOp<BroadcastOp>();
      if (!broadcast || !isShapedWithout(op, operand, broadcast.getInput(), scope))
        continue;
      rewriter.modifyOpInPlace(op, [&] { operand.set(broadcast.getInput()); });
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no operand is a broadcast that the others make superfluous");
  }

private:
  static bool isShapedWithout(Operation *op, OpOperand &replaced, Value replacement, SymbolScope &scope) {
    FailureOr<SmallVector<AffineExpr>> dims = scope.dims(replacement);
    for (OpOperand &other : op->getOpOperands())
      if (&other != &replaced && succeeded(dims))
        dims = scope.broadcast(*dims, scope.dims(other.get()));
    return succeeded(dims) && *dims == scope.dims(op->getResult(0));
  }
};

/// op(reshape(x), reshape(y)) => reshape(op(x, y)) where x and y have one shape; other operands are single numbers
struct ReshapeLast : RewritePattern {
  explicit ReshapeLast(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!op->hasTrait<Pointwise>())
      return rewriter.notifyMatchFailure(op, "is not pointwise");
    SmallVector<Value> operands;
    RankedTensorType inner;
    for (Value operand : op->getOperands()) {
      auto reshape = operand.getDefiningOp<ReshapeOp>();
      bool isWhole = reshape && !isKnown(operand) && haveSameDims(typeOf(operand), typeOf(op->getResult(0))) &&
                     (!inner || haveSameDims(inner, typeOf(reshape.getInput())));
      if (!isWhole && !isNumber(operand))
        return rewriter.notifyMatchFailure(op, "an operand is no reshape like the others");
      if (isWhole)
        inner = typeOf(reshape.getInput());
      operands.push_back(isWhole ? reshape.getInput() : operand);
    }
    if (!inner)
      return rewriter.notifyMatchFailure(op, "no operand is a reshape");
    rewriter.setInsertionPoint(op);
    Operation *clone = rewriter.clone(*op);
    clone->setOperands(operands);
    clone->getResult(0).setType(
        RankedTensorType::get(inner.getShape(), getElementTypeOrSelf(op->getResult(0)), inner.getEncoding()));
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op->getResult(0).getType(), clone->getResult(0));
    return success();
  }

private:
  static bool haveSameDims(RankedTensorType a, RankedTensorType b) {
    return a.getShape() == b.getShape() && a.getEncoding() == b.getEncoding();
  }
  static bool isNumber(Value operand) {
    auto type = typeOf(operand);
    return type.getRank() == 0 || (type.getRank() == 1 && type.getDimSize(0) == 1 && uniformValue(operand));
  }
};

/// sum of x * c => (sum of x) * c for a c that is the same along the summed axes; means alike
struct PullFactors : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op, PatternRewriter &rewriter) const override {
    if ((op.getKind() != ReduceKind::Sum && op.getKind() != ReduceKind::Mean) || !isFloat(op))
      return rewriter.notifyMatchFailure(op, "no sum of real numbers");
    SmallVector<Value> factors, uniform, rest;
    collectFactors(op.getInput(), op.getInput().getType(), factors);
    for (Value factor : factors)
      (isUniformAlong(factor, op) ? uniform : rest).push_back(factor);
    if (uniform.empty() ||
        llvm::none_of(rest, [&](Value factor) { return factor.getType() == op.getInput().getType(); }))
      return rewriter.notifyMatchFailure(op, "no factor, or nothing but factors, to be taken out");
    auto multiply = [&](Value product, Value factor) { return rewriter.create<MulOp>(op.getLoc(), product, factor); };
    Value product = rest.front();
    for (Value factor : ArrayRef(rest).drop_front())
      product = multiply(product, factor);
    Operation *reduce = rewriter.clone(*op);
    reduce->setOperand(0, product);
    Value result = reduce->getResult(0);
    for (Value factor : uniform)
      result = multiply(result, factor);
    rewriter.replaceOp(op, result);
    return success();
  }

private:
  static void collectFactors(Value value, Type whole, SmallVectorImpl<Value> &factors) {
    auto product = value.getType() == whole ? value.getDefiningOp<MulOp>() : MulOp();
    if (!product)
      return factors.push_back(value);
    collectFactors(product.getLhs(), whole, factors);
    collectFactors(product.getRhs(), whole, factors);
  }
  static bool isUniformAlong(Value factor, ReduceOp op) {
    int64_t missing = typeOf(op.getInput()).getRank() - typeOf(factor).getRank();
    return llvm::all_of(op.getAxes(),
                        [&](int64_t axis) { return axis < missing || typeOf(factor).getDimSize(axis - missing) == 1; });
  }
};

struct SimplifyArithmeticPass : impl::SimplifyArithmeticBase<SimplifyArithmeticPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<KnownToTheRight<AddOp>, KnownToTheRight<MulOp>, KnownToTheRight<MaxOp>, KnownToTheRight<MinOp>,
                 CollectKnown<AddOp>, CollectKnown<MulOp>, DropNeutral<AddOp, 0>, DropNeutral<MulOp, 1>, DivideByKnown,
                 SubtractKnown, ExpandPower, DropPool<AvgPoolOp>, DropPool<MaxPoolOp>, MaxWithZero, BroadcastImplicitly,
                 ReshapeLast, PullFactors>(&getContext());
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
