//===- Entry.cpp - The straight line of launches --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   int32_t ingot_entry_x86_64_v3(context, io, constants, arena, symbols) {
//     buffers = {io[0], constants + 64, arena + 0};
//     ingot_launch(context, ingot_x86_64_v3_k0, buffers, symbols, items, grain, 0);
//     ...
//     return 0;
//   }
//
// and ingot_prepare_x86_64_v3, of the same form, for launches that run once.
//
//===----------------------------------------------------------------------===//
#include "codegen/Codegen.h"
#include "codegen/cpu/Emission.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

class EntryEmitter {
public:
  EntryEmitter(ModuleOp into, func::FuncOp main, const Target &target, SymbolScope &symbols)
      : into(into), main(main), target(target), symbols(symbols), op(into.getContext()), builder(op, main.getLoc()),
        pointer(LLVM::LLVMPointerType::get(into.getContext())), isInspected(main->hasAttr("ingot.detect_anomaly")) {}

  LogicalResult run(const llvm::StringMap<Division> &divisions) {
    countInterface();
    begin(entryName(target.name));
    placeSlots();
    int32_t index = 0;
    WalkResult result = main.walk([&](kernel::LaunchOp launch) {
      if (launch.isPreparation())
        return WalkResult::advance();
      auto division = divisions.find(launch.getCallee());
      if (!launch.getPlan() || division == divisions.end()) {
        launch.emitOpError("has no memory plan or no kernel");
        return WalkResult::interrupt();
      }
      if (isInspected)
        emitInspection(launch, index, /*isAfter=*/false);
      emitLaunch(launch, division->second, index);
      if (isInspected)
        emitInspection(launch, index, /*isAfter=*/true);
      ++index;
      return WalkResult::advance();
    });
    succeed();
    return failure(result.wasInterrupted());
  }

  /// What is launched once, before the first run.
  void prepare(const llvm::StringMap<Division> &divisions) {
    begin(prepareName(target.name));
    main.walk([&](kernel::LaunchOp launch) {
      if (launch.isPreparation())
        emitLaunch(launch, divisions.lookup(launch.getCallee()), /*index=*/-1);
    });
    succeed();
  }

private:
  LLVM::LLVMFuncOp declare(StringRef name, Type result, ArrayRef<Type> arguments) {
    if (auto known = into.lookupSymbol<LLVM::LLVMFuncOp>(name))
      return known;
    OpBuilder::InsertionGuard guard(op);
    op.setInsertionPointToStart(into.getBody());
    return builder.create<LLVM::LLVMFuncOp>(name, LLVM::LLVMFunctionType::get(result, arguments));
  }

  LLVM::LLVMFuncOp declareKernel(StringRef name) {
    Type none = LLVM::LLVMVoidType::get(into.getContext()), i64 = op.getI64Type();
    LLVM::LLVMFuncOp function = declare(functionName(target, name), none, {pointer, pointer, i64, i64, pointer});
    function.setVisibility_(LLVM::Visibility::Hidden);
    return function;
  }

  /// What is in the state is no input or output, and what is written into an input no output.
  void countInterface() {
    for (unsigned i = 0; i < main.getNumArguments(); ++i)
      inputs += main.getArgAttr(i, "ingot.state") ? 0 : 1;
    for (unsigned i = 0; i < main.getNumResults(); ++i)
      outputs += main.getResultAttr(i, "ingot.state") || main.getResultAttr(i, "ingot.cache") ? 0 : 1;
  }

  void begin(const std::string &name) {
    Type none = LLVM::LLVMVoidType::get(into.getContext()), i64 = op.getI64Type(), i32 = op.getI32Type();
    launcher = declare("ingot_launch", none, {pointer, pointer, pointer, pointer, i64, i64, i32});
    teamLauncher =
        declare("ingot_launch_team", none, {pointer, pointer, pointer, pointer, i64, i64, i64, i64, i64, i32});
    op.setInsertionPointToEnd(into.getBody());
    entry = builder.create<LLVM::LLVMFuncOp>(name, LLVM::LLVMFunctionType::get(i32, SmallVector<Type>(5, pointer)));
    entry.setVisibility_(LLVM::Visibility::Hidden);
    op.setInsertionPointToEnd(entry.addEntryBlock(op));
    size_t most = 1; // buffers, and the number of the run
    main.walk([&](kernel::LaunchOp launch) {
      most = std::max<size_t>(most, launch.getNumOperands() + launch.getNumResults() + 1);
    });
    table = builder.create<LLVM::AllocaOp>(pointer, pointer, builder.value(int64_t(most)), 8);
    if (isInspected)
      counts = builder.create<LLVM::AllocaOp>(pointer, i64, builder.value(int64_t(most)), 8);
  }

  void succeed() {
    Value zero = builder.create<arith::ConstantOp>(op.getI32IntegerAttr(0));
    builder.create<LLVM::ReturnOp>(zero);
  }

  /// Slots lie behind the static part of the arena, each aligned to 64 bytes.
  void placeSlots() {
    auto bytes = main->getAttrOfType<IntegerAttr>("kernel.arena_bytes");
    Index offset = int64_t(llvm::alignTo(bytes ? bytes.getInt() : 0, 64));
    auto slots = main->getAttrOfType<ArrayAttr>("kernel.slots");
    for (Attribute slot : slots ? slots.getValue() : ArrayRef<Attribute>()) {
      slotOffsets.push_back(offset);
      Index bytes = value(symbols.adopt(cast<ShapeAttr>(slot)).front());
      offset = builder.add(offset, builder.mul(builder.ceilDiv(bytes, 64), 64));
    }
  }

  Index value(AffineExpr expr) {
    return builder.affine(expr, [&](AffineExpr leaf) -> Index {
      return builder.load(entry.getArgument(4), op.getI64Type(), int64_t(cast<AffineSymbolExpr>(leaf).getPosition()));
    });
  }

  Value place(kernel::BufferAttr buffer) {
    Type byte = op.getI8Type();
    int64_t position = buffer.getPosition();
    switch (buffer.getSpace()) {
    case kernel::Space::Input:
      return builder.load(entry.getArgument(1), pointer, position);
    case kernel::Space::Output:
      return builder.load(entry.getArgument(1), pointer, inputs + position);
    case kernel::Space::State:
      return builder.address(builder.load(entry.getArgument(1), pointer, inputs + outputs), byte, position);
    case kernel::Space::Constant:
      return builder.address(entry.getArgument(2), byte, position);
    case kernel::Space::Arena:
      return builder.address(entry.getArgument(3), byte, position);
    case kernel::Space::Prepared: // the context begins with its address
      return builder.address(builder.load(entry.getArgument(0), pointer, 0), byte, position);
    case kernel::Space::Slot:
      return builder.address(entry.getArgument(3), byte, slotOffsets[position]);
    }
    llvm_unreachable("a buffer of no space");
  }

  /// The second word of the context.
  Value runNumber() { return builder.load(entry.getArgument(0), op.getI64Type(), 1); }

  void fillTable(kernel::LaunchOp launch) {
    for (auto [number, buffer] : llvm::enumerate(launch.getPlan()->getAsRange<kernel::BufferAttr>()))
      builder.store(place(buffer), table, int64_t(number));
  }

  /// failed = ingot_inspect(context, table, counts, index, isAfter); if (failed) return failed;
  void emitInspection(kernel::LaunchOp launch, int32_t index, bool isAfter) {
    Type i32 = op.getI32Type();
    LLVM::LLVMFuncOp inspect = declare("ingot_inspect", i32, {pointer, pointer, pointer, i32, i32});
    fillTable(launch);
    int64_t number = 0;
    for (ValueRange values : {ValueRange(launch.getOperands()), ValueRange(launch.getOutputs())})
      for (Value tensor : values)
        builder.store(builder.value(value(product(symbols.dims(tensor), tensor.getContext()))), counts, number++);
    Value launchIndex = builder.create<arith::ConstantOp>(op.getI32IntegerAttr(index));
    Value after = builder.create<arith::ConstantOp>(op.getI32IntegerAttr(isAfter));
    Value failed =
        builder.create<LLVM::CallOp>(inspect, ValueRange{entry.getArgument(0), table, counts, launchIndex, after})
            .getResult();
    if (!isAfter)
      return;
    Value zero = builder.create<arith::ConstantOp>(op.getI32IntegerAttr(0));
    Value isBad = builder.create<arith::CmpIOp>(arith::CmpIPredicate::ne, failed, zero);
    Block *here = op.getInsertionBlock(), *stop = op.createBlock(&entry.getBody(), entry.getBody().end());
    builder.create<LLVM::ReturnOp>(failed);
    Block *next = op.createBlock(&entry.getBody(), entry.getBody().end());
    op.setInsertionPointToEnd(here);
    builder.create<LLVM::CondBrOp>(isBad, stop, next);
    op.setInsertionPointToEnd(next);
  }

  void emitLaunch(kernel::LaunchOp launch, const Division &division, int32_t index) {
    fillTable(launch);
    if (division.readsRunNumber)
      builder.store(runNumber(), table, int64_t(launch.getNumOperands() + launch.getNumResults()));
    LLVM::LLVMFuncOp kernel = declareKernel(launch.getCallee());
    Value address = builder.create<LLVM::AddressOfOp>(kernel);
    Value number = builder.create<arith::ConstantOp>(op.getI32IntegerAttr(index));
    SmallVector<Value> arguments{entry.getArgument(0), address, table, entry.getArgument(4),
                                 builder.value(value(division.items))};
    if (division.mostMembers == 1) {
      arguments.append({builder.value(division.grain), number});
      builder.create<LLVM::CallOp>(launcher, arguments);
      return;
    }
    for (int64_t count : {division.groups, division.grain, division.mostMembers, division.sharedOffset})
      arguments.push_back(builder.value(count));
    arguments.push_back(number);
    builder.create<LLVM::CallOp>(teamLauncher, arguments);
  }

  ModuleOp into;
  func::FuncOp main;
  const Target &target;
  SymbolScope &symbols;
  OpBuilder op;
  KernelBuilder builder;
  Type pointer;
  /// Whether each launch is looked at, for --detect-anomaly.
  bool isInspected;
  LLVM::LLVMFuncOp launcher, teamLauncher, entry;
  Value table, counts;
  SmallVector<Index> slotOffsets;
  int64_t inputs = 0, outputs = 0;
};

} // namespace

LogicalResult emitEntry(ModuleOp into, ModuleOp planned, const Target &target,
                        const llvm::StringMap<Division> &divisions) {
  SymbolScope symbols = moduleSymbols(planned);
  auto main = planned.lookupSymbol<func::FuncOp>("main");
  if (!main)
    return planned.emitError("has no function @main");
  EntryEmitter emitter(into, main, target, symbols);
  LogicalResult result = emitter.run(divisions);
  if (succeeded(result) && main->hasAttr("kernel.prepared_bytes"))
    emitter.prepare(divisions);
  return result;
}

} // namespace ingot::cpu
