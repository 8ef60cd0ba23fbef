//===- StateUpdates.cpp - Successors take their predecessors' places ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   %w1 = launch @update(%w, %dw)          =>   %dx = launch @matmul(%dy, %w)
//   %dx = launch @matmul(%dy, %w)               %w1 = launch @update(%w, %dw)         in the memory of %w
//
//===----------------------------------------------------------------------===//
#include "passes/memory/StateUpdates.h"
#include "passes/memory/InPlace.h"
#include "dialects/ingot/Ingot.h"
#include "llvm/ADT/SetVector.h"
#include <queue>

using namespace mlir;

namespace ingot {
namespace {

class Orderer {
public:
  Orderer(func::FuncOp main, SymbolTable &kernels, function_ref<StringRef(Type)> copyKernel)
      : main(main), block(main.getBody().front()), kernels(kernels), copyKernel(copyKernel) {}

  void run() {
    collectReaders();
    llvm::DenseMap<int64_t, Value> olds;
    for (unsigned i = 0; i < main.getNumArguments(); ++i)
      if (auto place = stateOfArgument(main, i))
        olds[*place] = main.getArgument(i);
    for (OpOperand &next : block.getTerminator()->getOpOperands())
      if (auto place = stateOfResult(main, next.getOperandNumber()))
        settle(olds.lookup(*place), next);
    if (!olds.empty())
      reorder();
  }

private:
  void collectReaders() {
    for (auto launch : block.getOps<kernel::LaunchOp>())
      for (Value operand : launch.getOperands())
        if (Value buffer = bufferOf(operand); isa<BlockArgument>(buffer))
          readers[buffer].insert(launch);
  }

  /// Makes the launch that computes `next` the last one that needs `old`.
  void settle(Value old, OpOperand &next) {
    if (!old)
      return;
    auto writer = bufferOf(next.get()).getDefiningOp<kernel::LaunchOp>();
    if (!canWriteInPlace(writer, bufferOf(next.get()), old)) {
      OpBuilder builder(block.getTerminator());
      Type type = next.get().getType();
      writer = builder.create<kernel::LaunchOp>(writer.getLoc(), type, copyKernel(type), next.get(), ArrayAttr());
      next.set(writer.getResult(0));
    }
    for (kernel::LaunchOp reader : readers[old])
      if (reader != writer)
        followers[reader].push_back(writer);
    ++updates[writer];
  }

  bool canWriteInPlace(kernel::LaunchOp writer, Value result, Value old) {
    auto func = kernels.lookup<kernel::FuncOp>(writer.getCallee());
    unsigned number = cast<OpResult>(result).getResultNumber();
    for (auto [position, operand] : llvm::enumerate(writer.getOperands()))
      if (bufferOf(operand) == old && !canOverwrite(func, position, number))
        return false;
    return llvm::none_of(readers[old],
                         [&](kernel::LaunchOp reader) { return reader != writer && runsBefore(writer, reader); });
  }

  /// Whether `later` needs what `first` computes, or must run after it for another reason.
  bool runsBefore(Operation *first, Operation *later) {
    llvm::SmallPtrSet<Operation *, 16> seen;
    SmallVector<Operation *> open{first};
    while (!open.empty()) {
      Operation *op = open.pop_back_val();
      if (op == later)
        return true;
      if (!seen.insert(op).second)
        continue;
      open.append(op->getUsers().begin(), op->getUsers().end());
      llvm::append_range(open, followers.lookup(op));
    }
    return false;
  }

  bool isSink(Operation *op) {
    unsigned count = updates.lookup(op);
    return count && count == op->getNumResults();
  }

  /// Results that take no memory worth mentioning, such as the learning rate in another type: updates wait for them.
  static bool isScalar(Operation *op) {
    return llvm::all_of(op->getResultTypes(), [](Type type) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      return tensor && tensor.hasStaticShape() && tensor.getNumElements() == 1;
    });
  }

  /// Topologically: whatever is ready in the order in which it stands, sinks and what they wait for first.
  void reorder() {
    SmallVector<Operation *> ops;
    llvm::DenseMap<Operation *, size_t> number;
    for (Operation &op : block.without_terminator()) {
      number[&op] = ops.size();
      ops.push_back(&op);
    }
    llvm::DenseMap<Operation *, int64_t> waitsFor;
    auto forEachFollower = [&](Operation *op, function_ref<void(Operation *)> visit) {
      for (Operation *user : op->getUsers())
        if (number.contains(user))
          visit(user);
      llvm::for_each(followers.lookup(op), visit);
    };
    for (Operation *op : ops)
      forEachFollower(op, [&](Operation *follower) { ++waitsFor[follower]; });
    using Entry = std::pair<bool, size_t>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> ready;
    auto add = [&](Operation *op) { ready.push({!isSink(op) && !isScalar(op), number[op]}); };
    for (Operation *op : ops)
      if (waitsFor.lookup(op) == 0)
        add(op);
    while (!ready.empty()) {
      Operation *op = ops[ready.top().second];
      ready.pop();
      op->moveBefore(block.getTerminator());
      forEachFollower(op, [&](Operation *follower) {
        if (--waitsFor[follower] == 0)
          add(follower);
      });
    }
  }

  func::FuncOp main;
  Block &block;
  SymbolTable &kernels;
  function_ref<StringRef(Type)> copyKernel;
  /// Of an argument's memory.
  llvm::DenseMap<Value, llvm::SmallSetVector<kernel::LaunchOp, 4>> readers;
  /// What must run later besides its users.
  llvm::DenseMap<Operation *, SmallVector<Operation *, 2>> followers;
  /// How many of its results a launch writes into the state.
  llvm::DenseMap<Operation *, unsigned> updates;
};

std::optional<int64_t> placeIn(Attribute attribute) {
  auto offset = dyn_cast_or_null<IntegerAttr>(attribute);
  return offset ? std::optional(offset.getInt()) : std::nullopt;
}

} // namespace

std::optional<int64_t> stateOfArgument(func::FuncOp main, unsigned number) {
  return placeIn(main.getArgAttr(number, "ingot.state"));
}

std::optional<int64_t> stateOfResult(func::FuncOp main, unsigned number) {
  return placeIn(main.getResultAttr(number, "ingot.state"));
}

Value bufferOf(Value value) {
  while (auto reshape = value.getDefiningOp<ReshapeOp>())
    value = reshape.getInput();
  return value;
}

void orderStateUpdates(func::FuncOp main, SymbolTable &kernels, function_ref<StringRef(Type)> copyKernel) {
  Orderer(main, kernels, copyKernel).run();
}

} // namespace ingot
