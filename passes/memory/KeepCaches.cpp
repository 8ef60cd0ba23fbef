//===- KeepCaches.cpp - Appending to inputs in place ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A decoder takes the keys and values of earlier positions and returns them with its own behind them, which copies all
// of them in every run:
//
//   @main(%past : [batch, 12, past, 64]) { %all = concat %past, %rows 2; ... attention %q, %all, %v ...; return %all }
//
// Here the input becomes memory with room for more, which keeps what it has:
//
//   @main(%cache : [batch, 12, past_capacity, 64] {ingot.role = "cache"}, %past : [] {ingot.role = "length"}) {
//     %next = append %cache, %rows <[past]> 2; %all = slice %next; ... attention %q, %all, %v ...; return %next }
//
// How long the input was (the symbol `past`) follows from no shape then, unless another input has it too: it is an
// input of its own. What else has read %past reads a slice of the cache, whose first rows no run changes.
//
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Passes.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/Regex.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_KEEPCACHES
#include "passes/Passes.h.inc"
namespace {

/// An output that is an input and rows behind it, along an axis whose size is the symbol `length`.
struct Cache {
  unsigned argument, result;
  ConcatOp concat;
  StringAttr length;
};

class CacheKeeper {
public:
  CacheKeeper(ModuleOp module, const llvm::Regex &inputs)
      : module(module), main(module.lookupSymbol<func::FuncOp>("main")), inputs(inputs), scope(module.getContext()) {}

  LogicalResult run() {
    SmallVector<Cache> caches = findCaches();
    if (caches.empty())
      return emitError(main.getLoc())
             << "--kv-cache: no output is one of the inputs it names with rows appended along an axis of open size";
    for (const Cache &cache : caches)
      if (failed(checkRows(cache)))
        return failure();
    readSymbols();
    for (const Cache &cache : caches)
      keep(cache);
    addLengths(caches);
    writeSymbols();
    return success();
  }

private:
  // Which inputs are caches
  // ---------------------------------------------------------------------------------------------------

  StringRef nameOf(unsigned argument) {
    auto name = main.getArgAttrOfType<StringAttr>(argument, "ingot.name");
    return name ? name.getValue() : StringRef();
  }

  SmallVector<Cache> findCaches() {
    SmallVector<Cache> caches;
    llvm::SmallDenseSet<unsigned> taken;
    for (OpOperand &operand : main.getBody().front().getTerminator()->getOpOperands()) {
      auto concat = operand.get().getDefiningOp<ConcatOp>();
      auto past = concat ? dyn_cast<BlockArgument>(concat.getInputs().front()) : BlockArgument();
      if (!past || concat.getInputs().size() != 2 || concat.getInputs()[1] == past ||
          main.getArgAttr(past.getArgNumber(), "ingot.role") || !inputs.match(nameOf(past.getArgNumber())))
        continue;
      auto symbol = dyn_cast<AffineSymbolExpr>(scope.dims(past)[concat.getAxis()]);
      if (symbol && taken.insert(past.getArgNumber()).second)
        caches.push_back(
            {past.getArgNumber(), operand.getOperandNumber(), concat, scope.getNames()[symbol.getPosition()]});
    }
    return caches;
  }

  /// A concatenation takes unnamed sizes to be equal; a cache must know.
  LogicalResult checkRows(const Cache &cache) {
    ConcatOp concat = cache.concat;
    Value before = concat.getInputs()[0], behind = concat.getInputs()[1];
    SmallVector<AffineExpr> past = scope.dims(before), rows = scope.dims(behind);
    rows[concat.getAxis()] = past[concat.getAxis()];
    if (rows == past)
      return success();
    return concat.emitError("--kv-cache: the rows for \"")
           << nameOf(cache.argument) << "\" are " << describe(behind.getType()) << ", which does not fit into "
           << describe(before.getType()) << " for all sizes";
  }

  // Symbols
  // -------------------------------------------------------------------------------------------------------------------

  void readSymbols() {
    if (auto known = module->getAttrOfType<ShapeAttr>("ingot.requires"))
      requirements = scope.adopt(known);
    auto names = module->getAttrOfType<ArrayAttr>("ingot.symbols");
    auto limits = module->getAttrOfType<ArrayAttr>("ingot.symbol_bounds");
    for (auto [index, name] : llvm::enumerate(names ? names.getValue() : ArrayRef<Attribute>())) {
      bool isKnown = limits && index < limits.size();
      order.push_back(cast<StringAttr>(name));
      bounds.push_back(isKnown ? cast<DenseI64ArrayAttr>(limits[index]) : boundsOf(0));
    }
  }

  DenseI64ArrayAttr boundsOf(int64_t least) { return DenseI64ArrayAttr::get(module.getContext(), {least, -1}); }

  /// As many rows as the bounds of symbols allow; those without an upper one count with their lower one, and 1 at
  /// least: what a report measures with.
  int64_t mostRows(AffineExpr rows) {
    SmallVector<AffineExpr> sizes;
    for (StringAttr name : scope.getNames()) {
      size_t position = llvm::find(order, name) - order.begin();
      int64_t least = 0, most = -1;
      if (position < bounds.size())
        std::tie(least, most) = std::pair(bounds[position][0], bounds[position][1]);
      sizes.push_back(scope.constant(most < 0 ? std::max<int64_t>(least, 1) : most));
    }
    return constantValue(simplifyDimension(rows.replaceSymbols(sizes))).value_or(1);
  }

  /// The symbol for the room of caches that are as long as `length`; it starts at what bounded sizes may need.
  AffineExpr capacityFor(StringAttr length, AffineExpr rows) {
    auto [known, isNew] = capacities.try_emplace(length);
    if (isNew) {
      std::string name = (length.getValue() + "_capacity").str();
      while (llvm::is_contained(order, StringAttr::get(module.getContext(), name)))
        name += "_";
      known->second = StringAttr::get(module.getContext(), name);
      order.push_back(known->second);
      bounds.push_back(boundsOf(std::max<int64_t>(1, mostRows(rows))));
    }
    return scope.symbol(known->second);
  }

  void writeSymbols() {
    Builder builder(module.getContext());
    module->setAttr("ingot.symbols", builder.getArrayAttr(SmallVector<Attribute>(order.begin(), order.end())));
    module->setAttr("ingot.symbol_bounds", builder.getArrayAttr(SmallVector<Attribute>(bounds.begin(), bounds.end())));
    module->setAttr("ingot.requires", scope.shape(requirements));
  }

  // The graph
  // -----------------------------------------------------------------------------------------------------------------

  Value firstRows(OpBuilder &builder, Location loc, Value cache, Type type) {
    size_t rank = cast<RankedTensorType>(type).getRank();
    SmallVector<AffineExpr> start(rank, scope.constant(0));
    return builder.create<SliceOp>(loc, type, cache, scope.shape(start), SmallVector<int64_t>(rank, 1));
  }

  void keep(const Cache &cache) {
    ConcatOp concat = cache.concat;
    Value argument = main.getArgument(cache.argument);
    int64_t axis = concat.getAxis();
    Type before = argument.getType();
    SmallVector<AffineExpr> dims = scope.dims(before);
    AffineExpr rows = scope.dims(concat.getOutput())[axis];
    dims[axis] = capacityFor(cache.length, rows);
    AffineExpr room = simplifyDimension(dims[axis] - rows);
    if (!llvm::is_contained(requirements, room))
      requirements.push_back(room);
    argument.setType(scope.tensor(dims, getElementTypeOrSelf(before)));

    OpBuilder builder(concat);
    auto append = builder.create<AppendOp>(concat.getLoc(), argument, concat.getInputs()[1],
                                           scope.shape(scope.symbol(cache.length)), axis);
    Value all = firstRows(builder, concat.getLoc(), append, concat.getType());
    Operation *terminator = main.getBody().front().getTerminator();
    terminator->setOperand(cache.result, append);
    concat.getOutput().replaceAllUsesWith(all);
    concat.erase();
    builder.setInsertionPointToStart(&main.getBody().front());
    Value past = firstRows(builder, main.getLoc(), argument, before);
    argument.replaceUsesWithIf(
        past, [&](OpOperand &use) { return use.getOwner() != append && use.getOwner() != past.getDefiningOp(); });
    describeCache(cache);
  }

  void describeCache(const Cache &cache) {
    Builder builder(module.getContext());
    main.setArgAttr(cache.argument, "ingot.role", builder.getStringAttr("cache"));
    main.setResultAttr(cache.result, "ingot.cache", builder.getI64IntegerAttr(cache.argument));
    SmallVector<Type> types(main.getBody().front().getTerminator()->getOperandTypes());
    main.setFunctionType(builder.getFunctionType(main.getBody().front().getArgumentTypes(), types));
  }

  /// Inputs for the symbols that were the sizes of caches alone.
  void addLengths(ArrayRef<Cache> caches) {
    llvm::SetVector<StringAttr> lengths;
    for (const Cache &cache : caches)
      lengths.insert(cache.length);
    for (Type type : main.getArgumentTypes())
      for (AffineExpr dim : scope.dims(type))
        if (auto symbol = dyn_cast<AffineSymbolExpr>(dim))
          lengths.remove(scope.getNames()[symbol.getPosition()]);
    Builder builder(module.getContext());
    for (StringAttr length : lengths) {
      std::string name = length.str();
      auto isTaken = [&](unsigned argument) { return nameOf(argument) == name; };
      while (llvm::any_of(llvm::seq<unsigned>(0, main.getNumArguments()), isTaken))
        name += "_length";
      main.insertArgument(
          main.getNumArguments(), RankedTensorType::get({}, builder.getI64Type()),
          builder.getDictionaryAttr({builder.getNamedAttr("ingot.name", builder.getStringAttr(name)),
                                     builder.getNamedAttr("ingot.role", builder.getStringAttr("length")),
                                     builder.getNamedAttr("ingot.symbol", length)}),
          main.getLoc());
    }
  }

  ModuleOp module;
  func::FuncOp main;
  const llvm::Regex &inputs;
  SymbolScope scope;
  /// The module's symbols and their bounds.
  SmallVector<StringAttr> order;
  SmallVector<DenseI64ArrayAttr> bounds;
  llvm::DenseMap<StringAttr, StringAttr> capacities;
  /// What the module takes for granted of its symbols: not below zero.
  SmallVector<AffineExpr> requirements;
};

struct KeepCachesPass : impl::KeepCachesBase<KeepCachesPass> {
  using KeepCachesBase::KeepCachesBase;

  void runOnOperation() override {
    llvm::Regex pattern("^(" + inputs + ")$");
    if (std::string problem; !pattern.isValid(problem)) {
      emitError(UnknownLoc::get(&getContext()))
          << "--kv-cache: \"" << inputs << "\" is not a regular expression: " << problem;
      return signalPassFailure();
    }
    if (failed(CacheKeeper(getOperation(), pattern).run()))
      signalPassFailure();
  }
};

} // namespace
} // namespace ingot
