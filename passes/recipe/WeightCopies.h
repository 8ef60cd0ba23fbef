//===- WeightCopies.h - Weights that follow others --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_RECIPE_WEIGHTCOPIES_H
#define INGOT_PASSES_RECIPE_WEIGHTCOPIES_H

#include "passes/autodiff/StateTensors.h"
#include "passes/autodiff/TensorBuilder.h"
#include "passes/recipe/RecipeState.h"

namespace ingot {

/// The copies of a recipe, as one program makes them in its state.
class WeightCopies {
public:
  /// All must outlive it.
  WeightCopies(const Recipe &recipe, const RecipeState &plan, StateTensors &state)
      : recipe(recipe), plan(plan), state(state) {}

  /// An entry that copies: the tensors of `to` become those of `from`.
  void copyNow(const RecipeCopy &which);
  /// What follows a step that updates these networks; `done` counts the step's runs, this one included.
  void copyAfterStep(TensorBuilder &make, llvm::ArrayRef<RecipeText> updated, mlir::Value done);

private:
  void copy(const RecipeCopy &which,
            llvm::function_ref<mlir::Value(mlir::Value to, mlir::Value from, bool isStatistic)> combine);

  const Recipe &recipe;
  const RecipeState &plan;
  StateTensors &state;
};

} // namespace ingot

#endif
