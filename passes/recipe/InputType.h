//===- InputType.h - Types that a recipe declares ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_RECIPE_INPUTTYPE_H
#define INGOT_PASSES_RECIPE_INPUTTYPE_H

#include "dialects/ingot/Ingot.h"
#include "passes/recipe/Recipe.h"

namespace ingot {

/// "float32[batch, 1]" as a type. An error at the place of what is wrong.
mlir::FailureOr<mlir::RankedTensorType> parseInputType(const RecipeText &text, const Recipe &recipe,
                                                       mlir::MLIRContext *context);

/// What a dimension's name stands for: a symbol, or the number that it is fixed to.
mlir::AffineExpr namedDimension(SymbolScope &scope, llvm::StringRef name, const Recipe &recipe);

/// The type with the dimensions that the recipe's `dims` fix.
mlir::RankedTensorType withFixedDimensions(mlir::RankedTensorType type, const Recipe &recipe);

} // namespace ingot

#endif
