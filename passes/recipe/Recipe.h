//===- Recipe.h - Several networks and named steps --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A recipe names networks, steps of training with the expression that each minimises and the networks that it updates,
// copies of one network's weights into another, and further entries that only compute. docs/recipes.md describes the
// file and the expressions; this is its contents, and how an entry becomes a program.
//
//   loss = "mse(g(z), x)", updates = ["g"]
//     =>  @main(z, x, hyperparameters, all state) -> (loss, g's parameters.next, their slots.next, step.next)
//
// All entries of a recipe have the same state: every tensor in it is an argument of each entry's @main, at one place in
// the block (`ingot.state`), whether or not the entry uses it.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_RECIPE_RECIPE_H
#define INGOT_PASSES_RECIPE_RECIPE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ingot {

/// A piece of the recipe's text and where it begins in the file; lines and columns count from 1.
struct RecipeText {
  std::string text;
  unsigned line = 1, column = 1;
};

/// How a network behaves that does something else while training (batch normalisation, dropout).
enum class NetworkMode { Default, Training, Evaluation };

struct RecipeNetwork {
  RecipeText name;
  /// The ONNX file, as the compiler can open it.
  std::string path;
  /// Regular expression over its parameters' names: those that no step changes.
  RecipeText freeze;
  NetworkMode mode = NetworkMode::Default;
};

/// `text` is an expression, or the type of an input, as "int64[batch, 1]".
struct RecipeBinding {
  RecipeText name, text;
};

struct RecipeNumber {
  RecipeText name;
  double value;
};

struct RecipeEntry {
  RecipeText name;
  /// Whether it updates parameters; else it only computes.
  bool isStep = false;
  /// Empty text: none, which only an entry that is no step may have.
  RecipeText loss;
  std::vector<RecipeText> updates;
  RecipeText optimizer, clip;
  /// The optimizer's numbers that differ from its own standard values.
  std::vector<RecipeNumber> hypers;
  /// Names for expressions, each computed once where it is used; further outputs.
  std::vector<RecipeBinding> definitions, outputs;
  NetworkMode mode = NetworkMode::Default;
  /// The entry does this one of the recipe's copies, and nothing else.
  std::optional<size_t> copy;
};

/// The weights of `from` go into `to`, which begins as a copy.
struct RecipeCopy {
  RecipeText to, from;
  /// In the steps that update `from`: after each `every`-th of them, or after each of them by the share `tau`. With
  /// neither it is an entry of its own, of the network's name.
  int64_t every = 0;
  std::optional<double> tau;
};

struct Recipe {
  std::string file;
  std::vector<RecipeNetwork> networks;
  std::vector<RecipeBinding> inputs;
  std::vector<RecipeNumber> hyperparameters;
  /// In the file's order, the steps first; then one for each copy that is an entry of its own.
  std::vector<RecipeEntry> entries;
  std::vector<RecipeCopy> copies;
  /// The sizes that named dimensions may take; -1: no greatest one.
  std::map<std::string, std::pair<int64_t, int64_t>> dims;
};

/// A network of a recipe, imported with parameters as named constants: as it trains, and as it behaves afterwards.
struct ImportedNetwork {
  mlir::ModuleOp training, evaluation;
};

/// The program of one entry, ready to be simplified. `networks` are the recipe's, in its order; they stay as they are.
/// The first entry's program tells what the state begins with. Errors are located in the recipe's file.
mlir::OwningOpRef<mlir::ModuleOp> buildRecipeEntry(const Recipe &recipe, size_t entry,
                                                   llvm::ArrayRef<ImportedNetwork> networks,
                                                   mlir::MLIRContext *context);

} // namespace ingot

#endif
