//===- IndexExpressions.cpp - Tensors that follow from indices alone ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/simplify/IndexExpressions.h"
#include "passes/simplify/ConstantValues.h"
#include <cmath>
#include <functional>

using namespace mlir;

namespace ingot {
namespace {

/// What both kinds of expression have in common: how they are seen through views.
class Follower {
public:
  using Leaf = std::function<AffineExpr(Value)>;
  Follower(SymbolScope &scope, Leaf leaf) : scope(scope), leaf(std::move(leaf)) {}

  AffineExpr follow(Value tensor) {
    Operation *op = tensor.getDefiningOp();
    if (!op)
      return {};
    if (auto reshape = dyn_cast<ReshapeOp>(op))
      return followReshape(reshape);
    if (auto transpose = dyn_cast<TransposeOp>(op)) {
      SmallVector<AffineExpr> places(typeOf(tensor).getRank());
      for (auto [axis, source] : llvm::enumerate(transpose.getPermutation()))
        places[source] = dim(axis);
      return replace(follow(transpose.getInput()), places);
    }
    if (auto broadcast = dyn_cast<BroadcastOp>(op))
      return aligned(broadcast.getInput(), typeOf(tensor).getRank());
    return leaf(tensor);
  }

  /// The operand's expression over the indices of a result that it broadcasts to.
  AffineExpr aligned(Value operand, int64_t rank) {
    SmallVector<AffineExpr> places;
    int64_t own = typeOf(operand).getRank();
    for (auto [axis, extent] : llvm::enumerate(scope.dims(operand)))
      places.push_back(constantValue(extent) == 1 ? constant(0) : dim(rank - own + axis));
    return replace(follow(operand), places);
  }

  /// What is the same everywhere in `tensor` is also what a gather takes from it.
  AffineExpr uniform(Value tensor) {
    AffineExpr expr = follow(tensor);
    bool isSame = bool(expr);
    if (expr)
      expr.walk([&](AffineExpr part) { isSame &= !isa<AffineDimExpr>(part); });
    return isSame ? expr : AffineExpr();
  }

  AffineExpr dim(size_t axis) { return getAffineDimExpr(axis, scope.getContext()); }
  AffineExpr constant(int64_t number) { return scope.constant(number); }
  SymbolScope &scope;

private:
  static AffineExpr replace(AffineExpr expr, ArrayRef<AffineExpr> places) {
    return expr ? simplifyDimension(expr.replaceDims(places)) : expr;
  }

  /// A reshape that only adds or drops axes of size 1.
  AffineExpr followReshape(ReshapeOp reshape) {
    SmallVector<AffineExpr> before = scope.dims(reshape.getInput()), after = scope.dims(reshape.getOutput());
    SmallVector<AffineExpr> places;
    size_t next = 0;
    auto skipUnits = [&] {
      while (next < after.size() && constantValue(after[next]) == 1)
        ++next;
    };
    for (AffineExpr extent : before) {
      if (constantValue(extent) == 1) {
        places.push_back(constant(0));
        continue;
      }
      skipUnits();
      if (next == after.size() || after[next] != extent)
        return uniform(reshape.getInput());
      places.push_back(dim(next++));
    }
    skipUnits();
    return next == after.size() ? replace(follow(reshape.getInput()), places) : uniform(reshape.getInput());
  }

  Leaf leaf;
};

AffineExpr constantOf(Value tensor, SymbolScope &scope) {
  std::optional<double> number = uniformValue(tensor);
  bool isWhole = number && std::abs(*number) < 0x1p31 && *number == std::trunc(*number);
  return isWhole ? scope.constant(int64_t(*number)) : AffineExpr();
}

} // namespace

AffineExpr indexExpression(Value tensor, SymbolScope &scope) {
  if (!isa<IntegerType>(getElementTypeOrSelf(tensor)))
    return {};
  Follower::Leaf leaf;
  Follower follower(scope, [&](Value value) { return leaf(value); });
  leaf = [&](Value value) -> AffineExpr {
    Operation *op = value.getDefiningOp();
    if (auto iota = dyn_cast<IotaOp>(op))
      return follower.dim(iota.getAxis());
    if (auto dimensions = dyn_cast<DimensionsOp>(op)) {
      SmallVector<AffineExpr> sizes = scope.adopt(dimensions.getValues());
      return sizes.size() == 1 ? sizes.front() : AffineExpr();
    }
    if (auto cast = dyn_cast<CastOp>(op))
      return isa<IntegerType>(getElementTypeOrSelf(cast.getInput())) ? follower.follow(cast.getInput()) : AffineExpr();
    if (!isa<AddOp, SubOp>(op))
      return constantOf(value, scope);
    int64_t rank = typeOf(value).getRank();
    AffineExpr lhs = follower.aligned(op->getOperand(0), rank), rhs = follower.aligned(op->getOperand(1), rank);
    if (!lhs || !rhs)
      return {};
    return simplifyDimension(isa<AddOp>(op) ? lhs + rhs : lhs - rhs);
  };
  return follower.follow(tensor);
}

AffineExpr conditionExpression(Value condition, SymbolScope &scope) {
  Follower::Leaf leaf;
  Follower follower(scope, [&](Value value) { return leaf(value); });
  leaf = [&](Value value) -> AffineExpr {
    Operation *op = value.getDefiningOp();
    int64_t rank = typeOf(value).getRank();
    if (isa<GatherOp, GatherElementsOp, GatherNdOp>(op))
      return follower.uniform(op->getOperand(0));
    if (isa<CastOp>(op) || isa<ConstantOp>(op)) {
      std::optional<double> number = uniformValue(isa<CastOp>(op) ? op->getOperand(0) : value);
      return number ? scope.constant(*number != 0 ? 0 : -1) : AffineExpr();
    }
    if (isa<AndOp>(op)) {
      AffineExpr lhs = follower.aligned(op->getOperand(0), rank), rhs = follower.aligned(op->getOperand(1), rank);
      return lhs && isNeverNegative(lhs) ? rhs : rhs && isNeverNegative(rhs) ? lhs : AffineExpr();
    }
    if (!isa<LessOp, LessOrEqualOp>(op))
      return {};
    // Both operands' expressions, over the result's indices.
    Follower numbers(scope, [&](Value inner) { return indexExpression(inner, scope); });
    AffineExpr lhs = numbers.aligned(op->getOperand(0), rank), rhs = numbers.aligned(op->getOperand(1), rank);
    if (!lhs || !rhs)
      return {};
    return simplifyDimension(rhs - lhs - (isa<LessOp>(op) ? 1 : 0));
  };
  return follower.follow(condition);
}

bool isNeverNegative(AffineExpr expr) {
  if (auto number = constantValue(expr))
    return *number >= 0;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return true; // an index or a size
  bool isMonotonic = expr.getKind() == AffineExprKind::Add || expr.getKind() == AffineExprKind::Mul;
  return isMonotonic && isNeverNegative(binary.getLHS()) && isNeverNegative(binary.getRHS());
}

} // namespace ingot
