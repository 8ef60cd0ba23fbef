//===- RecipeState.h - What a recipe's entries have in common ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_RECIPE_RECIPESTATE_H
#define INGOT_PASSES_RECIPE_RECIPESTATE_H

#include "passes/recipe/Network.h"
#include "passes/recipe/Recipe.h"

namespace ingot {

/// One tensor of the state block, as `network.tensor`, `network.tensor.slot`, `network.tensor.gradient`, `step.step` or
/// `generator`.
struct StateTensor {
  std::string name;
  llvm::StringRef role;
  mlir::RankedTensorType type;
  mlir::ElementsAttr initial; ///< null: zeros
};

/// The state of a recipe: of each network that a step updates or a copy reads or writes, parameters (but frozen ones)
/// and running statistics; the optimizers' slots; the steps' counters; where steps are split, gradients; one
/// generator of random numbers.
class RecipeState {
public:
  /// Checks what steps and copies say about networks; errors are located in the recipe's file. `networks` are as they
  /// train.
  static mlir::FailureOr<RecipeState> plan(const Recipe &recipe, llvm::MutableArrayRef<Network> networks,
                                           mlir::MLIRContext *context);

  llvm::ArrayRef<StateTensor> tensors() const { return all; }
  /// The tensors that a step trains, or a copy copies; names of the model file.
  llvm::ArrayRef<std::string> parameters(size_t network) const { return parametersOf[network]; }
  llvm::ArrayRef<std::string> statistics(size_t network) const { return statisticsOf[network]; }
  /// Whether the network's parameters are state.
  bool isLive(size_t network) const { return live[network]; }
  /// The names of all kinds of slots.
  llvm::ArrayRef<llvm::StringRef> slots() const { return slotNames; }
  std::string slotName(const RecipeEntry &step, llvm::StringRef network, llvm::StringRef tensor,
                       llvm::StringRef slot) const;

private:
  RecipeState(const Recipe &recipe, llvm::MutableArrayRef<Network> networks, mlir::MLIRContext *context)
      : recipe(&recipe), networks(networks), context(context) {}
  mlir::LogicalResult build();
  mlir::LogicalResult markLive();
  mlir::LogicalResult checkCopy(const RecipeCopy &copy);
  mlir::LogicalResult addNetworks();
  mlir::LogicalResult addSteps();
  void addGradients();
  mlir::FailureOr<size_t> find(const RecipeText &network) const;
  mlir::InFlightDiagnostic error(const RecipeText &text) const;

  const Recipe *recipe;
  llvm::MutableArrayRef<Network> networks;
  mlir::MLIRContext *context;
  std::vector<StateTensor> all;
  std::vector<bool> live;
  std::vector<unsigned> updates; // how many steps update a network
  std::vector<llvm::SmallVector<std::string>> parametersOf, statisticsOf;
  llvm::SmallVector<llvm::StringRef> slotNames;
};

} // namespace ingot

#endif
