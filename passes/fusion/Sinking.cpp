//===- Sinking.cpp - What readers compute better themselves ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An epilogue's results all go to memory. Where some of them are computed from one value, and each is read by a single
// pointwise kernel, it costs less to store that value alone and have the readers compute the rest:
//
//   { dx = conv_transpose ...; a = dx * scale }  { ... a + b }  =>  { dx = conv_transpose ... }  { ... dx * scale + b }
//
// if dx is stored anyway, or several results are made of it (the masks of a pool's gradient).
//
//===----------------------------------------------------------------------===//
#include "passes/fusion/Groups.h"

using namespace mlir;

namespace ingot {
namespace {

bool haveSameDims(Value a, Value b) {
  SymbolScope scope(a.getContext());
  return scope.dims(a) == scope.dims(b);
}

/// Bytes for each element of the group's points; what is broadcast costs nothing.
int64_t bytesOf(Value value, Value points) {
  Type element = getElementTypeOrSelf(value);
  return haveSameDims(value, points) ? llvm::divideCeil(element.getIntOrFloatBitWidth(), 8) : 0;
}

} // namespace

/// The group without a root that alone reads `op`, each element once, if there is one.
Group *Grouping::soleReader(Operation *op) const {
  Value value = op->getResult(0);
  while (value.hasOneUse()) {
    Operation *user = *value.getUsers().begin();
    Group *reader = groupOf(user);
    if (reader) {
      bool readsOnce = isa<PadOp>(user) || (user->hasTrait<Pointwise>() && haveSameDims(value, user->getResult(0)));
      return reader->root || !readsOnce ? nullptr : reader;
    }
    if (!isa<ReshapeOp, TransposeOp, SliceOp>(user))
      return nullptr;
    value = user->getResult(0);
  }
  return nullptr;
}

/// The only operand of `op` that `host` computes, if it reads that without views.
Value Grouping::sourceIn(const Group &host, Operation *op) const {
  Value source;
  for (Value operand : op->getOperands()) {
    Path path = pathOf(op, operand);
    Operation *producer = path.source.getDefiningOp();
    if (isFreeView(producer) && !owners.contains(producer))
      return {};
    if (path.group != &host)
      continue;
    if (source || !path.isDirect || !haveSameDims(operand, op->getResult(0)))
      return {};
    source = operand;
  }
  return source;
}

/// Bytes that are saved for each element when `ops`, results of `host` computed from `source`, move to their readers.
int64_t Grouping::savedBytes(const Group &host, Value source, ArrayRef<Operation *> ops) const {
  auto isMoved = [&](Operation *user) { return llvm::is_contained(ops, user); };
  bool isStored = llvm::any_of(source.getUsers(), [&](Operation *user) {
    return !host.ops.contains(user); // views included
  });
  llvm::SmallPtrSet<Group *, 4> readers;
  int64_t saved = isStored ? 0 : -bytesOf(source, source);
  for (Operation *op : ops) {
    readers.insert(soleReader(op));
    saved += 2 * bytesOf(op->getResult(0), source);
    for (Value operand : op->getOperands())
      if (operand != source &&
          llvm::any_of(operand.getUsers(), [&](Operation *user) { return host.ops.contains(user) && !isMoved(user); }))
        saved -= bytesOf(operand, source);
  }
  return saved - int64_t(readers.size()) * bytesOf(source, source);
}

void Grouping::sinkIntoReaders() {
  for (auto &host : groups) {
    if (!host->root)
      continue;
    llvm::MapVector<Value, SmallVector<Operation *>> candidates;
    for (Operation *op : host->ops) {
      if (!op->hasTrait<Pointwise>() || op->getNumResults() != 1 || op == host->root)
        continue;
      Value source = sourceIn(*host, op);
      Group *reader = source ? soleReader(op) : nullptr;
      if (reader && reader != host.get() && reader->ops.size() < mostOperations)
        candidates[source].push_back(op);
    }
    for (auto &[source, ops] : candidates) {
      if (savedBytes(*host, source, ops) <= 0)
        continue;
      for (Operation *op : ops) {
        Group *reader = soleReader(op);
        host->ops.remove(op);
        reader->ops.insert(op);
        owners[op] = reader;
      }
    }
  }
}

} // namespace ingot
