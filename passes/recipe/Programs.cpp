//===- Programs.cpp - What a recipe's programs have to be made of ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/Trainable.h"
#include "passes/recipe/Expression.h"
#include "passes/recipe/Recipe.h"

using namespace mlir;

namespace ingot {

std::vector<RecipeProgram> programsOf(const Recipe &recipe) {
  std::vector<RecipeProgram> programs;
  for (auto [number, entry] : llvm::enumerate(recipe.entries))
    programs.push_back(
        {number, entry.name.text, recipe.isSplit && entry.isStep ? StepPart::Gradient : StepPart::Whole});
  for (auto [number, entry] : llvm::enumerate(recipe.entries))
    if (recipe.isSplit && entry.isStep)
      programs.push_back({number, entry.name.text, StepPart::Update});
  return programs;
}

LogicalResult chooseTrainable(const Recipe &recipe, ArrayRef<ImportedNetwork> networks, MLIRContext *context) {
  for (auto [about, network] : llvm::zip(recipe.networks, networks)) {
    auto pattern = [&](StringRef title, const RecipeText &text) {
      return TrainableChoice::Pattern{title, text.text, locationOf(text, recipe.file, context)};
    };
    TrainableChoice choice{pattern("freeze", about.freeze), pattern("train_only", about.trainOnly),
                           pattern("lora", about.lora), about.loraRank, about.loraScale() * double(about.loraRank)};
    for (ModuleOp form : {network.training, network.evaluation})
      if (failed(chooseTrainable(form, choice)))
        return failure();
  }
  return success();
}

} // namespace ingot
