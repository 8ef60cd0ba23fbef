//===- InPlace.cpp - Results that may overwrite an operand ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/memory/InPlace.h"

using namespace mlir;

namespace ingot {

/// The root's result, or what shows the same elements elsewhere, as long as nobody reads anything before it.
static Value behindViews(Value value) {
  while (value.hasOneUse()) {
    Operation *user = *value.user_begin();
    if (isa<kernel::ReturnOp>(user) || user->getNumResults() != 1 ||
        !(isa<ReshapeOp, TransposeOp>(user) || user->hasTrait<Pointwise>()))
      break;
    value = user->getResult(0);
  }
  return value;
}

/// Whether all results of a kernel are computed, element by element, before any is stored at that element's place.
static bool storesTogether(kernel::FuncOp func) {
  SmallVector<Value> open;
  for (Operation &op : func.getBody().front())
    if (op.hasTrait<Root>()) {
      if (op.getNumResults() > 1)
        return false;
      open.push_back(behindViews(op.getResult(0)));
    }
  // A view from here on would store one result elsewhere than another.
  llvm::SmallPtrSet<Operation *, 8> seen;
  while (!open.empty())
    for (Operation *user : open.pop_back_val().getUsers()) {
      if (isa<kernel::ReturnOp>(user) || !seen.insert(user).second)
        continue;
      if (!user->hasTrait<Pointwise>())
        return false;
      llvm::append_range(open, user->getResults());
    }
  return true;
}

/// Whether a recurrent operation reads each step's gates only before it stores in their place what became of them.
static bool isStepByStep(Value from, Value to) {
  Operation *op = from.hasOneUse() ? *from.user_begin() : nullptr;
  if (auto lstm = dyn_cast_or_null<LstmOp>(op))
    return from == lstm.getGates() && to == lstm.getActivated();
  if (auto gradient = dyn_cast_or_null<LstmGradientOp>(op))
    return from == gradient.getActivated() && to == gradient.getGatesGradient();
  return false;
}

/// Whether a scatter changes the tensor itself: a slice's old elements are read before its new ones are stored.
static bool isScattered(Value from, Value to) {
  Operation *op = to.getDefiningOp();
  return isa_and_nonnull<ScatterElementsOp, ScatterNdOp>(op) && from.hasOneUse() && from == op->getOperand(0);
}

bool canOverwrite(kernel::FuncOp func, unsigned argument, unsigned result) {
  Block &block = func.getBody().front();
  Value from = block.getArgument(argument), to = block.getTerminator()->getOperand(result);
  if (from.getType() != to.getType())
    return false;
  if (isStepByStep(from, to) || isScattered(from, to))
    return true;
  SymbolScope scope(func.getContext());
  SmallVector<AffineExpr> dims = scope.dims(from);
  // All that depends on the argument must be computed point by point.
  SmallVector<Value> open{from};
  llvm::SmallPtrSet<Operation *, 8> seen;
  llvm::SmallPtrSet<Value, 4> reached{from};
  while (!open.empty())
    for (Operation *user : open.pop_back_val().getUsers()) {
      if (isa<kernel::ReturnOp>(user) || !seen.insert(user).second)
        continue;
      if (!user->hasTrait<Pointwise>() || scope.dims(user->getResult(0)) != dims)
        return false;
      reached.insert(user->getResult(0));
      open.push_back(user->getResult(0));
    }
  // Where results are stored apart from each other, none may destroy what another one reads.
  auto isReached = [&](Value value) { return reached.contains(value); };
  return reached.contains(to) &&
         (storesTogether(func) || llvm::count_if(block.getTerminator()->getOperands(), isReached) == 1);
}

} // namespace ingot
