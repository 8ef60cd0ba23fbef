//===- ProgramSymbols.cpp - The open dimensions of a program --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/recipe/ProgramSymbols.h"
#include "dialects/ingot/Inequality.h"
#include "passes/recipe/Expression.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace ingot {
namespace {

struct Limits {
  int64_t least = 0, greatest = -1;

  void narrow(const SymbolLimit &limit) {
    if (!limit.isUpper)
      least = std::max(least, limit.value);
    else
      greatest = greatest < 0 ? limit.value : std::min(greatest, limit.value);
  }
};

/// Numbers the symbols of @main's arguments in `scope`. An error at the entry when something else has a further one.
LogicalResult numberSymbols(func::FuncOp main, SymbolScope &scope, Location where, StringRef entry) {
  for (Type type : main.getArgumentTypes())
    scope.dims(type);
  size_t count = scope.getNames().size();
  main.walk([&](Operation *op) {
    for (Type type : op->getResultTypes())
      if (isa<RankedTensorType>(type))
        scope.dims(type);
  });
  if (scope.getNames().size() == count)
    return success();
  StringRef name = scope.getNames()[count].getValue();
  return emitError(where) << "no input of \"" << entry << "\" has the dimension \"" << name
                          << "\", so it must be fixed: --dim " << name << "=N";
}

} // namespace

LogicalResult ProgramSymbols::require(AffineExpr expr, const SymbolScope &from) {
  expr = simplifyDimension(expr);
  if (auto value = constantValue(expr))
    return success(*value >= 0);
  if (ShapeAttr requirement = from.shape(expr); !llvm::is_contained(requirements, requirement))
    requirements.push_back(requirement);
  return success();
}

LogicalResult ProgramSymbols::describe(ModuleOp module, const Recipe &recipe, const RecipeEntry &entry) const {
  MLIRContext *context = module.getContext();
  SymbolScope own(context);
  Location where = locationOf(entry.name, recipe.file, context);
  if (failed(numberSymbols(module.lookupSymbol<func::FuncOp>("main"), own, where, entry.name.text)))
    return failure();
  unsigned count = own.getNames().size();
  if (!count)
    return success();
  SmallVector<Limits> limits(count);
  for (auto [limit, name] : llvm::zip(limits, own.getNames()))
    if (auto found = recipe.dims.find(name.str()); found != recipe.dims.end())
      std::tie(limit.least, limit.greatest) = found->second;
  SmallVector<AffineExpr> others;
  for (ShapeAttr requirement : requirements) {
    AffineExpr expr = own.adopt(requirement).front();
    if (own.getNames().size() > count) // of an input that this program does without, an update for example
      own = SymbolScope(context, SmallVector<StringAttr>(own.getNames().take_front(count)));
    else if (std::optional<SymbolLimit> limit = asLimit(expr, count))
      limits[limit->symbol].narrow(*limit);
    else
      others.push_back(expr);
  }
  Builder builder(context);
  SmallVector<Attribute> names(own.getNames().begin(), own.getNames().end()), bounds;
  for (const Limits &limit : limits)
    bounds.push_back(builder.getDenseI64ArrayAttr({limit.least, limit.greatest}));
  module->setAttr("ingot.symbols", builder.getArrayAttr(names));
  module->setAttr("ingot.symbol_bounds", builder.getArrayAttr(bounds));
  if (!others.empty())
    module->setAttr("ingot.requires", own.shape(others));
  return success();
}

} // namespace ingot
