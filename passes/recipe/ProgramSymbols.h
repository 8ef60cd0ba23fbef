//===- ProgramSymbols.h - The open dimensions of a program ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_RECIPE_PROGRAMSYMBOLS_H
#define INGOT_PASSES_RECIPE_PROGRAMSYMBOLS_H

#include "dialects/ingot/Ingot.h"
#include "passes/recipe/Recipe.h"
#include "mlir/IR/BuiltinOps.h"

namespace ingot {

/// Collects what an entry of a recipe takes for granted of its dimensions.
class ProgramSymbols {
public:
  /// Notes that `expr`, in the numbering of `from`, must not be negative. Failure if it is a number that is.
  mlir::LogicalResult require(mlir::AffineExpr expr, const SymbolScope &from);

  /// Notes at the module the symbols of @main's arguments, in order, with their limits, and what else was required of
  /// them. Whatever else depends on a symbol would have nothing to take it from: an error at the entry.
  mlir::LogicalResult describe(mlir::ModuleOp module, const Recipe &recipe, const RecipeEntry &entry) const;

private:
  /// Each of one expression.
  llvm::SmallVector<ShapeAttr> requirements;
};

} // namespace ingot

#endif
