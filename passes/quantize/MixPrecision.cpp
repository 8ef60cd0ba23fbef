//===- MixPrecision.cpp - A training step in two formats ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parameters, moments, statistics, sums and the loss stay float32. Rounded to bfloat16 are
//   what is multiplied:            matmul %x, %w      =>  matmul (f32 (bf16 %x)), (f32 (bf16 %w))
//   what backward reads of forward, as far as products follow:    %y  =>  f32 (bf16 %y), for all that read it
//
// A value is rounded once and all its readers see the rounded number, so that only its bfloat16 form has to lie in
// memory: that is what the step is made smaller by. Widening back is exact; readers do it in registers, and roots that
// cannot have a copy just for themselves. A parameter is rounded for each product anew: the optimizer reads the number
// itself. This is the choice of PyTorch's autocast, apart from what is only stored to be read once.
//
//===----------------------------------------------------------------------===//
#include "passes/Passes.h"
#include "passes/fusion/Groups.h"
#include "passes/memory/ForwardPass.h"
#include "passes/quantize/NodeNames.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_MIXPRECISION
#include "passes/Passes.h.inc"
namespace {

bool isSingle(Value value) { return getElementTypeOrSelf(value).isF32(); }

/// Whether running `main` changes parameters or gradients of a state.
bool isStep(func::FuncOp main) {
  for (unsigned i = 0; i < main.getNumResults(); ++i)
    if (auto role = main.getResultAttrOfType<StringAttr>(i, "ingot.role"))
      if (role.getValue() == "parameter" || role.getValue() == "gradient")
        return true;
  return false;
}

class Mixing {
public:
  Mixing(func::FuncOp main, llvm::function_ref<bool(Operation *)> staysSingle)
      : main(main), forward(main), staysSingle(staysSingle) {}

  void run() {
    findValues();
    for (Value value : rounded)
      roundForAll(value);
    for (Operation &op : main.getBody().front()) {
      for (OpOperand &operand : op.getOpOperands())
        if (readsInPlace(operand))
          giveOwnCopy(operand);
      for (OpOperand *factor : factorsOf(&op))
        if (isSingle(factor->get()) && isa<BlockArgument>(baseOf(factor->get())))
          read(*factor, [&](OpBuilder &builder, Value argument) { return widen(builder, narrow(builder, argument)); });
    }
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(main.getBody().front())))
      if (isOpTriviallyDead(&op)) // what all readers have a copy of
        op.erase();
  }

private:
  // What is rounded

  SmallVector<OpOperand *> factorsOf(Operation *op) const {
    auto product = dyn_cast<SumsProducts>(op);
    return product && !staysSingle(op) ? product.getFactors() : SmallVector<OpOperand *>();
  }

  void findValues() {
    for (Operation &op : main.getBody().front())
      for (OpOperand *factor : factorsOf(&op))
        if (Value base = baseOf(factor->get()); isSingle(base) && isComputed(base))
          rounded.insert(base);
    llvm::DenseSet<Operation *> leading = findLeading(), statistics = findStatistics();
    for (Value value : forward.kept) {
      Operation *producer = value.getDefiningOp();
      if (isSingle(value) && isComputed(value) && !statistics.contains(producer) && !staysSingle(producer) &&
          (leading.contains(producer) || isReadByProduct(value)))
        rounded.insert(value);
    }
  }

  static bool isComputed(Value value) {
    Operation *producer = value.getDefiningOp();
    return producer && !isa<ConstantOp>(producer) && !isFreeView(producer);
  }

  /// The forward operations on which a product depends: the others belong to the loss.
  llvm::DenseSet<Operation *> findLeading() const {
    llvm::DenseSet<Operation *> leading;
    for (Operation *op : llvm::reverse(forward.ops))
      if (llvm::any_of(op->getUsers(), [&](Operation *user) {
            return forward.contains(user) && (leading.contains(user) || !factorsOf(user).empty());
          }))
        leading.insert(op);
    return leading;
  }

  /// Means, variances and what is computed of them alone: small, and worth their digits.
  llvm::DenseSet<Operation *> findStatistics() const {
    llvm::DenseSet<Operation *> statistics;
    for (Operation *op : forward.ops) {
      auto computed = llvm::make_filter_range(op->getOperands(),
                                              [&](Value operand) { return forward.contains(operand.getDefiningOp()); });
      bool isOfStatistics = !computed.empty() && llvm::all_of(computed, [&](Value operand) {
        return statistics.contains(operand.getDefiningOp());
      });
      if (isa<ReduceOp>(op) || (isOfStatistics && (op->hasTrait<Pointwise>() || op->hasTrait<View>())))
        statistics.insert(op);
    }
    return statistics;
  }

  /// Whether an operation of backward that multiplies reads `value`, not only as a factor.
  bool isReadByProduct(Value value) const {
    return llvm::any_of(value.getUsers(), [&](Operation *user) {
      if (isFreeView(user))
        return isReadByProduct(user->getResult(0));
      return !forward.contains(user) && isa<SumsProducts>(user);
    });
  }

  // Rounding

  static Value castTo(OpBuilder &builder, Value value, Type element) {
    auto type = cast<RankedTensorType>(value.getType());
    return builder.create<CastOp>(value.getLoc(), RankedTensorType::get(type.getShape(), element, type.getEncoding()),
                                  value, TypeAttr::get(element));
  }
  static Value narrow(OpBuilder &builder, Value value) { return castTo(builder, value, builder.getBF16Type()); }
  static Value widen(OpBuilder &builder, Value value) { return castTo(builder, value, builder.getF32Type()); }

  /// Readers in backward of what forward computes widen it themselves, where they are: --memory-budget may have them
  /// compute it again there.
  void roundForAll(Value value) {
    OpBuilder builder(main.getContext());
    builder.setInsertionPointAfterValue(value);
    Value narrowed = narrow(builder, value), widened;
    bool isForward = forward.contains(value.getDefiningOp());
    llvm::DenseMap<Operation *, Value> own;
    for (OpOperand &use : llvm::make_early_inc_range(value.getUses())) {
      Operation *reader = use.getOwner();
      if (reader == narrowed.getDefiningOp() || reader->hasTrait<OpTrait::IsTerminator>())
        continue;
      bool isApart = isForward && !forward.contains(reader);
      OpBuilder before(reader);
      Value &copy = isApart ? own[reader] : widened;
      if (!copy)
        copy = widen(isApart ? before : builder, narrowed);
      use.set(copy);
    }
  }

  /// Lets `operand` read what `make` makes of the value that its views show; the operation gets views of its own.
  void read(OpOperand &operand, llvm::function_ref<Value(OpBuilder &, Value)> make) {
    OpBuilder builder(operand.getOwner());
    SmallVector<Operation *> views;
    Value value = operand.get();
    for (Operation *view = value.getDefiningOp(); isFreeView(view) && !isWidening(view) && view->getNumOperands() == 1;
         view = value.getDefiningOp()) {
      views.push_back(view);
      value = view->getOperand(0);
    }
    value = make(builder, value);
    for (Operation *view : llvm::reverse(views)) {
      Operation *copy = builder.clone(*view);
      copy->setOperand(0, value);
      value = copy->getResult(0);
    }
    operand.set(value);
  }

  /// A root that reads an operand in place, many times over, reads a widened copy, which lives as long as it needs
  /// it: backward has others than forward.
  void giveOwnCopy(OpOperand &operand) {
    auto widening = sourceOf(operand.get()).getDefiningOp<CastOp>();
    if (!isWidening(widening))
      return;
    Value narrowed = widening.getInput();
    read(operand, [&](OpBuilder &builder, Value) {
      if (forward.contains(operand.getOwner()) != isOfForward(narrowed))
        return widen(builder, narrowed);
      Value &copy = copies[narrowed];
      if (!copy) {
        OpBuilder behind(main.getContext());
        behind.setInsertionPointAfter(widening);
        copy = widen(behind, narrowed);
      }
      return copy;
    });
  }

  static Value sourceOf(Value value) {
    for (Operation *view = value.getDefiningOp(); isFreeView(view) && !isWidening(view) && view->getNumOperands() == 1;
         view = value.getDefiningOp())
      value = view->getOperand(0);
    return value;
  }

  bool isOfForward(Value narrowed) const {
    auto narrowing = narrowed.getDefiningOp<CastOp>();
    return narrowing && forward.contains(narrowing.getInput().getDefiningOp());
  }

  func::FuncOp main;
  const ForwardPass forward;
  llvm::function_ref<bool(Operation *)> staysSingle;
  llvm::SetVector<Value> rounded;
  llvm::DenseMap<Value, Value> copies;
};

struct MixPrecisionPass : impl::MixPrecisionBase<MixPrecisionPass> {
  using MixPrecisionBase::MixPrecisionBase;

  void runOnOperation() override {
    NodeNames kept(keep);
    if (failed(kept.check(getOperation())))
      return signalPassFailure();
    if (isStep(getOperation()))
      Mixing(getOperation(), [&](Operation *op) { return kept.match(op->getLoc()); }).run();
  }
};

} // namespace
} // namespace ingot
