//===- MergeProducts.cpp - One product with several known matrices --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The projections of attention multiply one tensor by three weights. As one product it fills the machine better and
// reads the tensor once:
//
//   x a + s, x b + t  =>  y = x [a b] + [s t], of which the results are slices
//
// A slice costs nothing to those who read it through views, as attention does; a pointwise operation would lose its
// place in the product's epilogue, so products with such users stay alone.
//
//===----------------------------------------------------------------------===//
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Passes.h"
#include "passes/simplify/ConstantValues.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_MERGEPRODUCTS
#include "passes/Passes.h.inc"
namespace {

/// A product with a known matrix, and the sum with a known vector that follows it, if any.
struct Projection {
  MatmulOp product;
  AddOp sum;
  Value result() { return sum ? sum.getResult() : product.getOutput(); }
};

/// Whether all who read `value` are attentions, directly or through views.
bool isReadByAttention(Value value) {
  return !value.use_empty() && llvm::all_of(value.getUsers(), [](Operation *user) {
    if (isa<ReshapeOp, TransposeOp>(user))
      return isReadByAttention(user->getResult(0));
    return isa<AttentionOp>(user);
  });
}

std::optional<Projection> matchProjection(MatmulOp product) {
  RankedTensorType weights = typeOf(product.getRhs());
  if (weights.getRank() != 2 || !isKnown(product.getRhs()))
    return std::nullopt;
  Projection projection{product, {}};
  if (product->hasOneUse())
    if (auto sum = dyn_cast<AddOp>(*product->user_begin())) {
      bool isBias = sum.getLhs() == product.getOutput() && isKnown(sum.getRhs()) &&
                    typeOf(sum.getRhs()).getShape() == ArrayRef(weights.getDimSize(1));
      if (!isBias)
        return std::nullopt;
      projection.sum = sum;
    }
  if (!isReadByAttention(projection.result()))
    return std::nullopt;
  return projection;
}

Value concatenate(OpBuilder &builder, Location loc, ArrayRef<Value> parts, int64_t axis) {
  return builder.create<ConcatOp>(loc, parts, axis);
}

void merge(MutableArrayRef<Projection> projections) {
  Operation *first = projections.front().product;
  OpBuilder builder(first);
  Location loc = fuseLocations(first, projections.back().product);
  SmallVector<Value> weights, biases;
  for (Projection &projection : projections) {
    weights.push_back(projection.product.getRhs());
    if (projection.sum)
      biases.push_back(projection.sum.getRhs());
  }
  Value all =
      builder.create<MatmulOp>(loc, projections.front().product.getLhs(), concatenate(builder, loc, weights, 1));
  if (!biases.empty())
    all = builder.create<AddOp>(loc, all, concatenate(builder, loc, biases, 0));
  SymbolScope scope(first->getContext());
  int64_t rank = typeOf(all).getRank(), column = 0;
  for (Projection &projection : projections) {
    SmallVector<AffineExpr> start(rank, scope.constant(0));
    start.back() = scope.constant(column);
    Value result = projection.result();
    SmallVector<int64_t> step(rank, 1);
    Value slice = builder.create<SliceOp>(projection.product.getLoc(), result.getType(), all, scope.shape(start), step);
    result.replaceAllUsesWith(slice);
    column += typeOf(result).getShape().back();
  }
}

struct MergeProductsPass : impl::MergeProductsBase<MergeProductsPass> {
  void runOnOperation() override {
    Block &block = getOperation().getBody().front();
    // Products that can be one: of the same tensor, all with a bias or all without.
    llvm::MapVector<std::pair<Value, unsigned>, SmallVector<Projection>> families;
    for (auto product : block.getOps<MatmulOp>())
      if (std::optional<Projection> projection = matchProjection(product))
        families[{product.getLhs(), projection->sum ? 1 : 0}].push_back(*projection);
    bool hasChanged = false;
    for (auto &[key, projections] : families)
      if (projections.size() > 1) {
        merge(projections);
        hasChanged = true;
      }
    if (hasChanged)
      sortTopologically(&block);
  }
};

} // namespace
} // namespace ingot
