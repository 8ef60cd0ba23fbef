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
#include "passes/autodiff/StepPart.h"
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
  /// Regular expressions over its parameters' names: those that no step changes, the only ones that steps change, and
  /// weights that get an increment of low rank to be trained in their place (Trainable.h). Empty: none given.
  RecipeText freeze, trainOnly, lora;
  int64_t loraRank = 8;
  /// 0: the rank.
  double loraAlpha = 0;
  double loraScale() const { return loraAlpha != 0 ? loraAlpha / double(loraRank) : 1; }
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
  /// Each step is two programs: NAME, which adds to gradients in the state, and NAME_update, which uses them.
  bool isSplit = false;
};

/// What a library has of a recipe: an entry, or a part of a step.
struct RecipeProgram {
  size_t entry;
  std::string entryName;
  StepPart part = StepPart::Whole;

  /// The library's first one, which tells what the state begins with.
  bool isFirst() const { return entry == 0 && part != StepPart::Update; }
  std::string name() const { return entryName + (part == StepPart::Update ? "_update" : ""); }
};

/// All of them: the entries in their order, then the updates of steps that are split.
std::vector<RecipeProgram> programsOf(const Recipe &recipe);

/// A network of a recipe, imported with parameters as named constants: as it trains, and as it behaves afterwards.
struct ImportedNetwork {
  mlir::ModuleOp training, evaluation;
};

/// Marks in every form of the networks what no step changes, and adds increments of low rank, as the recipe says.
mlir::LogicalResult chooseTrainable(const Recipe &recipe, llvm::ArrayRef<ImportedNetwork> networks,
                                    mlir::MLIRContext *context);

/// One of the recipe's programs, ready to be simplified. `networks` are the recipe's, in its order, after
/// `chooseTrainable`; they stay as they are. Errors are located in the recipe's file.
mlir::OwningOpRef<mlir::ModuleOp> buildRecipeEntry(const Recipe &recipe, const RecipeProgram &program,
                                                   llvm::ArrayRef<ImportedNetwork> networks,
                                                   mlir::MLIRContext *context);

} // namespace ingot

#endif
