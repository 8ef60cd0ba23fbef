//===- WeightCopies.cpp - Weights that follow others ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/recipe/WeightCopies.h"

using namespace mlir;

namespace ingot {

/// For each tensor of a copy: the value that it has, and the one that its source has after this step.
void WeightCopies::copy(const RecipeCopy &which,
                        llvm::function_ref<Value(Value to, Value from, bool isStatistic)> combine) {
  auto isMeant = [&](const RecipeNetwork &network) { return network.name.text == which.to.text; };
  size_t network = llvm::find_if(recipe.networks, isMeant) - recipe.networks.begin();
  for (bool isStatistic : {false, true})
    for (const std::string &tensor : isStatistic ? plan.statistics(network) : plan.parameters(network)) {
      std::string to = which.to.text + "." + tensor;
      if (Value from = state.value(which.from.text + "." + tensor)) // else frozen there, and so the same for ever
        state.set(to, combine(state.value(to), from, isStatistic));
    }
}

void WeightCopies::copyNow(const RecipeCopy &which) {
  copy(which, [](Value, Value from, bool) { return from; });
}

void WeightCopies::copyAfterStep(TensorBuilder &make, ArrayRef<RecipeText> updated, Value done) {
  for (const RecipeCopy &which : recipe.copies) {
    auto isSource = [&](const RecipeText &network) { return network.text == which.from.text; };
    if (llvm::none_of(updated, isSource) || (!which.every && !which.tau))
      continue;
    Value isDue;
    if (which.every)
      isDue = make.equal(make.make<ModOp>(done, make.scalar(double(which.every), done)), make.scalar(0, done));
    copy(which, [&](Value to, Value from, bool isStatistic) {
      if (isDue)
        return make.select(isDue, from, to);
      return isStatistic ? from : make.add(make.mul(to, 1 - *which.tau), make.mul(from, *which.tau));
    });
  }
}

} // namespace ingot
