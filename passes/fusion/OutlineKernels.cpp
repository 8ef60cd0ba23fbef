//===- OutlineKernels.cpp - Divides @main into kernels and launches --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Makes a kernel of each group of operations (Groups.h decides), with its own copies of the views it reads through, and
// a launch in the group's place. Kernels of equal structure become one. Reshapes of buffers stay in @main as other
// names of the buffers.
//
//   %1 = matmul %x, %w; %2 = add %1, %b  =>  %2 = kernel.launch @matmul_0(%x, %w, %b)
//
//===----------------------------------------------------------------------===//
#include "dialects/kernel/Kernel.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"
#include "passes/fusion/Groups.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_OUTLINEKERNELS
#include "passes/Passes.h.inc"
namespace {

/// A kernel's body while it is written.
struct Body {
  explicit Body(MLIRContext *context) : builder(context) { builder.setInsertionPointToEnd(&block); }
  Block block;
  OpBuilder builder;
  IRMapping mapping;
  SmallVector<Value> operands; // what the launch passes
};

class Outliner {
public:
  explicit Outliner(ModuleOp module)
      : module(module), main(module.lookupSymbol<func::FuncOp>("main")), grouping(main) {}

  void run() {
    for (Group *group : grouping.getGroups())
      outline(*group);
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(main.getBody().front())))
      if (isOpTriviallyDead(&op))
        op.erase();
    order();
  }

private:
  /// A launch stands where its group's last operation stood; where somebody needs it earlier it moves there, after what
  /// it needs itself. All else keeps its place: backward computes values again right before it needs them.
  void order() {
    Block &block = main.getBody().front();
    SmallVector<Operation *> ops = llvm::map_to_vector(block, [](Operation &op) { return &op; }), open;
    llvm::DenseSet<Operation *> placed;
    for (Operation *op : ops) {
      for (open.push_back(op); !open.empty();) {
        Operation *next = open.back();
        size_t before = open.size();
        if (!placed.contains(next))
          for (Value operand : next->getOperands())
            if (Operation *producer = operand.getDefiningOp(); producer && !placed.contains(producer))
              open.push_back(producer);
        if (open.size() > before)
          continue;
        open.pop_back();
        if (placed.insert(next).second)
          next->moveBefore(&block, block.end());
      }
    }
  }

  /// Whether the kernel takes `value` as an argument rather than computing it.
  bool isArgument(Value value, const Group &group) {
    Operation *producer = value.getDefiningOp();
    if (!producer)
      return true;
    if (group.ops.contains(producer) || isPartOfCode(producer))
      return false;
    if (!isFreeView(producer) || grouping.groupOf(producer))
      return true;
    auto reshape = dyn_cast<ReshapeOp>(producer);
    return reshape && isArgument(reshape.getInput(), group); // another name for a buffer
  }

  Value cloneInto(Body &body, Value value, const Group &group) {
    if (Value mapped = body.mapping.lookupOrNull(value))
      return mapped;
    if (isArgument(value, group)) {
      body.operands.push_back(value);
      body.mapping.map(value, body.block.addArgument(value.getType(), value.getLoc()));
      return body.mapping.lookup(value);
    }
    Operation *op = value.getDefiningOp();
    for (Value operand : op->getOperands())
      cloneInto(body, operand, group);
    Operation *copy = body.builder.clone(*op, body.mapping);
    copy->removeAttr("ingot.again"); // the kernel is the same
    copy->removeAttr("ingot.late");
    return body.mapping.lookup(value);
  }

  SmallVector<Operation *> sorted(const Group &group) {
    SmallVector<Operation *> ops(group.ops.begin(), group.ops.end());
    llvm::sort(ops, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    return ops;
  }

  void outline(const Group &group) {
    SmallVector<Operation *> ops = sorted(group);
    Operation *named = group.root ? group.root : ops.back();
    Body body(main.getContext());
    SmallVector<Value> results, inner;
    for (Operation *op : ops)
      for (Value result : op->getResults()) {
        cloneInto(body, result, group);
        if (grouping.isUsedOutside(result, group))
          results.push_back(result);
      }
    if (results.empty()) // nobody needs it
      return;
    for (Value result : results)
      inner.push_back(body.mapping.lookup(result));
    body.builder.create<kernel::ReturnOp>(ops.back()->getLoc(), inner);
    kernel::FuncOp func = define(named, body, TypeRange(ValueRange(inner)));
    OpBuilder builder(main.getContext());
    builder.setInsertionPointAfter(ops.back());
    auto launch = builder.create<kernel::LaunchOp>(named->getLoc(), TypeRange(ValueRange(results)), func.getSymName(),
                                                   body.operands, ArrayAttr());
    for (auto [old, replacement] : llvm::zip(results, launch.getOutputs()))
      old.replaceUsesWithIf(replacement, [&](OpOperand &use) { return !group.ops.contains(use.getOwner()); });
  }

  /// What distinguishes kernels: their text, and which arguments are constants (those can be laid out at will).
  std::string describe(kernel::FuncOp func, ValueRange operands) {
    std::string text;
    llvm::raw_string_ostream out(text);
    func->print(out, OpPrintingFlags().useLocalScope());
    for (Value operand : operands)
      out << (operand.getDefiningOp<ConstantOp>() ? 'c' : 'v');
    return text;
  }

  /// A kernel function with this body: an existing one when it is the same.
  kernel::FuncOp define(Operation *named, Body &body, TypeRange resultTypes) {
    OpBuilder builder(main);
    auto type = builder.getFunctionType(body.block.getArgumentTypes(), resultTypes);
    auto func = builder.create<kernel::FuncOp>(named->getLoc(), "kernel", type, builder.getStringAttr("private"),
                                               ArrayAttr(), ArrayAttr());
    Block &entry = func.getBody().emplaceBlock();
    for (BlockArgument argument : body.block.getArguments())
      argument.replaceAllUsesWith(entry.addArgument(argument.getType(), argument.getLoc()));
    entry.getOperations().splice(entry.end(), body.block.getOperations());
    auto [known, isNew] = kernels.try_emplace(describe(func, body.operands), func);
    if (isNew)
      func.setSymName((named->getName().stripDialect() + "_" + llvm::Twine(kernels.size() - 1)).str());
    else
      func.erase();
    return known->second;
  }

  ModuleOp module;
  func::FuncOp main;
  Grouping grouping;
  llvm::StringMap<kernel::FuncOp> kernels;
};

struct OutlineKernelsPass : impl::OutlineKernelsBase<OutlineKernelsPass> {
  void runOnOperation() override { Outliner(getOperation()).run(); }
};

} // namespace
} // namespace ingot
