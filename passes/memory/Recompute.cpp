//===- Recompute.cpp - Memory for operations ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cuts are those of Chen, Xu, Zhang, Guestrin, "Training Deep Nets with Sublinear Memory Cost" (2016): every operation
// runs twice at most, and while backward is in a segment the segment's results and what crosses the cuts are in memory.
// A cut lies where little crosses it, between the blocks of a residual network, say.
//
//===----------------------------------------------------------------------===//
#include "passes/memory/Recompute.h"
#include "passes/Passes.h"
#include "passes/fusion/Groups.h"
#include "passes/memory/ForwardPass.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_RECOMPUTE
#include "passes/Passes.h.inc"
namespace {

/// Tensors measured with known sizes of named dimensions.
class Measure {
public:
  explicit Measure(const DimensionSizes &known) : known(known) {}

  /// The extents of a tensor.
  SmallVector<int64_t> operator()(Value value) const {
    SymbolScope scope(value.getContext());
    SmallVector<AffineExpr> dims = scope.dims(value), sizes;
    for (StringAttr name : llvm::to_vector(scope.getNames())) {
      auto found = known.find(name.str());
      sizes.push_back(scope.constant(found == known.end() ? 1 : found->second));
    }
    return llvm::map_to_vector(dims, [&](AffineExpr dim) {
      return std::max<int64_t>(0, constantValue(simplifyDimension(dim.replaceSymbols(sizes))).value_or(1));
    });
  }
  int64_t bytesOf(Value value) const {
    return int64_t(countElements((*this)(value))) * elementBytes(getElementTypeOrSelf(value));
  }

private:
  const DimensionSizes &known;
};

/// Which results of the forward pass stay in memory.
class Keeping {
public:
  Keeping(const ForwardPass &forward, const RecomputeChoice &choice)
      : forward(forward), choice(choice), measure(choice.sizes) {
    if (choice.segmentBytes > 0)
      cut();
  }

  bool isKept(Value value) const {
    Value base = baseOf(value);
    Operation *producer = base.getDefiningOp();
    if (!forward.contains(producer) || crossing.contains(base) || forward.placeOf(base) > lastCut)
      return true;
    if (isNarrowing(producer) && producer->getOperand(0).getDefiningOp()) // a form of what is narrowed
      producer = producer->getOperand(0).getDefiningOp();
    double operations = countOperations(producer, measure), bytes = std::max<int64_t>(measure.bytesOf(base), 1);
    return operations / bytes > choice.operationsPerByte;
  }

private:
  void cut() {
    int64_t count = forward.size();
    SmallVector<int64_t> keptAt(count, 0), begins(count, 0), ends(count + 1, 0);
    for (Value value : forward.kept)
      keptAt[forward.placeOf(value)] += measure.bytesOf(value);
    for (auto [value, last] : forward.lastReader) {
      begins[forward.placeOf(value)] += measure.bytesOf(value);
      ends[last] += measure.bytesOf(value);
    }
    SmallVector<int64_t> across(count, 0); // what is needed later, behind each operation
    for (int64_t place = 0, alive = 0; place < count; ++place)
      across[place] = alive += begins[place] - ends[place];
    lastCut = -1;
    int64_t best = -1, inSegment = 0, rest = 0;
    for (int64_t bytes : keptAt)
      rest += bytes;
    for (int64_t place = 0; place < count; ++place) {
      inSegment += keptAt[place];
      rest -= keptAt[place];
      if (rest + inSegment <= choice.segmentBytes) // all of it is the last segment
        break;
      bool isRoom = inSegment <= choice.segmentBytes;
      if (inSegment > choice.segmentBytes / 2 && (best < 0 || (isRoom && across[place] <= across[best])))
        best = place;
      if (isRoom)
        continue;
      cutBehind(best);
      inSegment = 0;
      for (int64_t behind = best + 1; behind <= place; ++behind)
        inSegment += keptAt[behind];
      best = -1;
    }
  }

  void cutBehind(int64_t place) {
    lastCut = place;
    for (auto [value, last] : forward.lastReader)
      if (forward.placeOf(value) <= place && last > place)
        crossing.insert(value);
  }

  const ForwardPass &forward;
  const RecomputeChoice &choice;
  Measure measure;
  llvm::DenseSet<Value> crossing;
  int64_t lastCut = std::numeric_limits<int64_t>::max();
};

/// Rewrites what comes after the forward pass.
class Rewriter {
public:
  Rewriter(func::FuncOp main, const RecomputeChoice &choice)
      : main(main), forward(main), keeping(forward, choice), measure(choice.sizes),
        late(UnitAttr::get(main.getContext())) {}

  RecomputeCost run() {
    SmallVector<Operation *> rest;
    for (Operation &op : main.getBody().front().without_terminator()) {
      cost.once += countOperations(&op, measure);
      if (!forward.contains(&op) && !isa<ConstantOp>(op))
        rest.push_back(&op);
    }
    for (Operation *op : rest) {
      op->setAttr("ingot.late", late);
      for (OpOperand &operand : op->getOpOperands())
        operand.set(available(operand.get(), op));
    }
    return cost;
  }

private:
  /// `value`, or if it is forgotten its copy, before the operation that asks for it.
  Value available(Value value, Operation *user) {
    if (keeping.isKept(value))
      return value;
    if (Value copy = copies.lookup(value))
      return copy;
    Operation *op = value.getDefiningOp();
    SmallVector<Value> operands =
        llvm::map_to_vector(op->getOperands(), [&](Value operand) { return available(operand, user); });
    OpBuilder builder(user);
    Operation *copy = builder.clone(*op);
    copy->setOperands(operands);
    copy->setAttr("ingot.again", late);
    copy->setAttr("ingot.late", late);
    for (auto [result, again] : llvm::zip(op->getResults(), copy->getResults()))
      copies[result] = again;
    cost.again += countOperations(op, measure);
    cost.values += !isFreeView(op);
    return copies.lookup(value);
  }

  func::FuncOp main;
  ForwardPass forward;
  Keeping keeping;
  Measure measure;
  UnitAttr late;
  llvm::DenseMap<Value, Value> copies;
  RecomputeCost cost;
};

struct RecomputePass : impl::RecomputeBase<RecomputePass> {
  using RecomputeBase::RecomputeBase;
  void runOnOperation() override { recompute(getOperation(), {operationsPerByte, segmentBytes, {}}); }
};

} // namespace

int64_t bytesForBackward(func::FuncOp main, const DimensionSizes &sizes) {
  Measure measure(sizes);
  int64_t bytes = 0;
  for (Value value : ForwardPass(main).kept)
    bytes += measure.bytesOf(value);
  return bytes;
}

RecomputeCost recompute(func::FuncOp main, const RecomputeChoice &choice) { return Rewriter(main, choice).run(); }

} // namespace ingot
