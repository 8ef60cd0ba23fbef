//===- RecogniseAttention.cpp - Attention that exporters have taken apart --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds products with a softmax of products, in float32, after SimplifyArithmetic:
//
//   softmax(scale * q kt + mask) v  =>  attention q, k, v mask m {scale}
//
// The scale may be applied to the queries, the keys or the scores, the mask be added or selected. Masks that follow
// from positions alone become `causal`, or nothing. It does not apply where somebody else needs the scores or the
// weights.
//
//===----------------------------------------------------------------------===//
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"
#include "passes/simplify/ConstantValues.h"
#include "passes/simplify/IndexExpressions.h"
#include <limits>

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_RECOGNISEATTENTION
#include "passes/Passes.h.inc"
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
/// Scores are nothing beside a number of this size, and no exporter means anything but minus infinity by it.
constexpr double hugeNumber = 1e30;
constexpr int64_t widest = 512; // of queries, keys and values: what kernels hold of one

/// scale * product, where `condition` holds, else `fill`, plus `bias`.
struct Scores {
  MatmulOp product;
  double scale = 1;
  Value condition, bias;
  bool isNegated = false; // the condition
  double fill = -infinity;
};

bool haveSameDims(Value a, Value b) {
  SymbolScope scope(a.getContext());
  return scope.dims(a) == scope.dims(b);
}

/// What `value` is a part of on the way from the product; null when it is neither the product nor made from it.
template <typename Op>
Op usedOnce(Value value) {
  return value.hasOneUse() ? value.getDefiningOp<Op>() : Op();
}

bool collectScores(Value value, Scores &scores);

/// condition ? s : fill, and the other way round
bool collectSelection(SelectOp select, Scores &scores) {
  if (scores.condition || scores.bias)
    return false;
  std::optional<double> onTrue = uniformValue(select.getLhs()), onFalse = uniformValue(select.getRhs());
  if (bool(onTrue) == bool(onFalse))
    return false;
  scores.condition = select.getCondition();
  scores.isNegated = bool(onTrue);
  scores.fill = onTrue ? *onTrue : *onFalse;
  Value kept = onTrue ? select.getRhs() : select.getLhs();
  return haveSameDims(kept, select.getOutput()) && collectScores(kept, scores);
}

/// s + bias; a bias that is 0 or a huge negative number is a selection
bool collectSum(AddOp add, Scores &scores) {
  if (scores.condition || scores.bias)
    return false;
  for (auto [kept, bias] : {std::pair(add.getLhs(), add.getRhs()), std::pair(add.getRhs(), add.getLhs())}) {
    if (!haveSameDims(kept, add.getOutput()))
      continue;
    Scores inner = scores;
    inner.bias = bias;
    if (auto select = bias.getDefiningOp<SelectOp>()) {
      std::optional<double> onTrue = uniformValue(select.getLhs()), onFalse = uniformValue(select.getRhs());
      bool isFirstZero = onTrue == 0.0;
      std::optional<double> other = isFirstZero ? onFalse : onTrue;
      if ((isFirstZero || onFalse == 0.0) && other && *other <= -hugeNumber) {
        inner.bias = {};
        inner.condition = select.getCondition();
        inner.isNegated = !isFirstZero;
        inner.fill = *other;
      }
    }
    if (collectScores(kept, inner)) {
      scores = inner;
      return true;
    }
  }
  return false;
}

bool collectScores(Value value, Scores &scores) {
  if (auto product = usedOnce<MatmulOp>(value)) {
    scores.product = product;
    return true;
  }
  if (auto mul = usedOnce<MulOp>(value)) {
    std::optional<double> factor = uniformValue(mul.getRhs());
    scores.scale *= factor.value_or(1);
    return factor && haveSameDims(mul.getLhs(), value) && collectScores(mul.getLhs(), scores);
  }
  if (scores.scale != 1) // a factor of the mask too
    return false;
  if (auto select = usedOnce<SelectOp>(value))
    return collectSelection(select, scores);
  if (auto add = usedOnce<AddOp>(value))
    return collectSum(add, scores);
  return false;
}

/// The softmax in `value`, which may have zeros instead of the NaN of rows without any key.
SoftmaxOp matchWeights(Value value) {
  if (auto select = usedOnce<SelectOp>(value)) {
    auto isNan = select.getCondition().getDefiningOp<IsNanOp>();
    bool isZero = uniformValue(select.getLhs()) == 0.0;
    auto softmax = select.getRhs().getDefiningOp<SoftmaxOp>();
    bool isGuard = isNan && isZero && softmax && isNan.getInput() == softmax.getOutput() &&
                   llvm::all_of(softmax->getUsers(), [&](Operation *user) { return user == isNan || user == select; });
    return isGuard ? softmax : SoftmaxOp();
  }
  return usedOnce<SoftmaxOp>(value);
}

/// factor * x seen through views => x seen through them; the factor joins `scale`.
Value withoutFactor(OpBuilder &builder, Value value, double &scale) {
  SmallVector<Operation *> views;
  Value source = value;
  while (auto *view = source.hasOneUse() ? source.getDefiningOp() : nullptr) {
    if (!isa<ReshapeOp, TransposeOp>(view))
      break;
    views.push_back(view);
    source = view->getOperand(0);
  }
  auto mul = usedOnce<MulOp>(source);
  std::optional<double> factor = mul ? uniformValue(mul.getRhs()) : std::nullopt;
  if (!factor || !haveSameDims(mul.getLhs(), source))
    return value;
  scale *= *factor;
  IRMapping mapping;
  mapping.map(source, mul.getLhs());
  for (Operation *view : llvm::reverse(views))
    builder.clone(*view, mapping);
  return mapping.lookup(value);
}

/// The last two axes exchanged; a tensor with fewer axes has no queries' axis yet, which then comes last.
Value transposeLast(OpBuilder &builder, Location loc, Value value) {
  RankedTensorType type = typeOf(value);
  int64_t rank = type.getRank();
  if (rank == 0)
    return value;
  if (rank == 1) {
    SymbolScope scope(value.getContext());
    SmallVector<AffineExpr> dims = scope.dims(value);
    dims.push_back(scope.constant(1));
    return reshapeTo(builder, loc, value, scope.tensor(dims, type.getElementType()));
  }
  SmallVector<int64_t> permutation = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  std::swap(permutation[rank - 2], permutation[rank - 1]);
  return builder.create<TransposeOp>(loc, value, permutation);
}

/// A condition as what it demands of positions and what remains of it.
struct Visibility {
  Value rest; // null when nothing remains
  AffineExpr causal;
};

/// Splits `condition`, over [..., query, key], at its ands. Terms that always hold vanish.
void collectTerms(Value condition, SmallVectorImpl<Value> &rest, AffineExpr &causal, SymbolScope &scope) {
  if (auto conjunction = condition.getDefiningOp<AndOp>()) {
    collectTerms(conjunction.getLhs(), rest, causal, scope);
    collectTerms(conjunction.getRhs(), rest, causal, scope);
    return;
  }
  AffineExpr expr = conditionExpression(condition, scope);
  if (expr && isNeverNegative(expr))
    return;
  int64_t rank = typeOf(condition).getRank();
  if (expr && rank >= 2 && !causal) {
    // query - key + c >= 0
    AffineExpr query = getAffineDimExpr(rank - 2, scope.getContext()),
               key = getAffineDimExpr(rank - 1, scope.getContext());
    AffineExpr offset = simplifyDimension(expr - query + key);
    bool hasDims = false;
    offset.walk([&](AffineExpr part) { hasDims |= isa<AffineDimExpr>(part); });
    if (!hasDims && isNeverNegative(offset)) {
      causal = offset;
      return;
    }
  }
  rest.push_back(condition);
}

/// Causal positions are left out altogether, which is the same only where every query sees some key or nothing is seen
/// of minus infinity: so nothing may remain of the condition, or `fill` is minus infinity.
Visibility split(OpBuilder &builder, Location loc, Value condition, double fill, SymbolScope &scope) {
  SmallVector<Value> rest;
  Visibility result;
  collectTerms(condition, rest, result.causal, scope);
  bool isExact = rest.empty() ? fill <= -hugeNumber : fill == -infinity;
  if (result.causal && !isExact)
    return {condition, {}};
  for (Value term : rest)
    result.rest = result.rest ? builder.create<AndOp>(loc, result.rest, term).getResult() : term;
  return result;
}

struct RecogniseProduct : OpRewritePattern<MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MatmulOp op, PatternRewriter &rewriter) const override {
    SoftmaxOp softmax = matchWeights(op.getLhs());
    if (!softmax || softmax.getLogarithm() || int64_t(softmax.getAxis()) + 1 != typeOf(softmax.getOutput()).getRank())
      return rewriter.notifyMatchFailure(op, "the left operand is no softmax along its last axis");
    Scores scores;
    if (!collectScores(softmax.getInput(), scores))
      return rewriter.notifyMatchFailure(op, "the softmax is not taken of masked scores");
    if (!isCovered(scores.product, op))
      return rewriter.notifyMatchFailure(op, "no kernel takes these operands");
    replace(op, scores, rewriter);
    return success();
  }

private:
  static bool isCovered(MatmulOp scores, MatmulOp output) {
    int64_t depth = typeOf(scores.getLhs()).getShape().back(), width = typeOf(output).getShape().back();
    return getElementTypeOrSelf(output).isF32() && depth > 0 && depth <= widest && width > 0 && width <= widest &&
           !isKnown(scores.getRhs()) && !isKnown(output.getRhs());
  }

  static void replace(MatmulOp op, Scores &scores, PatternRewriter &rewriter) {
    Location loc = fuseLocations(scores.product, op);
    SymbolScope scope(op.getContext());
    Value queries = withoutFactor(rewriter, scores.product.getLhs(), scores.scale);
    Value keys = withoutFactor(rewriter, scores.product.getRhs(), scores.scale);
    keys = transposeLast(rewriter, loc, keys);
    Value mask = scores.bias;
    ShapeAttr causal;
    if (scores.condition) {
      Value condition = scores.condition;
      if (scores.isNegated)
        condition = rewriter.create<NotOp>(loc, condition);
      Visibility visibility = split(rewriter, loc, condition, scores.fill, scope);
      mask = visibility.rest;
      if (visibility.causal)
        causal = scope.shape(visibility.causal);
    }
    if (mask)
      mask = transposeLast(rewriter, loc, mask);
    rewriter.replaceOp(op, rewriter.create<AttentionOp>(loc, queries, keys, op.getRhs(), mask, APFloat(scores.scale),
                                                        APFloat(scores.fill), causal));
  }
};

struct RecogniseAttentionPass : impl::RecogniseAttentionBase<RecogniseAttentionPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RecogniseProduct>(&getContext());
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
