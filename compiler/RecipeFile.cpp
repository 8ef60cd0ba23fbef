//===- RecipeFile.cpp - Reads a recipe from its file ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// TOML to the structs of a recipe: names, kinds of values, and where every expression begins in the file.
//
//===----------------------------------------------------------------------===//
#include "compiler/RecipeFile.h"
#include "compiler/RecipeTable.h"
#include "compiler/SourceHash.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"
#include <fmt/format.h>

using namespace mlir;

namespace ingot {
namespace {

/// Names that a library uses for other things.
bool isReserved(StringRef name) { return name == "model" || name == "error" || name == "state_initialize"; }

class RecipeReader {
public:
  RecipeReader(RecipeSource &source, const CompileOptions &options) : source(source), options(options) {}

  LogicalResult run() {
    file.recipe.file = source.path();
    file.recipe.isSplit = options.train.splitUpdate;
    for (auto &[name, range] : options.dims)
      file.recipe.dims[name] = {range.least, range.greatest};
    RecipeTable root = source.root();
    readNetworks(root.table("networks"));
    readBindings(root.table("inputs"), file.recipe.inputs);
    for (const std::string &name : root.table("hyperparameters").keys())
      file.recipe.hyperparameters.push_back(root.table("hyperparameters").numberAt(name));
    readEntries(root.table("steps"), true);
    readEntries(root.table("entries"), false);
    readCopies(root.table("copies"));
    readCourse(root.table("training"));
    readPrecision(root);
    root.expectOnly({"precision", "networks", "inputs", "hyperparameters", "steps", "entries", "copies", "training"});
    if (!source.hasFailed() && file.recipe.entries.empty())
      source.fail(RecipeText{"", 1, 1}, "the recipe has no [steps.NAME] and no [entries.NAME]");
    checkNames();
    return failure(source.hasFailed());
  }

  RecipeFile file;

private:
  void readNetworks(const RecipeTable &table) {
    for (const std::string &name : table.keys()) {
      RecipeNetwork network;
      network.name = table.keyAt(name);
      if (table.isText(name)) {
        network.path = besideRecipe(table.text(name).text);
      } else {
        readNetwork(table.table(name), network);
      }
      file.recipe.networks.push_back(std::move(network));
    }
  }

  void readNetwork(const RecipeTable &about, RecipeNetwork &network) {
    about.expectOnly({"path", "freeze", "train_only", "lora", "rank", "alpha", "mode", "copy_of"});
    RecipeText original = about.text("copy_of"), path = about.text("path");
    network.path = besideRecipe(path.text);
    if (path.text.empty() == original.text.empty())
      source.fail(network.name, "a network has either a path or copy_of");
    for (const RecipeNetwork &other : file.recipe.networks)
      if (other.name.text == original.text) {
        RecipeText name = network.name;
        network = other; // with what is frozen and adapted in it
        network.name = name;
        file.recipe.copies.push_back({network.name, other.name});
      }
    network.mode = readMode(about);
    if (path.text.empty() && network.path.empty())
      source.fail(original, "there is no network \"" + original.text + "\" above this one");
    readTrainable(about, network);
  }

  void readTrainable(const RecipeTable &about, RecipeNetwork &network) {
    for (auto [key, pattern] :
         {std::pair("freeze", &RecipeNetwork::freeze), std::pair("train_only", &RecipeNetwork::trainOnly),
          std::pair("lora", &RecipeNetwork::lora)})
      if (about.has(key))
        network.*pattern = about.text(key);
    for (const char *key : {"rank", "alpha"})
      if (about.has(key) && network.lora.text.empty())
        source.fail(about.keyAt(key), std::string(key) + " belongs to lora");
    if (about.has("rank"))
      network.loraRank = readCount(about, "rank");
    if (about.has("alpha") && (network.loraAlpha = about.numberAt("alpha").value) <= 0)
      source.fail(about.keyAt("alpha"), "alpha is a number above 0");
  }

  std::string besideRecipe(StringRef path) const {
    if (path.empty() || llvm::sys::path::is_absolute(path))
      return path.str();
    SmallString<128> whole(llvm::sys::path::parent_path(source.path()));
    llvm::sys::path::append(whole, path);
    return whole.str().str();
  }

  NetworkMode readMode(const RecipeTable &table) {
    RecipeText mode = table.text("mode");
    if (!mode.text.empty() && mode.text != "training" && mode.text != "evaluation")
      source.fail(mode, "mode is \"training\" or \"evaluation\"");
    return mode.text.empty()         ? NetworkMode::Default
           : mode.text == "training" ? NetworkMode::Training
                                     : NetworkMode::Evaluation;
  }

  void readBindings(const RecipeTable &table, std::vector<RecipeBinding> &bindings) {
    for (const std::string &name : table.keys())
      bindings.push_back({table.keyAt(name), table.text(name)});
  }

  void readEntries(const RecipeTable &table, bool areSteps) {
    for (const std::string &name : table.keys()) {
      RecipeTable about = table.table(name);
      RecipeEntry entry;
      entry.name = table.keyAt(name);
      entry.isStep = areSteps;
      entry.loss = about.text("loss");
      entry.mode = readMode(about);
      readBindings(about.table("let"), entry.definitions);
      readBindings(about.table("outputs"), entry.outputs);
      if (areSteps)
        readStep(about, entry);
      else
        about.expectOnly({"loss", "outputs", "let", "mode"});
      if (entry.loss.text.empty() && (areSteps || entry.outputs.empty()))
        source.fail(entry.name, areSteps ? "a step needs a loss" : "an entry needs outputs or a loss");
      file.recipe.entries.push_back(std::move(entry));
    }
  }

  void readStep(const RecipeTable &about, RecipeEntry &entry) {
    entry.updates = about.texts("updates");
    if (entry.updates.empty())
      source.fail(entry.name, "a step needs updates = [...], the networks that it trains");
    entry.optimizer = about.text("optimizer");
    if (entry.optimizer.text.empty())
      entry.optimizer = {"adam", entry.name.line, entry.name.column};
    entry.clip = about.text("clip_by");
    if (!entry.clip.text.empty() && entry.clip.text != "norm" && entry.clip.text != "value")
      source.fail(entry.clip, "gradients are clipped by \"norm\" or \"value\"");
    for (const std::string &key : about.keys())
      if (!llvm::is_contained({"loss", "updates", "optimizer", "clip_by", "let", "outputs", "mode"}, key))
        entry.hypers.push_back(about.numberAt(key)); // that the optimizer has it is found out later
  }

  void readCopies(const RecipeTable &table) {
    for (const std::string &name : table.keys()) {
      RecipeTable about = table.table(name);
      about.expectOnly({"from", "every", "tau"});
      RecipeCopy copy{table.keyAt(name), about.text("from")};
      auto declared = llvm::find_if(file.recipe.copies, [&](const RecipeCopy &other) { return other.to.text == name; });
      if (copy.from.text.empty() && declared != file.recipe.copies.end())
        copy.from = declared->from;
      if (copy.from.text.empty())
        source.fail(copy.to, "a copy says from which network");
      if (about.has("every"))
        copy.every = readCount(about, "every");
      if (about.has("tau"))
        copy.tau = about.numberAt("tau").value;
      if (copy.every && copy.tau)
        source.fail(copy.to, "a copy has either every or tau");
      if (declared == file.recipe.copies.end())
        file.recipe.copies.push_back(copy);
      else
        *declared = copy;
    }
    for (auto [number, copy] : llvm::enumerate(file.recipe.copies))
      if (!copy.every && !copy.tau && !copy.to.text.empty()) {
        RecipeEntry entry;
        entry.name = copy.to;
        entry.name.text = "copy_" + copy.to.text;
        entry.copy = number;
        file.recipe.entries.push_back(std::move(entry));
      }
  }

  void readPrecision(const RecipeTable &root) {
    RecipeText precision = root.text("precision");
    file.isMixed = precision.text == "bf16";
    if (!precision.text.empty() && precision.text != "f32" && precision.text != "bf16")
      source.fail(precision, "precision is \"f32\" or \"bf16\"");
  }

  int64_t readCount(const RecipeTable &table, StringRef key) {
    RecipeNumber number = table.numberAt(key.str());
    if (number.value < 1 || number.value != int64_t(number.value))
      source.fail(number.name, key + " is a whole number from 1");
    return std::max<int64_t>(1, int64_t(number.value));
  }

  void readCourse(const RecipeTable &table) {
    table.expectOnly({"order", "repeats", "every"});
    for (const RecipeText &name : table.texts("order"))
      file.course.push_back({findStep(name)});
    if (!table.has("order"))
      for (const RecipeEntry &entry : file.recipe.entries)
        if (entry.isStep)
          file.course.push_back({entry.name.text});
    for (StringRef key : {"repeats", "every"})
      for (const std::string &name : table.table(key.str()).keys()) {
        findStep(table.table(key.str()).keyAt(name));
        for (CourseStep &step : file.course)
          if (step.name == name)
            (key == "repeats" ? step.repeats : step.every) = readCount(table.table(key.str()), name);
      }
  }

  std::string findStep(const RecipeText &name) {
    if (llvm::none_of(file.recipe.entries, [&](const RecipeEntry &e) { return e.isStep && e.name.text == name.text; }))
      source.fail(name, "there is no step \"" + name.text + "\"");
    return name.text;
  }

  void checkNames() {
    llvm::StringSet<> entries, values;
    for (const RecipeProgram &program : programsOf(file.recipe)) {
      const RecipeText &name = file.recipe.entries[program.entry].name;
      checkIdentifier(name);
      if (isReserved(program.name()) || !entries.insert(program.name()).second)
        source.fail(name, "there is another entry \"" + program.name() + "\" in the library");
    }
    auto take = [&](const RecipeText &name) {
      checkIdentifier(name);
      if (!values.insert(name.text).second)
        source.fail(name, "\"" + name.text + "\" names something else too");
    };
    for (const RecipeNetwork &network : file.recipe.networks)
      take(network.name);
    for (const RecipeNumber &number : file.recipe.hyperparameters)
      take(number.name);
    for (const RecipeBinding &input : file.recipe.inputs)
      take(input.name);
    for (const RecipeEntry &entry : file.recipe.entries)
      for (const RecipeBinding &definition : entry.definitions)
        if (checkIdentifier(definition.name); values.contains(definition.name.text))
          source.fail(definition.name, "\"" + definition.name.text + "\" names something else too");
  }

  void checkIdentifier(const RecipeText &name) {
    bool isName = !name.text.empty() && !llvm::isDigit(name.text[0]) &&
                  llvm::all_of(name.text, [](char c) { return llvm::isAlnum(c) || c == '_'; });
    if (!isName)
      source.fail(name, "\"" + name.text + "\" is no name: letters, digits and _, no digit first");
  }

  RecipeSource &source;
  const CompileOptions &options;
};

} // namespace

std::string RecipeFile::formatOptions() const {
  std::vector<std::string> entries, words;
  for (const RecipeProgram &program : programsOf(recipe))
    entries.push_back(program.name());
  for (const CourseStep &step : course)
    words.push_back(step.name + (step.repeats > 1 ? fmt::format("*{}", step.repeats) : "") +
                    (step.every > 1 ? fmt::format("/{}", step.every) : ""));
  std::string text =
      fmt::format(" --recipe {} --entries {}", llvm::sys::path::filename(recipe.file).str(), llvm::join(entries, ","));
  if (!words.empty())
    text += " --course " + llvm::join(words, ",");
  for (const RecipeNetwork &network : recipe.networks)
    text +=
        " --network-" + network.name.text + " " + network.path +
        (network.lora.text.empty() ? "" : fmt::format(" --lora-scale-{} {}", network.name.text, network.loraScale()));
  return text;
}

std::string RecipeFile::hash() const {
  std::vector<std::string> files = modelFiles();
  files.insert(files.begin(), recipe.file);
  return hashOfFiles(files);
}

std::vector<std::string> RecipeFile::modelFiles() const {
  std::vector<std::string> files;
  for (const RecipeNetwork &network : recipe.networks)
    files.push_back(network.path);
  return files;
}

FailureOr<RecipeFile> readRecipe(const std::string &path, const CompileOptions &options, MLIRContext *context) {
  RecipeSource source(path, context);
  if (failed(source.open()))
    return failure();
  RecipeReader reader(source, options);
  return succeeded(reader.run()) ? FailureOr<RecipeFile>(std::move(reader.file)) : FailureOr<RecipeFile>(failure());
}

} // namespace ingot
