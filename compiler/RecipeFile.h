//===- RecipeFile.h - Reads a recipe from its file --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_RECIPEFILE_H
#define INGOT_COMPILER_RECIPEFILE_H

#include "compiler/Options.h"
#include "mlir/IR/MLIRContext.h"
#include "passes/recipe/Recipe.h"

namespace ingot {

/// How `ingot train` runs the steps of a recipe: in this order for each batch, `repeats` times one after the other, and
/// only for every `every`-th batch.
struct CourseStep {
  std::string name;
  int64_t repeats = 1, every = 1;
};

struct RecipeFile {
  Recipe recipe;
  std::vector<CourseStep> course;
  /// Steps multiply in bfloat16.
  bool isMixed = false;

  /// For a library's options: its entries in order, the course as "critic*5,generator/2", and where the networks were.
  std::string formatOptions() const;
  /// Of the recipe's file and the networks' together.
  std::string hash() const;
  /// Of the networks.
  std::vector<std::string> modelFiles() const;
};

/// Reads a recipe (docs/recipes.md describes the format). Paths of networks count from the recipe's folder. Errors are
/// reported at the line and column.
mlir::FailureOr<RecipeFile> readRecipe(const std::string &path, const CompileOptions &options,
                                       mlir::MLIRContext *context);

} // namespace ingot

#endif
