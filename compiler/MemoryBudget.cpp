//===- MemoryBudget.cpp - Training steps in less memory -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/MemoryBudget.h"
#include "compiler/Pipeline.h"
#include "dialects/ingot/Ingot.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Passes.h"
#include "llvm/Support/MathExtras.h"
#include <fmt/format.h>
#include <limits>

using namespace mlir;

namespace ingot {
namespace {

/// Fewer operations than it takes to bring a byte from memory: worth computing again whatever it saves.
constexpr double cheap = 16;

/// As the runtime aligns pieces of the arena.
constexpr int64_t bufferAlignment = 64;

struct Candidate {
  RecomputeChoice choice;
  std::string words;
};

/// From the fewest operations done again to the least memory.
std::vector<Candidate> candidates(int64_t bytes, const DimensionSizes &sizes) {
  std::vector<Candidate> list{{{0, 0, {}}, "keeps everything"},
                              {{cheap, 0, {}}, "recomputes activations and normalisations"}};
  for (int64_t parts = 4; parts <= 64; parts *= 4)
    list.push_back({{cheap, bytes / parts, {}},
                    fmt::format("recomputes activations and normalisations, in segments of {:.1f} MB",
                                double(bytes / parts) / 1e6)});
  for (double parts = 1.5; parts <= 64; parts *= 1.5)
    list.push_back({{std::numeric_limits<double>::infinity(), int64_t(double(bytes) / parts), {}},
                    fmt::format("recomputes segments of {:.1f} MB", double(bytes) / parts / 1e6)});
  for (Candidate &candidate : list)
    candidate.choice.sizes = sizes;
  return list;
}

func::FuncOp mainOf(ModuleOp module) { return module.lookupSymbol<func::FuncOp>("main"); }

/// The sizes to plan for: of each named dimension the greatest, or what --budget-dim says of one without.
FailureOr<DimensionSizes> assumedSizes(ModuleOp module, const CompileOptions &options) {
  DimensionSizes sizes;
  auto names = module->getAttrOfType<ArrayAttr>("ingot.symbols");
  auto bounds = module->getAttrOfType<ArrayAttr>("ingot.symbol_bounds");
  auto given = [&](const std::string &name) {
    auto found = options.train.budgetDims.find(name);
    return found == options.train.budgetDims.end() ? std::optional<int64_t>() : found->second;
  };
  for (size_t i = 0; names && i < names.size(); ++i) {
    std::string name = cast<StringAttr>(names[i]).str();
    int64_t greatest = bounds && i < bounds.size() ? cast<DenseI64ArrayAttr>(bounds[i])[1] : -1;
    if (greatest < 0 && !given(name))
      return emitError(module.getLoc()) << "a memory budget needs known sizes: give the greatest of \"" << name
                                        << "\" by --dim " << name << "=A..B, or the one to plan for by --budget-dim "
                                        << name << "=SIZE";
    if (greatest >= 0 && given(name) && *given(name) != greatest)
      return emitError(module.getLoc()) << "--budget-dim " << name << "=" << *given(name) << ": its greatest size is "
                                        << greatest << " already, for which memory is planned";
    sizes[name] = greatest >= 0 ? greatest : *given(name);
  }
  for (auto &[name, size] : options.train.budgetDims)
    if (!sizes.count(name) && !options.isRecipe) // steps of a recipe need not all have the same ones
      return emitError(module.getLoc()) << "--budget-dim " << name << "=" << size << ": there is no dimension \""
                                        << name << "\" of open size";
  return sizes;
}

int64_t evaluate(AffineExpr bytes, SymbolScope &scope, const DimensionSizes &sizes) {
  SmallVector<AffineExpr> values;
  for (StringAttr name : llvm::to_vector(scope.getNames()))
    values.push_back(scope.constant(sizes.count(name.str()) ? sizes.at(name.str()) : 1));
  return constantValue(simplifyDimension(bytes.replaceSymbols(values))).value_or(0);
}

/// The arena that a choice leads to, with what depends on symbols.
FailureOr<int64_t> arenaBytes(ModuleOp module, const RecomputeChoice &choice, const CompileOptions &options) {
  OwningOpRef<ModuleOp> trial = module.clone();
  recompute(mainOf(*trial), choice);
  if (failed(fuse(*trial, options)) || failed(planMemory(*trial)))
    return failure();
  int64_t bytes = mainOf(*trial)->getAttrOfType<IntegerAttr>("kernel.arena_bytes").getInt();
  if (auto slots = mainOf(*trial)->getAttrOfType<ArrayAttr>("kernel.slots"))
    for (auto slot : slots.getAsRange<ShapeAttr>()) {
      SymbolScope scope(module.getContext());
      for (AffineExpr size : scope.adopt(slot))
        bytes += llvm::alignTo(evaluate(size, scope, choice.sizes), bufferAlignment);
    }
  return bytes;
}

} // namespace

LogicalResult fitMemoryBudget(ModuleOp module, const CompileOptions &options, CompileReport::MemoryBudget &report) {
  if (options.train.memoryBudget <= 0) {
    recompute(mainOf(module), RecomputeChoice());
    return success();
  }
  FailureOr<DimensionSizes> sizes = assumedSizes(module, options);
  if (failed(sizes))
    return failure();
  report.assumed = {sizes->begin(), sizes->end()};
  int64_t budget = options.train.memoryBudget, least = std::numeric_limits<int64_t>::max();
  for (const Candidate &candidate : candidates(bytesForBackward(mainOf(module), *sizes), *sizes)) {
    FailureOr<int64_t> bytes = arenaBytes(module, candidate.choice, options);
    if (failed(bytes))
      return failure();
    if (report.words.empty())
      report.arenaBytesWithout = *bytes;
    report.words = candidate.words;
    least = std::min(least, *bytes);
    if (*bytes > budget)
      continue;
    RecomputeCost cost = recompute(mainOf(module), candidate.choice);
    report.arenaBytes = *bytes;
    report.values = cost.values;
    report.moreOperations = cost.once > 0 ? cost.again / cost.once : 0;
    return success();
  }
  return emitError(module.getLoc()) << "the step does not fit into " << budget
                                    << " bytes of arena; the least that was reached is " << least
                                    << " bytes, with everything kept it takes " << report.arenaBytesWithout;
}

} // namespace ingot
