//===- Joining.cpp - What may join a group --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations are placed in program order; each may join groups that produce its operands:
//   epilogue: a pointwise operation on the elements that a root (or other pointwise operations) has just computed;
//   prologue: pointwise operations whose results somebody reads once, one for one.
//
//===----------------------------------------------------------------------===//
#include "passes/fusion/Groups.h"

using namespace mlir;

namespace ingot {

namespace {

SmallVector<AffineExpr> dimsOf(SymbolScope &scope, Value value) { return scope.dims(value); }

bool haveSameDims(Value a, Value b) {
  SymbolScope scope(a.getContext());
  return dimsOf(scope, a) == dimsOf(scope, b);
}

bool haveSameCount(Value a, Value b) {
  SymbolScope scope(a.getContext());
  return product(scope.dims(a), a.getContext()) == product(scope.dims(b), b.getContext());
}

/// Worth computing again for every pass over a row.
bool isCheap(Operation *op) {
  return !isa<ExpOp, LogOp, SinOp, CosOp, TanOp, AsinOp, AcosOp, AtanOp, SinhOp, CoshOp, AsinhOp, AcoshOp, AtanhOp,
              TanhOp, ErfOp, SigmoidOp, GeluOp, PowOp, DivOp, SqrtOp>(op);
}

bool readsOften(Operation *op) { return isa<SoftmaxOp, NormalizeOp>(op); }

/// Whether `value`, computed in the group, depends on the group's root.
bool dependsOnRoot(Value value, const Group &group) {
  SmallVector<Value> open{value};
  llvm::DenseSet<Operation *> seen;
  while (!open.empty()) {
    Operation *producer = open.pop_back_val().getDefiningOp();
    if (!producer || !seen.insert(producer).second)
      continue;
    if (producer == group.root)
      return true;
    if (group.ops.contains(producer) || isFreeView(producer))
      llvm::append_range(open, producer->getOperands());
  }
  return false;
}

} // namespace

Grouping::Path Grouping::pathOf(Operation *op, Value operand) const {
  Path path{operand};
  Operation *below = op;
  auto isOnlyUser = [&] {
    return llvm::all_of(path.source.getUsers(), [&](Operation *user) { return user == below; });
  };
  for (Operation *view = operand.getDefiningOp();
       isFreeView(view) && !owners.contains(view) && view->getNumOperands() == 1; view = path.source.getDefiningOp()) {
    path.isUsedOnce &= isOnlyUser();
    path.isDirect &= isWidening(view);
    path.isRelabeling &= isa<ReshapeOp, TransposeOp>(view) || isWidening(view);
    if (auto transpose = dyn_cast<TransposeOp>(view))
      path.keepsRows &= keepsLastAxis(transpose);
    below = view;
    path.source = view->getOperand(0);
  }
  path.group = groupOf(path.source.getDefiningOp());
  return path;
}

/// Whether the root of `own` reads what `producer` computes.
bool Grouping::isReadByRoot(const Group &producer, const Group &own) const {
  SmallVector<Value> open(own.root ? own.root->getOperands() : ValueRange());
  while (!open.empty()) {
    Operation *source = open.pop_back_val().getDefiningOp();
    if (source && producer.ops.contains(source))
      return true;
    if (isFreeView(source) && !owners.contains(source))
      llvm::append_range(open, source->getOperands());
  }
  return false;
}

/// Whether merging would leave results of path.group that are needed elsewhere, besides through `path`.
bool Grouping::hasOtherResults(const Path &path, const Group &own) const {
  for (Operation *op : path.group->ops)
    for (Value result : op->getResults()) {
      Group both; // isUsedOutside asks for one group: both together
      both.ops = path.group->ops;
      both.ops.insert(own.ops.begin(), own.ops.end());
      if (isUsedOutside(result, both))
        return true;
    }
  return false;
}

/// Whether all that `op` reads of what path.group's root computes is at the point of `path`. A second view of it, as in
/// y + transpose(y) or y - y[:, :1], shows elements that the root has not computed yet, or has left behind.
bool Grouping::readsOnePoint(Operation *op, const Path &path) const {
  return llvm::all_of(op->getOperands(), [&](Value operand) {
    Path other = pathOf(op, operand);
    if (other.group != path.group || !dependsOnRoot(other.source, *path.group))
      return true;
    return path.isDirect ? other.isDirect && haveSameDims(other.source, path.source) : other.source == path.source;
  });
}

/// `op` computes on the points at which path.group's root has just computed its elements.
bool Grouping::canBeEpilogue(Operation *op, const Path &path, Group &own) const {
  Group *host = path.group;
  if (!host || !host->root || own.root || host->root->getNumResults() != 1 || !dependsOnRoot(path.source, *host))
    return false;
  // An element may change until the last update; of a cache only the new rows are computed.
  if (isa<ScatterElementsOp, ScatterNdOp, AppendOp>(host->root))
    return false;
  bool isView = isFreeView(op) && !isWidening(op);
  if ((!op->hasTrait<Pointwise>() && !isView) || !readsOnePoint(op, path))
    return false;
  if (path.isDirect && !isView)
    return haveSameDims(path.source, op->getResult(0)) && canMerge(own, *host);
  auto transpose = dyn_cast<TransposeOp>(op);
  bool keepsRows = path.keepsRows && (!transpose || keepsLastAxis(transpose));
  return path.isRelabeling && keepsRows && path.isUsedOnce && (!isView || transpose) && !hasOtherResults(path, own) &&
         haveSameCount(path.source, op->getResult(0)) && canMerge(own, *host);
}

/// `op` reads what path.group computes without a root, and can as well compute it on the fly.
bool Grouping::canBePrologue(Operation *op, const Path &path, Group &own) const {
  Group *producer = path.group;
  if (!producer || producer->root || producer == &own || !canMerge(own, *producer))
    return false;
  // Through an epilogue of `own` its root must not get a prologue that it would compute over and over.
  bool isRead = !op->hasTrait<Root>() && isReadByRoot(*producer, own);
  if (isRead && (!readsRows(own.root) || (readsOften(own.root) && !llvm::all_of(producer->ops, isCheap))))
    return false;
  bool isPlain = isa<AppendOp>(op) || (!op->hasTrait<Root>() && !isa<GatherOp, GatherElementsOp, GatherNdOp>(op));
  if (!isPlain && !readsRows(op))
    return false;
  if (readsOften(op) && !llvm::all_of(producer->ops, isCheap))
    return false;
  // Several results need one loop over the same points, and in a kernel with a root they would not depend on it.
  if (isPlain && !own.root && path.isDirect && op->hasTrait<Pointwise>() && haveSameDims(path.source, op->getResult(0)))
    return true;
  if (!path.isUsedOnce || hasOtherResults(path, own))
    return false;
  bool isBroadcast = op->hasTrait<Pointwise>() && path.isRelabeling && !haveSameCount(path.source, op->getResult(0));
  bool repeats = llvm::any_of(op->getOperands(), [&](Value operand) { return operand.getDefiningOp<BroadcastOp>(); });
  return !isBroadcast && !repeats;
}

/// The group whose root's epilogue `op` becomes: of several the last, whose other operands are then there.
Group *Grouping::findEpilogueHost(Operation *op, Group &own) const {
  Group *host = nullptr;
  for (Value operand : op->getOperands()) {
    Path path = pathOf(op, operand);
    if (canBeEpilogue(op, path, own) && (!host || path.group->last > host->last))
      host = path.group;
  }
  return host;
}

void Grouping::place(Operation *op) {
  groups.push_back(std::make_unique<Group>());
  Group &own = *groups.back();
  own.ops.insert(op);
  own.root = op->hasTrait<Root>() ? op : nullptr;
  own.first = own.last = places.lookup(op);
  owners[op] = &own;
  if (main->hasAttr("ingot.detect_anomaly")) // each operation's results are looked at
    return;
  if (Group *host = findEpilogueHost(op, own))
    merge(own, *host);
  for (Value operand : op->getOperands()) {
    Path path = pathOf(op, operand);
    if (canBePrologue(op, path, own))
      merge(own, *path.group);
  }
}

} // namespace ingot
