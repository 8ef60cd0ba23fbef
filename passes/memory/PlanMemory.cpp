//===- PlanMemory.cpp - Where every tensor of a run lies -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gives every operand and result of every launch a buffer: inputs and outputs of @main, the constants, and the arena for
// what is in between. Tensors of constant size get byte offsets in the arena, so that two may share bytes when they are
// never alive together; tensors whose size depends on symbols share slots. Reshapes are other names for the same buffer.
//
//   %1 = kernel.launch @relu(%x)  =>  kernel.launch @relu(%x) {plan = [#kernel.buffer<input, 0>, #kernel.buffer<arena, 0>]}
//
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Passes.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/Passes.h.inc"
namespace {

constexpr int64_t alignment = 64;

/// A tensor in memory between the launch that makes it and the last that reads it.
struct Lifetime {
  int64_t first, last;
  AffineExpr bytes;
  std::optional<int64_t> constantBytes;
  int64_t position = -1; // byte offset, or slot
  bool overlaps(const Lifetime &other) const { return first <= other.last && other.first <= last; }
};

class Planner {
public:
  explicit Planner(ModuleOp module)
      : module(module), main(module.lookupSymbol<func::FuncOp>("main")), scope(module.getContext()) {}

  LogicalResult run() {
    numberSymbols();
    copyWhatIsReturnedTwice();
    assignFixedBuffers();
    collectLifetimes();
    placeConstantSizes();
    placeSlots();
    attachPlans();
    return success();
  }

private:
  /// Another name for a buffer is the buffer.
  static Value bufferOf(Value value) {
    while (auto reshape = value.getDefiningOp<ReshapeOp>())
      value = reshape.getInput();
    return value;
  }

  auto launches() { return main.getBody().front().getOps<kernel::LaunchOp>(); }

  /// The model-wide order of symbols: as they occur in the inputs, then elsewhere.
  void numberSymbols() {
    if (auto names = module->getAttrOfType<ArrayAttr>("ingot.symbols"))
      for (auto name : names.getAsRange<StringAttr>())
        scope.symbol(name.getValue());
    for (Value argument : main.getArguments())
      scope.dims(argument);
    main.walk([&](Operation *op) {
      for (Value result : op->getResults())
        if (isa<RankedTensorType>(result.getType()))
          scope.dims(result);
    });
    SmallVector<Attribute> names(scope.getNames().begin(), scope.getNames().end());
    module->setAttr("ingot.symbols", ArrayAttr::get(module.getContext(), names));
  }

  AffineExpr bytesOf(Value value) {
    AffineExpr elements = product(scope.dims(value), module.getContext());
    return simplifyDimension(elements * elementBytes(getElementTypeOrSelf(value)));
  }

  /// An output is a buffer of its own: an input, a constant or another output that is returned gets a copying kernel.
  void copyWhatIsReturnedTwice() {
    Operation *terminator = main.getBody().front().getTerminator();
    llvm::DenseSet<Value> taken;
    for (OpOperand &operand : terminator->getOpOperands()) {
      Value buffer = bufferOf(operand.get());
      if (buffer.getDefiningOp<kernel::LaunchOp>() && taken.insert(buffer).second)
        continue;
      OpBuilder builder(terminator);
      Value source = operand.get();
      auto launch = builder.create<kernel::LaunchOp>(terminator->getLoc(), source.getType(), copyKernel(source.getType()), source, ArrayAttr());
      operand.set(launch.getResult(0));
      taken.insert(launch.getResult(0));
    }
  }

  StringRef copyKernel(Type type) {
    OpBuilder builder(main);
    auto func = builder.create<kernel::FuncOp>(main.getLoc(), ("copy_" + llvm::Twine(copies++)).str(), builder.getFunctionType(type, type),
                                               builder.getStringAttr("private"), ArrayAttr(), ArrayAttr());
    Block &block = func.getBody().emplaceBlock();
    block.addArgument(type, main.getLoc());
    OpBuilder::atBlockEnd(&block).create<kernel::ReturnOp>(main.getLoc(), block.getArguments());
    return func.getSymName();
  }

  void assign(Value value, kernel::Space space, int64_t position) {
    buffers[value] = kernel::BufferAttr::get(module.getContext(), space, position);
  }

  void assignFixedBuffers() {
    for (auto [index, argument] : llvm::enumerate(main.getArguments()))
      assign(argument, kernel::Space::Input, index);
    for (auto [index, result] : llvm::enumerate(main.getBody().front().getTerminator()->getOperands()))
      assign(bufferOf(result), kernel::Space::Output, index);
    int64_t offset = 0;
    for (Operation &op : main.getBody().front())
      if (isa<ConstantOp, kernel::PackOp>(op) && isLaunched(op.getResult(0))) {
        assign(op.getResult(0), kernel::Space::Constant, offset);
        offset += llvm::alignTo(*constantValue(bytesOf(op.getResult(0))), alignment);
      }
    setNumber("kernel.constant_bytes", offset);
  }

  static bool isLaunched(Value value) {
    return llvm::any_of(value.getUsers(), [](Operation *user) {
      return isa<kernel::LaunchOp>(user) || (isa<ReshapeOp>(user) && isLaunched(user->getResult(0)));
    });
  }

  void collectLifetimes() {
    llvm::DenseMap<Value, size_t> known;
    for (auto [index, launch] : llvm::enumerate(launches())) {
      for (Value operand : launch.getOperands())
        if (auto found = known.find(bufferOf(operand)); found != known.end())
          lifetimes[found->second].last = index;
      for (Value result : launch.getOutputs()) {
        if (buffers.count(result))
          continue;
        AffineExpr bytes = bytesOf(result);
        known[result] = lifetimes.size();
        tensors.push_back(result);
        lifetimes.push_back({int64_t(index), int64_t(index), bytes, constantValue(bytes)});
      }
    }
  }

  /// Largest first, each at the lowest offset where nothing alive at the same time lies.
  void placeConstantSizes() {
    SmallVector<size_t> order;
    for (size_t i = 0; i < lifetimes.size(); ++i)
      if (lifetimes[i].constantBytes)
        order.push_back(i);
    llvm::stable_sort(order, [&](size_t a, size_t b) { return *lifetimes[a].constantBytes > *lifetimes[b].constantBytes; });
    SmallVector<size_t> placed;
    int64_t arena = 0, count = llvm::range_size(launches());
    for (size_t i : order) {
      Lifetime &lifetime = lifetimes[i];
      int64_t size = llvm::alignTo(std::max<int64_t>(*lifetime.constantBytes, 1), alignment), offset = 0;
      for (size_t j : placed) { // in order of their offsets
        const Lifetime &other = lifetimes[j];
        if (!lifetime.overlaps(other))
          continue;
        if (offset + size <= other.position)
          break;
        offset = std::max<int64_t>(offset, other.position + llvm::alignTo(std::max<int64_t>(*other.constantBytes, 1), alignment));
      }
      lifetime.position = offset;
      arena = std::max(arena, offset + size);
      placed.insert(llvm::upper_bound(placed, i, [&](size_t a, size_t b) { return lifetimes[a].position < lifetimes[b].position; }), i);
      assign(tensors[i], kernel::Space::Arena, offset);
    }
    std::vector<int64_t> alive(count, 0);
    for (size_t i : order)
      for (int64_t t = lifetimes[i].first; t <= lifetimes[i].last; ++t)
        alive[t] += *lifetimes[i].constantBytes;
    setNumber("kernel.arena_bytes", arena);
    setNumber("kernel.arena_lower_bound", alive.empty() ? 0 : *std::max_element(alive.begin(), alive.end()));
  }

  /// Tensors whose sizes are the same expression share a slot when they are not alive together.
  void placeSlots() {
    SmallVector<AffineExpr> sizes;
    SmallVector<int64_t> freeFrom;
    for (auto [i, lifetime] : llvm::enumerate(lifetimes)) {
      if (lifetime.constantBytes)
        continue;
      size_t slot = 0;
      while (slot < sizes.size() && (sizes[slot] != lifetime.bytes || freeFrom[slot] >= lifetime.first))
        ++slot;
      if (slot == sizes.size()) {
        sizes.push_back(lifetime.bytes);
        freeFrom.push_back(0);
      }
      freeFrom[slot] = lifetime.last;
      assign(tensors[i], kernel::Space::Slot, slot);
    }
    if (!sizes.empty())
      main->setAttr("kernel.slots", scope.shape(sizes));
  }

  void attachPlans() {
    for (kernel::LaunchOp launch : launches()) {
      SmallVector<Attribute> plan;
      for (Value operand : launch.getOperands())
        plan.push_back(buffers.at(bufferOf(operand)));
      for (Value result : launch.getOutputs())
        plan.push_back(buffers.at(result));
      launch.setPlanAttr(ArrayAttr::get(module.getContext(), plan));
    }
  }

  void setNumber(StringRef name, int64_t number) {
    main->setAttr(name, IntegerAttr::get(IntegerType::get(module.getContext(), 64), number));
  }

  ModuleOp module;
  func::FuncOp main;
  SymbolScope scope;
  llvm::DenseMap<Value, kernel::BufferAttr> buffers;
  SmallVector<Value> tensors;
  std::vector<Lifetime> lifetimes;
  int64_t copies = 0;
};

struct PlanMemoryPass : impl::PlanMemoryBase<PlanMemoryPass> {
  void runOnOperation() override {
    if (failed(Planner(getOperation()).run()))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
