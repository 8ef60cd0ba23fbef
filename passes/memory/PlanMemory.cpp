//===- PlanMemory.cpp - Where every tensor of a run lies -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gives every operand and result of every launch a buffer: inputs and outputs of @main, the state, the constants and
// what is prepared from them, and the arena for what is in between. A pointwise result takes the memory of an operand
// that nobody needs any more. Tensors of constant size get byte offsets in the arena; tensors whose size depends on
// symbols share slots. Reshapes are other names for the same buffer.
//
//   %1 = kernel.launch @relu(%x)  =>  kernel.launch @relu(%x) {plan = [#kernel.buffer<input, 0>, #kernel.buffer<arena,
//   0>]}
//
//===----------------------------------------------------------------------===//
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Passes.h"
#include "passes/memory/Arena.h"
#include "passes/memory/InPlace.h"
#include "passes/memory/StateUpdates.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/Passes.h.inc"
namespace {

/// Memory in the arena: one tensor, or several that take it over from each other.
struct Piece {
  SmallVector<Value> tensors;
  int64_t first, last;
  AffineExpr bytes;
};

class Planner {
public:
  explicit Planner(ModuleOp module)
      : module(module), main(module.lookupSymbol<func::FuncOp>("main")), symbols(module), scope(module.getContext()) {}

  LogicalResult run() {
    if (failed(checkFused()))
      return failure();
    numberSymbols();
    copyReturned();
    orderStateUpdates(main, symbols, [this](Type type) { return copyKernel(type); });
    llvm::append_range(launches, main.getBody().front().getOps<kernel::LaunchOp>());
    assignFixedBuffers();
    findLastUses();
    collectPieces();
    placePieces();
    attachPlans();
    return checkAppends();
  }

private:
  /// Memory is planned of launches: all else must be in kernels, or constant, or another name for a buffer.
  LogicalResult checkFused() {
    if (!main || main.isExternal())
      return module.emitError("there is no @main whose memory could be planned");
    for (Operation &op : main.getBody().front()) {
      auto launch = dyn_cast<kernel::LaunchOp>(op);
      if (launch ? !symbols.lookup<kernel::FuncOp>(launch.getCallee())
                 : !isa<ConstantOp, kernel::PackOp, ReshapeOp, func::ReturnOp>(op))
        return op.emitOpError(launch ? "launches a kernel that there is not"
                                     : "is in no kernel: fuse the module first");
    }
    return success();
  }

  /// The model-wide order of symbols: as the importer has it, then as they occur.
  void numberSymbols() {
    if (auto names = module->getAttrOfType<ArrayAttr>("ingot.symbols"))
      for (auto name : names.getAsRange<StringAttr>())
        scope.symbol(name.getValue());
    for (Value argument : main.getArguments())
      scope.dims(argument);
    main.walk([&](Operation *op) {
      for (Value result : op->getResults())
        scope.dims(result);
    });
    module->setAttr("ingot.symbols", ArrayAttr::get(module.getContext(), SmallVector<Attribute>(scope.getNames())));
  }

  AffineExpr bytesOf(Value value) {
    AffineExpr elements = product(scope.dims(value), module.getContext());
    return simplifyDimension(elements * elementBytes(getElementTypeOrSelf(value)));
  }

  // Fixed places
  // --------------------------------------------------------------------------------------------------------

  /// An output is a buffer of its own: an input, a constant or another output that is returned gets a copying kernel.
  void copyReturned() {
    Operation *terminator = main.getBody().front().getTerminator();
    llvm::DenseSet<Value> taken;
    for (OpOperand &operand : terminator->getOpOperands()) {
      Value buffer = bufferOf(operand.get());
      if (buffer.getDefiningOp<kernel::LaunchOp>() && taken.insert(buffer).second)
        continue;
      OpBuilder builder(terminator);
      auto launch = builder.create<kernel::LaunchOp>(terminator->getLoc(), operand.get().getType(),
                                                     copyKernel(operand.get().getType()), operand.get(), ArrayAttr());
      operand.set(launch.getResult(0));
      taken.insert(launch.getResult(0));
    }
  }

  StringRef copyKernel(Type type) {
    kernel::FuncOp &func = copies[type];
    if (func)
      return func.getSymName();
    OpBuilder builder(main);
    func = builder.create<kernel::FuncOp>(main.getLoc(), ("copy_" + Twine(copies.size() - 1)).str(),
                                          builder.getFunctionType(type, type), builder.getStringAttr("private"),
                                          ArrayAttr(), ArrayAttr());
    Block &block = func.getBody().emplaceBlock();
    block.addArgument(type, main.getLoc());
    OpBuilder::atBlockEnd(&block).create<kernel::ReturnOp>(main.getLoc(), block.getArguments());
    symbols.insert(func);
    return func.getSymName();
  }

  void assign(Value value, kernel::Space space, int64_t position) {
    buffers[value] = kernel::BufferAttr::get(module.getContext(), space, position);
  }

  /// What makes two constants the same bytes: the packed layout and the elements, whatever their shape.
  Attribute contentOf(Value constant) {
    if (auto pack = constant.getDefiningOp<kernel::PackOp>())
      return ArrayAttr::get(module.getContext(),
                            {contentOf(pack.getInput()), pack->getAttrDictionary(), TypeAttr::get(pack.getType())});
    auto op = constant.getDefiningOp<ConstantOp>();
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(op.getValue()))
      return StringAttr::get(resource.getRawHandle().getKey(), op.getType().getElementType());
    return op.getValue();
  }

  /// Inputs and outputs are counted without those in the state.
  void assignInterface() {
    int64_t inputs = 0, outputs = 0;
    for (auto [index, argument] : llvm::enumerate(main.getArguments()))
      if (auto place = stateOfArgument(main, index))
        assign(argument, kernel::Space::State, *place);
      else
        assign(argument, kernel::Space::Input, inputs++);
    for (auto [index, result] : llvm::enumerate(main.getBody().front().getTerminator()->getOperands()))
      if (auto place = stateOfResult(main, index))
        assign(bufferOf(result), kernel::Space::State, *place);
      else if (auto cache = main.getResultAttrOfType<IntegerAttr>(index, "ingot.cache"))
        buffers[bufferOf(result)] = buffers.lookup(main.getArgument(cache.getInt()));
      else
        assign(bufferOf(result), kernel::Space::Output, outputs++);
  }

  /// What the state begins with lies behind the constants: kernel.initial.
  int64_t placeInitialState(int64_t bytes) {
    for (auto [index, argument] : llvm::enumerate(main.getArguments())) {
      auto value = main.getArgAttrOfType<ElementsAttr>(index, "ingot.initial");
      auto dense = dyn_cast_or_null<DenseElementsAttr>(value);
      bool isZero = dense && dense.isSplat() && llvm::all_of(dense.getRawData(), [](char byte) { return byte == 0; });
      if (!value || isZero || !stateOfArgument(main, index))
        continue;
      main.setArgAttr(index, "kernel.initial", IntegerAttr::get(IntegerType::get(module.getContext(), 64), bytes));
      bytes += llvm::alignTo(*constantValue(bytesOf(argument)), bufferAlignment);
    }
    return bytes;
  }

  void assignFixedBuffers() {
    assignInterface();
    llvm::DenseMap<Attribute, int64_t> offsets;
    int64_t bytes = 0;
    for (kernel::LaunchOp launch : launches)
      for (Value operand : launch.getOperands()) {
        Value buffer = bufferOf(operand);
        if (buffers.contains(buffer) || !isa_and_nonnull<ConstantOp, kernel::PackOp>(buffer.getDefiningOp()))
          continue;
        auto [offset, isNew] = offsets.try_emplace(contentOf(buffer), bytes);
        if (isNew)
          bytes += llvm::alignTo(*constantValue(bytesOf(buffer)), bufferAlignment);
        assign(buffer, kernel::Space::Constant, offset->second);
      }
    setNumber("kernel.constant_bytes", placeInitialState(bytes));
    assignPrepared();
  }

  /// What is computed before the first run stays where it is.
  void assignPrepared() {
    int64_t bytes = 0;
    for (kernel::LaunchOp launch : launches) {
      if (!launch.isPreparation())
        continue;
      for (Value result : launch.getOutputs()) {
        assign(result, kernel::Space::Prepared, bytes);
        bytes += llvm::alignTo(*constantValue(bytesOf(result)), bufferAlignment);
      }
    }
    if (bytes)
      setNumber("kernel.prepared_bytes", bytes);
  }

  // The arena
  // -----------------------------------------------------------------------------------------------------------

  void findLastUses() {
    for (auto [index, launch] : llvm::enumerate(launches)) {
      for (Value operand : launch.getOperands())
        lastUse[bufferOf(operand)] = index;
      for (Value result : launch.getOutputs())
        lastUse[result] = index; // later uses follow
    }
  }

  /// The piece whose memory result `number` of a launch can take over.
  std::optional<size_t> findOverwritten(kernel::LaunchOp launch, int64_t index, unsigned number) {
    auto func = symbols.lookup<kernel::FuncOp>(launch.getCallee());
    AffineExpr bytes = bytesOf(launch.getOutputs()[number]);
    for (auto [position, operand] : llvm::enumerate(launch.getOperands())) {
      Value buffer = bufferOf(operand);
      auto piece = pieceOf.find(buffer);
      if (piece == pieceOf.end() || lastUse.lookup(buffer) != index || pieces[piece->second].tensors.back() != buffer ||
          pieces[piece->second].bytes != bytes)
        continue;
      // The same memory may be passed twice, under one name or two.
      bool isFree = true;
      for (auto [other, operand] : llvm::enumerate(launch.getOperands()))
        if (bufferOf(operand) == buffer)
          isFree &= canOverwrite(func, other, number);
      if (isFree)
        return piece->second;
    }
    return std::nullopt;
  }

  void collectPieces() {
    for (auto [index, launch] : llvm::enumerate(launches))
      for (auto [number, result] : llvm::enumerate(launch.getOutputs())) {
        if (buffers.contains(result))
          continue;
        size_t piece = pieces.size();
        if (auto overwritten = findOverwritten(launch, index, number))
          piece = *overwritten;
        else
          pieces.push_back({{}, int64_t(index), 0, bytesOf(result)});
        pieces[piece].tensors.push_back(result);
        pieces[piece].last = lastUse.lookup(result);
        pieceOf[result] = piece;
      }
  }

  /// The size when every symbol is as large as it may be; nothing when that is not bounded.
  std::optional<int64_t> largestBytes(AffineExpr bytes) {
    if (auto number = constantValue(bytes))
      return number;
    auto bounds = module->getAttrOfType<ArrayAttr>("ingot.symbol_bounds");
    if (!bounds || bounds.size() < scope.getNames().size() || !isNonNegative(bytes))
      return std::nullopt;
    SmallVector<AffineExpr> largest;
    bool isBounded = true;
    for (auto [index, bound] : llvm::enumerate(bounds.getAsRange<DenseI64ArrayAttr>())) {
      isBounded &= bound[1] >= 0 || !bytes.isFunctionOfSymbol(index);
      largest.push_back(scope.constant(std::max<int64_t>(bound[1], 0)));
    }
    return isBounded ? constantValue(simplifyDimension(bytes.replaceSymbols(largest))) : std::nullopt;
  }

  void placePieces() {
    SmallVector<Lifetime> fixed;
    SmallVector<SymbolicLifetime> symbolic;
    SmallVector<size_t> fixedPieces, symbolicPieces;
    for (auto [number, piece] : llvm::enumerate(pieces)) {
      if (auto bytes = largestBytes(piece.bytes)) {
        fixed.push_back({piece.first, piece.last, *bytes});
        fixedPieces.push_back(number);
      } else {
        symbolic.push_back({{piece.first, piece.last, 0}, piece.bytes});
        symbolicPieces.push_back(number);
      }
    }
    Arena arena = placeInArena(fixed);
    for (auto [number, offset] : llvm::zip(fixedPieces, arena.offsets))
      for (Value tensor : pieces[number].tensors)
        assign(tensor, kernel::Space::Arena, offset);
    setNumber("kernel.arena_bytes", arena.bytes);
    setNumber("kernel.arena_lower_bound", lowerBound(fixed));
    Slots slots = shareSlots(symbolic);
    for (auto [number, slot] : llvm::zip(symbolicPieces, slots.slotOf))
      for (Value tensor : pieces[number].tensors)
        assign(tensor, kernel::Space::Slot, slot);
    SmallVector<Attribute> sizes;
    for (AffineExpr size : slots.sizes)
      sizes.push_back(scope.shape(size));
    if (!sizes.empty())
      main->setAttr("kernel.slots", ArrayAttr::get(module.getContext(), sizes));
  }

  void attachPlans() {
    for (kernel::LaunchOp launch : launches) {
      SmallVector<Attribute> plan;
      for (Value operand : launch.getOperands())
        plan.push_back(buffers.at(bufferOf(operand)));
      for (Value result : launch.getOutputs())
        plan.push_back(buffers.at(result));
      launch.setPlanAttr(ArrayAttr::get(module.getContext(), plan));
    }
  }

  /// A kernel that appends writes nothing but rows, so its result must lie where the cache does.
  LogicalResult checkAppends() {
    for (kernel::LaunchOp launch : launches)
      for (auto append : symbols.lookup<kernel::FuncOp>(launch.getCallee()).getBody().front().getOps<AppendOp>()) {
        auto cache = dyn_cast<BlockArgument>(append.getCache());
        ArrayAttr plan = launch.getPlanAttr();
        if (!cache || plan[cache.getArgNumber()] != plan[launch.getNumOperands()])
          return launch.emitOpError("appends to what is no cache");
      }
    return success();
  }

  void setNumber(StringRef name, int64_t number) {
    main->setAttr(name, IntegerAttr::get(IntegerType::get(module.getContext(), 64), number));
  }

  ModuleOp module;
  func::FuncOp main;
  SymbolTable symbols;
  SymbolScope scope;
  SmallVector<kernel::LaunchOp> launches;
  llvm::DenseMap<Value, kernel::BufferAttr> buffers;
  llvm::DenseMap<Value, int64_t> lastUse; // of a buffer, by launch
  std::vector<Piece> pieces;
  llvm::DenseMap<Value, size_t> pieceOf;
  llvm::MapVector<Type, kernel::FuncOp> copies;
};

struct PlanMemoryPass : impl::PlanMemoryBase<PlanMemoryPass> {
  void runOnOperation() override {
    if (failed(Planner(getOperation()).run()))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
