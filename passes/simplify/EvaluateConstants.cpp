//===- EvaluateConstants.cpp - What depends on constants alone, computed --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gathers what is computed from constants alone in a module of its own, has it run (by the caller, who can compile),
// and puts the results in its place. What would be much larger than the constants it comes from stays in the model.
//
//   %w = transpose %constant; matmul %x, %w  =>  matmul %x, %constant'
//
//===----------------------------------------------------------------------===//
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"
#include "passes/simplify/ConstantValues.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace ingot {
namespace {

/// Results up to this size are worth having, whatever they come from.
constexpr int64_t smallBytes = 64 * 1024;

/// What is computed at once: a run holds its constants and its results beside the model's own.
constexpr int64_t batchBytes = 64 << 20;

int64_t bytesOf(Value value) { return typeOf(value).getNumElements() * elementBytes(getElementTypeOrSelf(value)); }

class ConstantGraph {
public:
  explicit ConstantGraph(func::FuncOp main) {
    for (Operation &op : main.getBody().front())
      if (op.getNumResults() == 0 || !llvm::all_of(op.getResults(), [&](Value result) { return isComputable(result); }))
        for (Value operand : op.getOperands())
          addRoot(operand);
  }

  /// The values to compute, in program order of their uses.
  ArrayRef<Value> getRoots() const { return roots.getArrayRef(); }

private:
  bool isComputable(Value value) {
    auto [known, isNew] = computable.try_emplace(value, false);
    if (isNew) // operands come earlier in the block, so this is not deep
      computable[value] = isKnown(value);
    return computable[value];
  }

  void addRoot(Value value) {
    Operation *producer = value.getDefiningOp();
    if (!producer || isa<ConstantOp>(producer) || !isComputable(value))
      return;
    if (!isa<ReshapeOp>(producer) && isWorthIt(value))
      roots.insert(value);
    else
      for (Value operand : producer->getOperands())
        addRoot(operand);
  }

  /// Whether the result is not much larger than the constants in the file that it comes from.
  static bool isWorthIt(Value value) {
    if (bytesOf(value) <= smallBytes)
      return true;
    llvm::SetVector<Value> sources;
    sources.insert(value);
    int64_t bytes = 0;
    for (size_t i = 0; i < sources.size(); ++i) {
      Operation *producer = sources[i].getDefiningOp();
      if (auto constant = dyn_cast<ConstantOp>(producer))
        bytes += constant.getValue().isSplat() ? 0 : bytesOf(constant);
      sources.insert(producer->operand_begin(), producer->operand_end());
    }
    return bytesOf(value) <= 2 * bytes;
  }

  llvm::DenseMap<Value, bool> computable;
  llvm::SetVector<Value> roots;
};

/// Small values are written out, so that equal ones are one attribute and single numbers can be read.
ElementsAttr inlined(ElementsAttr value) {
  auto resource = dyn_cast<DenseResourceElementsAttr>(value);
  AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr;
  if (!blob || blob->getData().size() > 1024 || value.getElementType().isInteger(1))
    return value;
  return DenseElementsAttr::getFromRawBuffer(cast<ShapedType>(value.getType()), blob->getData());
}

void cloneInto(OpBuilder &builder, IRMapping &mapping, Value value) {
  if (mapping.contains(value))
    return;
  Operation *producer = value.getDefiningOp();
  for (Value operand : producer->getOperands())
    cloneInto(builder, mapping, operand);
  builder.clone(*producer, mapping);
}

/// How many of the first roots are computed together: at least one.
size_t countOfBatch(ArrayRef<Value> roots) {
  int64_t bytes = bytesOf(roots.front());
  size_t count = 1;
  while (count < roots.size() && (bytes += bytesOf(roots[count])) <= batchBytes)
    ++count;
  return count;
}

/// A module whose @main has no arguments and returns `roots`.
OwningOpRef<ModuleOp> makeModule(ModuleOp model, ArrayRef<Value> roots) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(model.getLoc());
  (*module)->setAttr("ingot.name", StringAttr::get(model.getContext(), "constants"));
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  auto type = builder.getFunctionType({}, TypeRange(ValueRange(roots)));
  auto main = builder.create<func::FuncOp>(model.getLoc(), "main", type);
  builder.setInsertionPointToStart(main.addEntryBlock());
  IRMapping mapping;
  SmallVector<Value> results;
  for (Value root : roots) {
    cloneInto(builder, mapping, root);
    results.push_back(mapping.lookup(root));
  }
  builder.create<func::ReturnOp>(model.getLoc(), results);
  return module;
}

using Resources = llvm::DenseSet<AsmDialectResourceHandle>;

Resources resourcesOf(func::FuncOp main) {
  Resources resources;
  main.walk([&](ConstantOp op) {
    if (auto value = dyn_cast<DenseResourceElementsAttr>(op.getValue()))
      resources.insert(value.getRawHandle());
  });
  return resources;
}

/// What only computed constants came from need not stay in memory, though MLIR keeps attributes for ever.
void releaseUnused(const Resources &before, func::FuncOp main) {
  Resources used = resourcesOf(main);
  for (AsmDialectResourceHandle handle : before)
    if (!used.contains(handle))
      cast<DenseResourceElementsHandle>(handle).getResource()->setBlob(AsmResourceBlob());
}

} // namespace

LogicalResult evaluateConstants(ModuleOp module,
                                function_ref<LogicalResult(ModuleOp, SmallVectorImpl<ElementsAttr> &)> evaluate) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  Resources before = resourcesOf(main);
  ConstantGraph graph(main);
  ArrayRef<Value> rest = graph.getRoots();
  while (!rest.empty()) {
    ArrayRef<Value> roots = rest.take_front(countOfBatch(rest));
    rest = rest.drop_front(roots.size());
    OwningOpRef<ModuleOp> constants = makeModule(module, roots);
    SmallVector<ElementsAttr> values;
    if (failed(evaluate(*constants, values)) || values.size() != roots.size())
      return failure();
    for (auto [root, value] : llvm::zip(roots, values)) {
      OpBuilder builder(root.getDefiningOp());
      Value known = builder.create<ConstantOp>(root.getLoc(), root.getType(), inlined(value));
      Value(root).replaceAllUsesWith(known);
    }
  }
  // Reshapes of constants are constants; what was only needed for the results goes.
  if (failed(applyPatternsAndFoldGreedily(main, FrozenRewritePatternSet())))
    return failure();
  releaseUnused(before, main);
  return success();
}

} // namespace ingot
