//===- FoldTransposes.cpp - Moves transpositions until they cancel --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Importers put a transposition before and after every channels-last operation. Transpositions move down through
// whatever can just as well compute on the untransposed tensor, merge with those they meet, and so leave at most one at
// each border.
//
//   %1 = transpose %a [0, 3, 1, 2]; %2 = relu %1; %3 = transpose %2 [0, 2, 3, 1]  =>  %3 = relu %a
//
// Termination: sinking moves a transposition below an operation and nothing moves it up again, except where a whole
// tree of operations can be had transposed for strictly fewer transpositions (Hoisting).
//
//===----------------------------------------------------------------------===//
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Passes.h"
#include "passes/simplify/Transposition.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_FOLDTRANSPOSES
#include "passes/Passes.h.inc"
namespace {

/// transpose(transpose(x)) => transpose(x); a transposition that moves only axes of size 1 => reshape.
bool mergeTranspose(TransposeOp op) {
  OpBuilder builder(op);
  Permutation permutation(op.getPermutation());
  Value input = op.getInput();
  auto producer = input.getDefiningOp<TransposeOp>();
  if (producer) {
    permutation = compose(producer.getPermutation(), permutation);
    input = producer.getInput();
  }
  Value replacement;
  if (movesOnlyUnits(typeOf(input), permutation))
    replacement = reshapeTo(builder, op.getLoc(), input, typeOf(op));
  else if (producer)
    replacement = builder.create<TransposeOp>(op.getLoc(), op.getType(), input, permutation);
  if (!replacement)
    return false;
  op.replaceAllUsesWith(replacement);
  op.erase();
  return true;
}

/// matmul(reshape(transpose(x)), w) => matmul(reshape(x), w with its rows in the order of x), for known w.
bool moveIntoWeight(MatmulOp op) {
  auto reshape = op.getLhs().getDefiningOp<ReshapeOp>();
  auto transpose = reshape ? reshape.getInput().getDefiningOp<TransposeOp>() : TransposeOp();
  auto weight = typeOf(op.getRhs());
  if (!transpose || weight.getRank() != 2 || !isKnown(op.getRhs()))
    return false;
  ArrayRef<int64_t> permutation = transpose.getPermutation();
  ArrayRef<int64_t> shape = typeOf(transpose).getShape();
  // The trailing axes that the reshape makes the rows of w.
  int64_t first = shape.size(), rows = 1;
  while (first > 0 && rows < weight.getDimSize(0) && !ShapedType::isDynamic(shape[first - 1]))
    rows *= shape[--first];
  if (rows != weight.getDimSize(0) || !isIdentity(permutation.take_front(first)))
    return false;
  SmallVector<int64_t> split(shape.drop_front(first));
  split.push_back(weight.getDimSize(1));
  Permutation order, back = inverse(permutation);
  for (int64_t axis : ArrayRef<int64_t>(back).drop_front(first))
    order.push_back(axis - first);
  order.push_back(split.size() - 1);
  OpBuilder builder(op);
  Value rearranged = reshapeTo(builder, op.getLoc(), op.getRhs(), split);
  rearranged = builder.create<TransposeOp>(op.getLoc(), rearranged, order);
  Value lhs = builder.create<ReshapeOp>(reshape.getLoc(), reshape.getType(), transpose.getInput());
  op.getLhsMutable().assign(lhs);
  op.getRhsMutable().assign(reshapeTo(builder, op.getLoc(), rearranged, weight));
  return true;
}

/// reshape(reshape(x)) => reshape(x)
bool mergeReshape(ReshapeOp op) {
  auto producer = op.getInput().getDefiningOp<ReshapeOp>();
  if (producer)
    op.getInputMutable().assign(producer.getInput());
  return producer != nullptr;
}

/// normalize(reshape(x, [N, G, C/G * S])) => reshape(normalize(reshape(x, [N, G, C/G, S]), all axes of a group)): a
/// group normalisation whose channels can move.
bool splitGroups(NormalizeOp op) {
  auto reshape = op.getInput().getDefiningOp<ReshapeOp>();
  if (!reshape || !reshape.getInput().getDefiningOp<TransposeOp>() || op.getAxes() != ArrayRef<int64_t>{2})
    return false;
  SymbolScope scope(op.getContext());
  SmallVector<AffineExpr> whole = scope.dims(reshape.getInput()), grouped = scope.dims(op.getInput());
  AffineExpr each = grouped.size() == 3 && whole.size() > 2 ? divideExactly(whole[1], grouped[1]) : AffineExpr();
  if (!each || whole[0] != grouped[0])
    return false;
  SmallVector<AffineExpr> split{whole[0], grouped[1], each};
  split.append(whole.begin() + 2, whole.end());
  OpBuilder builder(op);
  Value input =
      builder.create<ReshapeOp>(op.getLoc(), scope.tensor(split, getElementTypeOrSelf(op)), reshape.getInput());
  auto axes = llvm::to_vector(llvm::seq<int64_t>(2, split.size()));
  Value result = builder.create<NormalizeOp>(op.getLoc(), input, axes, op.getEpsilon(), op.getCenter());
  op.replaceAllUsesWith(builder.create<ReshapeOp>(op.getLoc(), op.getType(), result).getOutput());
  op.erase();
  return true;
}

bool sink(Operation *op) {
  if (auto transpose = dyn_cast<TransposeOp>(op))
    return mergeTranspose(transpose);
  if (auto normalize = dyn_cast<NormalizeOp>(op); normalize && splitGroups(normalize))
    return true; // the next round moves the transposition
  if (auto reshape = dyn_cast<ReshapeOp>(op); reshape && mergeReshape(reshape))
    return true;
  if (auto matmul = dyn_cast<MatmulOp>(op))
    return moveIntoWeight(matmul);
  if (op->getNumResults() != 1 || isKnown(op->getResult(0)))
    return false;
  return sinkBelow(op);
}

/// Nodes whose result nobody needs would count as users.
void eraseDead(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

struct FoldTransposesPass : impl::FoldTransposesBase<FoldTransposesPass> {
  void runOnOperation() override {
    Block &block = getOperation().getBody().front();
    bool isChanged = true;
    for (int round = 0; round < 8 && isChanged; ++round) {
      isChanged = false;
      for (Operation &op : llvm::make_early_inc_range(block))
        isChanged |= sink(&op);
      eraseDead(block);
      for (Operation &op : llvm::make_early_inc_range(block))
        if (auto transpose = dyn_cast<TransposeOp>(op))
          isChanged |= hoist(transpose) || hoistAboveReshape(transpose);
      eraseDead(block);
    }
  }
};

} // namespace
} // namespace ingot
