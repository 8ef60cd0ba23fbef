//===- RecipePrograms.h - The programs of a recipe --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_RECIPEPROGRAMS_H
#define INGOT_COMPILER_RECIPEPROGRAMS_H

#include "compiler/RecipeFile.h"
#include "frontends/Frontend.h"
#include <memory>

namespace ingot {

/// A recipe with its networks, and the programs that can be built of them. Errors are located in the recipe's file.
class RecipePrograms {
public:
  /// Reads the file that `options` name and every network in both of its forms, imported as `import` says. `context`
  /// must outlive the result.
  static mlir::FailureOr<std::unique_ptr<RecipePrograms>> read(const CompileOptions &options, ImportOptions import,
                                                               mlir::MLIRContext *context);

  const RecipeFile &file() const { return recipe; }
  /// The one that the straight line compiles: the library's first, or the one that a text stage shows.
  const RecipeProgram &main() const { return programs[mainProgram]; }
  /// The library's further ones, in order.
  std::vector<RecipeProgram> others() const;
  bool hasBackwardPass(const RecipeProgram &program) const;

  /// The program, ready to be simplified; null after an error.
  mlir::OwningOpRef<mlir::ModuleOp> build(const RecipeProgram &program) const;

private:
  RecipePrograms(RecipeFile recipe, const CompileOptions &options, std::string libraryName, mlir::MLIRContext *context);
  mlir::LogicalResult importNetworks(ImportOptions import);
  mlir::LogicalResult chooseMain(const CompileOptions &options);

  RecipeFile recipe;
  std::string libraryName;
  bool detectsAnomaly;
  mlir::MLIRContext *context;
  /// Each network as it trains, then as it behaves afterwards.
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> modules;
  std::vector<ImportedNetwork> networks;
  std::vector<RecipeProgram> programs;
  size_t mainProgram = 0;
};

} // namespace ingot

#endif
