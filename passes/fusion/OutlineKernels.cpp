//===- OutlineKernels.cpp - Divides @main into kernels and launches --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations are put into groups in program order. A pointwise operation joins the group that produces one of its operands
// when nobody else uses that operand; a reduction, softmax or normalisation takes pointwise producers in. Views join
// nobody: each kernel that reads through one holds its own copy of it. Each group becomes a kernel, equal ones the same.
//
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_OUTLINEKERNELS
#include "passes/Passes.h.inc"
namespace {

bool isRoot(Operation *op) { return op->hasTrait<Root>(); }

/// Costs nothing when a kernel reads through it, however often: copied into each kernel that does.
bool isFreeView(Operation *op) {
  return isa_and_nonnull<ReshapeOp, TransposeOp, BroadcastOp, SliceOp, DimensionsOp, IotaOp>(op);
}

bool isSplatConstant(Operation *op) {
  auto constant = dyn_cast_or_null<ConstantOp>(op);
  return constant && isa<SplatElementsAttr>(constant.getValue());
}

/// Whether the operation reads each element of an operand about once, so that a pointwise producer can be computed on the fly.
bool readsOnce(Operation *op) {
  return isa<ReduceOp, SoftmaxOp, NormalizeOp, ArgReduceOp>(op) || !isRoot(op);
}

struct Group {
  llvm::SetVector<Operation *> ops;
  bool hasRoot = false;
};

class Outliner {
public:
  explicit Outliner(ModuleOp module) : module(module), main(module.lookupSymbol<func::FuncOp>("main")), symbols(module) {}

  void run() {
    materializeReturns();
    for (Operation &op : main.getBody().front().without_terminator())
      if (!isa<ConstantOp>(op) && !isFreeView(&op))
        place(&op);
    for (auto &group : groups)
      if (!group->ops.empty())
        outline(*group);
    eraseDead();
  }

private:
  /// A view that @main returns becomes a kernel of its own, unless it is only another name for a buffer.
  void materializeReturns() {
    Operation *terminator = main.getBody().front().getTerminator();
    for (OpOperand &operand : terminator->getOpOperands()) {
      Value source = operand.get();
      while (auto reshape = source.getDefiningOp<ReshapeOp>())
        source = reshape.getInput();
      Operation *producer = source.getDefiningOp();
      if (producer && isFreeView(producer)) {
        groups.push_back(std::make_unique<Group>());
        groups.back()->ops.insert(producer);
        groupOf[producer] = groups.back().get();
      }
    }
  }

  void place(Operation *op) {
    groups.push_back(std::make_unique<Group>());
    Group *group = groups.back().get();
    group->ops.insert(op);
    group->hasRoot = isRoot(op);
    groupOf[op] = group;
    for (Value operand : op->getOperands()) {
      Group *producer = mergeable(op, group, operand);
      if (!producer || producer == group)
        continue;
      llvm::SetVector<Operation *> merged = producer->ops;
      merged.insert(group->ops.begin(), group->ops.end());
      group->ops = std::move(merged);
      group->hasRoot |= producer->hasRoot;
      for (Operation *member : producer->ops)
        groupOf[member] = group;
      producer->ops.clear();
    }
  }

  /// The group that computes `operand` of `op`, when it may become part of op's group.
  Group *mergeable(Operation *op, Group *group, Value operand) {
    // Look through views that only this chain uses and that read each element once.
    while (Operation *view = operand.getDefiningOp()) {
      if (!isa<ReshapeOp, TransposeOp>(view) || groupOf.contains(view))
        break;
      if (!operand.hasOneUse())
        return nullptr;
      operand = view->getOperand(0);
    }
    Operation *producer = operand.getDefiningOp();
    auto found = groupOf.find(producer);
    if (!producer || found == groupOf.end() || !operand.hasOneUse() || producer->getNumResults() != 1)
      return nullptr;
    Group *other = found->second;
    bool isDirect = llvm::is_contained(op->getOperands(), operand);
    if (other->hasRoot) // an epilogue computes on the root's own points
      return !group->hasRoot && op->hasTrait<Pointwise>() && isDirect && operand.getType() != Type() &&
                     sameShape(operand, op->getResult(0))
                 ? other
                 : nullptr;
    if (!readsOnce(op))
      return nullptr;
    bool isRepeated = op->hasTrait<Pointwise>() && !sameCount(operand, op->getResult(0));
    return isRepeated ? nullptr : other;
  }

  static bool sameShape(Value a, Value b) {
    SymbolScope scope(a.getContext());
    return scope.dims(a) == scope.dims(b);
  }
  static bool sameCount(Value a, Value b) {
    SymbolScope scope(a.getContext());
    return product(scope.dims(a), a.getContext()) == product(scope.dims(b), b.getContext());
  }

  // Making kernels ------------------------------------------------------------------------------------------------------

  /// Whether the kernel takes `value` as an argument rather than computing it from its own copies.
  bool isArgument(Value value, const Group &group) {
    Operation *producer = value.getDefiningOp();
    if (!producer)
      return true;
    if (group.ops.contains(producer))
      return false;
    if (isSplatConstant(producer))
      return false;
    if (!isFreeView(producer) || groupOf.contains(producer))
      return true;
    auto reshape = dyn_cast<ReshapeOp>(producer); // a reshape of a buffer is the buffer
    if (!reshape)
      return false;
    Operation *source = reshape.getInput().getDefiningOp();
    return !source || (!isFreeView(source) && !group.ops.contains(source)) || groupOf.contains(source);
  }

  struct Builder {
    OpBuilder body;
    IRMapping mapping;
    SmallVector<Value> operands;
    Block *block;
  };

  Value cloneInto(Builder &kernel, Value value, const Group &group) {
    if (Value mapped = kernel.mapping.lookupOrNull(value))
      return mapped;
    if (isArgument(value, group)) {
      kernel.operands.push_back(value);
      Value argument = kernel.block->addArgument(value.getType(), value.getLoc());
      kernel.mapping.map(value, argument);
      return argument;
    }
    Operation *op = value.getDefiningOp();
    for (Value operand : op->getOperands())
      cloneInto(kernel, operand, group);
    kernel.body.clone(*op, kernel.mapping);
    return kernel.mapping.lookup(value);
  }

  void outline(Group &group) {
    SmallVector<Value> results;
    Operation *last = group.ops.front();
    for (Operation *op : group.ops) {
      if (last->isBeforeInBlock(op))
        last = op;
      for (Value result : op->getResults())
        if (llvm::any_of(result.getUsers(), [&](Operation *user) { return isUsedOutside(user, group); }))
          results.push_back(result);
    }
    if (results.empty())
      return;
    Block block;
    Builder kernel{OpBuilder::atBlockEnd(&block), {}, {}, &block};
    SmallVector<Value> inner;
    for (Value result : results)
      inner.push_back(cloneInto(kernel, result, group));
    kernel.body.create<kernel::ReturnOp>(last->getLoc(), inner);
    kernel::FuncOp func = define(group, block, TypeRange(inner));
    OpBuilder builder(last);
    builder.setInsertionPointAfter(last);
    auto launch = builder.create<kernel::LaunchOp>(last->getLoc(), TypeRange(results), func.getSymName(), kernel.operands, ArrayAttr());
    for (auto [old, now] : llvm::zip(results, launch.getOutputs()))
      old.replaceUsesWithIf(now, [&](OpOperand &use) { return !group.ops.contains(use.getOwner()); });
  }

  bool isUsedOutside(Operation *user, const Group &group) {
    if (group.ops.contains(user))
      return false;
    if (isFreeView(user) && !groupOf.contains(user)) // only matters when a use of the view lies outside
      return llvm::any_of(user->getResult(0).getUsers(), [&](Operation *next) { return isUsedOutside(next, group); });
    return true;
  }

  /// A kernel function with this body: an existing one when it is the same.
  kernel::FuncOp define(Group &group, Block &block, TypeRange resultTypes) {
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    auto type = builder.getFunctionType(block.getArgumentTypes(), resultTypes);
    auto func = builder.create<kernel::FuncOp>(group.ops.front()->getLoc(), "kernel", type, builder.getStringAttr("private"),
                                               ArrayAttr(), ArrayAttr());
    Block *entry = &func.getBody().emplaceBlock();
    for (BlockArgument argument : block.getArguments())
      argument.replaceAllUsesWith(entry->addArgument(argument.getType(), argument.getLoc()));
    entry->getOperations().splice(entry->end(), block.getOperations());
    std::string text;
    llvm::raw_string_ostream out(text);
    func->print(out, OpPrintingFlags().skipRegions(false));
    auto [known, isNew] = kernels.try_emplace(text, func);
    if (!isNew) {
      func.erase();
      return known->second;
    }
    func.setSymName((nameOf(group) + "_" + llvm::Twine(kernels.size() - 1)).str());
    func->moveBefore(main);
    return func;
  }

  static std::string nameOf(const Group &group) {
    Operation *chosen = group.ops.back();
    for (Operation *op : group.ops)
      if (isRoot(op))
        chosen = op;
    return chosen->getName().stripDialect().str();
  }

  void eraseDead() {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(main.getBody().front().without_terminator())))
      if (op.use_empty() && isPure(&op))
        op.erase();
  }

  ModuleOp module;
  func::FuncOp main;
  SymbolTable symbols;
  SmallVector<std::unique_ptr<Group>> groups;
  llvm::DenseMap<Operation *, Group *> groupOf;
  llvm::StringMap<kernel::FuncOp> kernels;
};

struct OutlineKernelsPass : impl::OutlineKernelsBase<OutlineKernelsPass> {
  void runOnOperation() override { Outliner(getOperation()).run(); }
};

} // namespace
} // namespace ingot
