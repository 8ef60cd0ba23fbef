//===- Untranspose.cpp - Operands as they are before a transposition ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Untransposing single operands, and whole trees of operations where that saves transpositions (hoisting).
//
//===----------------------------------------------------------------------===//
#include "passes/simplify/Transposition.h"

using namespace mlir;

namespace ingot {
namespace {

/// The operand's type with leading axes of size 1 up to `rank`.
RankedTensorType expanded(Value operand, size_t rank) {
  SymbolScope scope(operand.getContext());
  SmallVector<AffineExpr> dims = scope.dims(operand);
  dims.insert(dims.begin(), rank - dims.size(), scope.constant(1));
  return scope.tensor(dims, getElementTypeOrSelf(operand));
}

bool isTransposedBy(Value operand, ArrayRef<int64_t> permutation) {
  auto transpose = operand.getDefiningOp<TransposeOp>();
  return transpose && transpose.getPermutation() == permutation;
}

/// Leading axes of size 1 of a known operand say nothing, and hide that it is a vector along the last axis.
Value dropLeadingUnits(OpBuilder &builder, Location loc, Value operand) {
  ArrayRef<int64_t> shape = typeOf(operand).getShape();
  return reshapeTo(builder, loc, operand, shape.drop_until([](int64_t size) { return size != 1; }));
}

/// How many transpositions it takes, less those it saves, to have `value` untransposed.
int costOf(Value value, ArrayRef<int64_t> permutation) {
  if (isTransposedBy(value, permutation))
    return value.hasOneUse() ? -1 : 0;
  if (isFreelyUntransposed(value, permutation))
    return 0;
  Operation *producer = value.getDefiningOp();
  bool isMovable = producer && producer->hasTrait<Pointwise>() && value.hasOneUse() &&
                   typeOf(value).getRank() == int64_t(permutation.size());
  if (!isMovable)
    return 1;
  int cost = 0;
  for (Value operand : producer->getOperands())
    cost += costOf(operand, permutation);
  return cost;
}

Value untransposeTree(OpBuilder &builder, Value value, ArrayRef<int64_t> permutation) {
  Operation *producer = value.getDefiningOp();
  bool isLeaf = isTransposedBy(value, permutation) || isFreelyUntransposed(value, permutation) || !producer ||
                !producer->hasTrait<Pointwise>() || !value.hasOneUse() ||
                typeOf(value).getRank() != int64_t(permutation.size());
  if (isLeaf)
    return untranspose(builder, value.getLoc(), value, permutation);
  SmallVector<Value> operands;
  for (Value operand : producer->getOperands())
    operands.push_back(untransposeTree(builder, operand, permutation));
  // One operand at least has to keep the leading axes that the result has.
  auto hasRank = [&](Value operand) { return typeOf(operand).getRank() == int64_t(permutation.size()); };
  if (llvm::none_of(operands, hasRank))
    operands.back() =
        reshapeTo(builder, value.getLoc(), operands.back(), expanded(operands.back(), permutation.size()));
  Operation *clone = builder.clone(*producer);
  clone->setOperands(operands);
  clone->getResult(0).setType(permute(typeOf(value), inverse(permutation)));
  return clone->getResult(0);
}

} // namespace

bool isFreelyUntransposed(Value operand, ArrayRef<int64_t> permutation) {
  return isTransposedBy(operand, permutation) || isKnown(operand) ||
         movesOnlyUnits(expanded(operand, permutation.size()), inverse(permutation));
}

Value untranspose(OpBuilder &builder, Location loc, Value operand, ArrayRef<int64_t> permutation) {
  if (isTransposedBy(operand, permutation))
    return operand.getDefiningOp<TransposeOp>().getInput();
  if (typeOf(operand).hasStaticShape() && typeOf(operand).getNumElements() == 1 &&
      typeOf(operand).getRank() < int64_t(permutation.size()))
    return operand;
  RankedTensorType type = expanded(operand, permutation.size());
  Permutation back = inverse(permutation);
  Value whole = reshapeTo(builder, loc, operand, type), result;
  if (movesOnlyUnits(type, back))
    result = reshapeTo(builder, loc, whole, permute(type, back));
  else
    result = builder.create<TransposeOp>(loc, permute(type, back), whole, back);
  return isKnown(operand) ? dropLeadingUnits(builder, loc, result) : result;
}

bool hoist(TransposeOp op) {
  Permutation back = inverse(op.getPermutation());
  Operation *producer = op.getInput().getDefiningOp();
  if (!producer || !producer->hasTrait<Pointwise>() || isKnown(op.getInput()) || costOf(op.getInput(), back) >= 1)
    return false; // what is known is computed when the model is compiled, transposed or not
  OpBuilder builder(op);
  op.replaceAllUsesWith(untransposeTree(builder, op.getInput(), back));
  op.erase();
  return true;
}

/// Whether only products read this, as columns of the rows before it: the gradients of weights, which do so anyway.
static bool isReadAcross(TransposeOp op) {
  auto isLeft = [&](Operation *user) {
    auto matmul = dyn_cast<MatmulOp>(user);
    return matmul && matmul.getLhs() == op.getOutput() && matmul.getRhs() != op.getOutput();
  };
  return op.getPermutation() == ArrayRef<int64_t>{1, 0} && llvm::all_of(op->getUsers(), isLeft);
}

bool hoistAboveReshape(TransposeOp op) {
  auto reshape = op.getInput().getDefiningOp<ReshapeOp>();
  auto producer = reshape ? reshape.getInput().getDefiningOp<TransposeOp>() : TransposeOp();
  if (!producer || !reshape->hasOneUse())
    return false;
  // Whole rows are faster put in order than taken apart.
  if (producer.getPermutation().back() == int64_t(producer.getPermutation().size()) - 1 && isReadAcross(op))
    return false;
  // Seen backwards it is a transposition before a reshape.
  auto commuted = commuteReshape(typeOf(reshape), inverse(op.getPermutation()), typeOf(producer));
  if (!commuted)
    return false;
  OpBuilder builder(op);
  Permutation both = compose(producer.getPermutation(), inverse(commuted->permutation));
  Value moved = builder.create<TransposeOp>(op.getLoc(), commuted->type, producer.getInput(), both);
  op.replaceAllUsesWith(reshapeTo(builder, op.getLoc(), moved, typeOf(op)));
  op.erase();
  return true;
}

} // namespace ingot
