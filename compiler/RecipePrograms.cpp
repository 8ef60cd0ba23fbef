//===- RecipePrograms.cpp - The programs of a recipe ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/RecipePrograms.h"
#include "dialects/ingot/Ingot.h"

using namespace mlir;

namespace ingot {

RecipePrograms::RecipePrograms(RecipeFile file, const CompileOptions &options, std::string libraryName,
                               MLIRContext *context)
    : recipe(std::move(file)), libraryName(std::move(libraryName)), detectsAnomaly(options.train.detectAnomaly),
      context(context), programs(programsOf(recipe.recipe)) {}

FailureOr<std::unique_ptr<RecipePrograms>> RecipePrograms::read(const CompileOptions &options, ImportOptions import,
                                                                MLIRContext *context) {
  if (options.emit == Stage::Import)
    return emitError(UnknownLoc::get(context)) << "a recipe has no import form; --emit=grad shows an entry of it";
  FailureOr<RecipeFile> file = readRecipe(options.input, options, context);
  if (failed(file))
    return failure();
  std::unique_ptr<RecipePrograms> made(new RecipePrograms(std::move(*file), options, import.name, context));
  if (failed(made->importNetworks(std::move(import))) ||
      failed(chooseTrainable(made->recipe.recipe, made->networks, context)) || failed(made->chooseMain(options)))
    return failure();
  return made;
}

LogicalResult RecipePrograms::importNetworks(ImportOptions import) {
  import.dims.clear(); // a network's follow from what it is called with
  for (const std::string &path : recipe.modelFiles())
    for (bool isEvaluation : {false, true}) {
      import.isEvaluation = isEvaluation;
      modules.push_back(importOnnx(path, import, context));
      if (!modules.back())
        return failure();
    }
  for (size_t i = 0; i < modules.size(); i += 2)
    networks.push_back({*modules[i], *modules[i + 1]});
  return success();
}

LogicalResult RecipePrograms::chooseMain(const CompileOptions &options) {
  auto found = llvm::find_if(programs, [&](const RecipeProgram &program) { return program.name() == options.entry; });
  if (!options.entry.empty() && found == programs.end())
    return emitError(UnknownLoc::get(context)) << "there is no entry \"" << options.entry << "\"";
  mainProgram = options.entry.empty() || options.emit >= Stage::Object ? 0 : found - programs.begin();
  return success();
}

std::vector<RecipeProgram> RecipePrograms::others() const {
  std::vector<RecipeProgram> result = programs;
  result.erase(result.begin() + mainProgram);
  return result;
}

bool RecipePrograms::hasBackwardPass(const RecipeProgram &program) const {
  return recipe.recipe.entries[program.entry].isStep && program.part != StepPart::Update;
}

OwningOpRef<ModuleOp> RecipePrograms::build(const RecipeProgram &program) const {
  OwningOpRef<ModuleOp> made = buildRecipeEntry(recipe.recipe, program, networks, context);
  if (!made)
    return made;
  std::string name = program.isFirst() ? libraryName : libraryName + "_" + program.name();
  (*made)->setAttr("ingot.name", StringAttr::get(context, name));
  if (detectsAnomaly)
    made->lookupSymbol("main")->setAttr("ingot.detect_anomaly", UnitAttr::get(context));
  return made;
}

} // namespace ingot
