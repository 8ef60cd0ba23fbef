//===- SinkTranspose.cpp - op(transpose(x)) => transpose(op'(x)) ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One rule per operation that has another form on the untransposed tensor. With p the transposition's permutation, axis
// a of the transposed tensor is axis p[a] of x.
//
//===----------------------------------------------------------------------===//
#include "passes/simplify/Transposition.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ingot {
namespace {

Permutation mapAxes(ArrayRef<int64_t> axes, ArrayRef<int64_t> permutation) {
  Permutation result;
  for (int64_t axis : axes)
    result.push_back(permutation[axis]);
  llvm::sort(result);
  return result;
}

/// What belongs to axis a of the transposed tensor, listed by the axes of x.
template <typename T>
SmallVector<T> mapValues(ArrayRef<T> values, ArrayRef<int64_t> permutation) {
  return permute<T>(values, inverse(permutation));
}

bool isLastAxis(int64_t axis, ArrayRef<int64_t> permutation) { return axis == int64_t(permutation.size()) - 1; }

// Each rule changes the attributes of `op` to those of op', or declines.
// -------------------------------------------------

bool rewrite(PadOp op, ArrayRef<int64_t> permutation) {
  op.setLow(mapValues(op.getLow(), permutation));
  op.setHigh(mapValues(op.getHigh(), permutation));
  return true;
}

bool rewrite(SliceOp op, ArrayRef<int64_t> permutation) {
  SmallVector<AffineExpr> start = mapValues(op.getStart().getDims(), permutation);
  op.setStartAttr(ShapeAttr::get(op.getContext(), op.getStart().getNames(), start));
  op.setStep(mapValues(op.getStep(), permutation));
  return true;
}

bool rewrite(ReduceOp op, ArrayRef<int64_t> permutation) {
  op.setAxes(mapAxes(op.getAxes(), permutation));
  return true;
}

bool rewrite(NormalizeOp op, ArrayRef<int64_t> permutation) {
  op.setAxes(mapAxes(op.getAxes(), permutation));
  return true;
}

/// Along one axis, rows that lie together in memory are worth more than a transposition saved.
template <typename Op>
bool rewriteAxis(Op op, ArrayRef<int64_t> permutation) {
  int64_t axis = op.getAxis();
  if (isLastAxis(axis, permutation) && !isLastAxis(permutation[axis], permutation))
    return false;
  op.setAxis(permutation[axis]);
  return true;
}

bool rewrite(ResizeOp op, ArrayRef<int64_t> permutation) {
  op.setScales(mapValues(op.getScales(), permutation));
  return true;
}

bool rewriteAttributes(Operation *op, ArrayRef<int64_t> permutation) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case<PadOp, SliceOp, ReduceOp, NormalizeOp, ResizeOp>([&](auto typed) { return rewrite(typed, permutation); })
      .Case<SoftmaxOp, ArgReduceOp, CumulateOp>([&](auto typed) { return rewriteAxis(typed, permutation); })
      .Default([](Operation *) { return false; });
}

/// Puts transpose(`result`) in the place of `op`.
void replaceByTransposed(OpBuilder &builder, Operation *op, Value result, ArrayRef<int64_t> permutation) {
  auto transpose = builder.create<TransposeOp>(op->getLoc(), op->getResult(0).getType(), result, permutation);
  op->getResult(0).replaceAllUsesWith(transpose);
  op->erase();
}

/// Operations on one transposed tensor; further operands (a pad's value) are scalars.
bool sinkBelowUnary(Operation *op, TransposeOp transpose) {
  OpBuilder builder(op);
  Permutation permutation(transpose.getPermutation());
  Operation *clone = builder.clone(*op);
  if (!rewriteAttributes(clone, permutation)) {
    clone->erase();
    return false;
  }
  clone->setOperand(0, transpose.getInput());
  clone->getResult(0).setType(permute(typeOf(op->getResult(0)), inverse(permutation)));
  replaceByTransposed(builder, op, clone->getResult(0), permutation);
  return true;
}

/// The transposition that all operands share, or cost nothing to undo.
std::optional<Permutation> sharedPermutation(Operation *op) {
  int64_t rank = typeOf(op->getResult(0)).getRank();
  std::optional<Permutation> shared;
  for (Value operand : op->getOperands()) {
    auto transpose = operand.getDefiningOp<TransposeOp>();
    if (transpose && typeOf(operand).getRank() == rank && !isKnown(operand) && !shared)
      shared = Permutation(transpose.getPermutation());
  }
  if (!shared ||
      !llvm::all_of(op->getOperands(), [&](Value operand) { return isFreelyUntransposed(operand, *shared); }))
    return std::nullopt;
  return shared;
}

bool sinkBelowPointwise(Operation *op) {
  std::optional<Permutation> permutation = sharedPermutation(op);
  if (!permutation)
    return false;
  OpBuilder builder(op);
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(untranspose(builder, op->getLoc(), operand, *permutation));
  Operation *clone = builder.clone(*op);
  clone->setOperands(operands);
  clone->getResult(0).setType(permute(typeOf(op->getResult(0)), inverse(*permutation)));
  replaceByTransposed(builder, op, clone->getResult(0), *permutation);
  return true;
}

bool sinkBelowConcat(ConcatOp op) {
  std::optional<Permutation> permutation = sharedPermutation(op);
  if (!permutation)
    return false;
  OpBuilder builder(op);
  SmallVector<Value> operands;
  for (Value operand : op.getInputs()) {
    Value plain = untranspose(builder, op.getLoc(), operand, *permutation);
    operands.push_back(reshapeTo(builder, op.getLoc(), plain, permute(typeOf(operand), inverse(*permutation))));
  }
  auto type = permute(typeOf(op), inverse(*permutation));
  auto concat = builder.create<ConcatOp>(op.getLoc(), type, operands, (*permutation)[op.getAxis()]);
  replaceByTransposed(builder, op, concat, *permutation);
  return true;
}

/// broadcast(transpose(x)) => transpose(broadcast(x)): moves less when x is the smaller tensor, so only without new
/// axes in front of which the permutation says nothing.
bool sinkBelowBroadcast(BroadcastOp op, TransposeOp transpose) {
  if (typeOf(op).getRank() != typeOf(transpose).getRank())
    return false;
  OpBuilder builder(op);
  Permutation permutation(transpose.getPermutation());
  auto type = permute(typeOf(op), inverse(permutation));
  replaceByTransposed(builder, op, builder.create<BroadcastOp>(op.getLoc(), type, transpose.getInput()), permutation);
  return true;
}

bool sinkBelowReshape(ReshapeOp op, TransposeOp transpose) {
  auto commuted = commuteReshape(typeOf(transpose), transpose.getPermutation(), typeOf(op));
  if (!commuted)
    return false;
  OpBuilder builder(op);
  Value reshaped = reshapeTo(builder, op.getLoc(), transpose.getInput(), commuted->type);
  replaceByTransposed(builder, op, reshaped, commuted->permutation);
  return true;
}

} // namespace

bool sinkBelow(Operation *op) {
  if (op->hasTrait<Pointwise>())
    return sinkBelowPointwise(op);
  if (auto concat = dyn_cast<ConcatOp>(op))
    return sinkBelowConcat(concat);
  auto transpose = op->getNumOperands() ? op->getOperand(0).getDefiningOp<TransposeOp>() : TransposeOp();
  if (!transpose)
    return false;
  if (auto broadcast = dyn_cast<BroadcastOp>(op))
    return sinkBelowBroadcast(broadcast, transpose);
  if (auto reshape = dyn_cast<ReshapeOp>(op))
    return sinkBelowReshape(reshape, transpose);
  return sinkBelowUnary(op, transpose);
}

} // namespace ingot
