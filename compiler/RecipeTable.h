//===- RecipeTable.h - The tables of a recipe's file ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// TOML as a recipe uses it: tables, texts, numbers and lists of texts, each with its place in the file. Whatever has
// another kind than expected is reported, and then is empty.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_RECIPETABLE_H
#define INGOT_COMPILER_RECIPETABLE_H

#include "mlir/IR/MLIRContext.h"
#include "mlir/Support/LogicalResult.h"
#include "passes/recipe/Recipe.h"
#include <memory>

namespace ingot {

class RecipeSource;

/// A table of the file; what is not there is an empty table.
class RecipeTable {
public:
  RecipeTable(RecipeSource &source, const void *table) : source(&source), node(table) {}

  bool has(const std::string &key) const;
  /// In the order of the file.
  std::vector<std::string> keys() const;
  RecipeText keyAt(const std::string &key) const;
  bool isText(const std::string &key) const;
  /// A text and where its first character stands; empty when the key is not there.
  RecipeText text(const std::string &key) const;
  std::vector<RecipeText> texts(const std::string &key) const;
  RecipeNumber numberAt(const std::string &key) const;
  RecipeTable table(const std::string &key) const;
  /// An error for every key that is not among these.
  void expectOnly(llvm::ArrayRef<llvm::StringRef> known) const;

private:
  const void *find(const std::string &key) const;

  RecipeSource *source;
  const void *node; // a toml::table, or null
};

/// A recipe's file, parsed.
class RecipeSource {
public:
  RecipeSource(std::string path, mlir::MLIRContext *context);
  ~RecipeSource();

  mlir::LogicalResult open();
  const std::string &path() const { return file; }
  RecipeTable root();
  void fail(const RecipeText &where, const llvm::Twine &problem);
  bool hasFailed() const { return failed; }

private:
  friend class RecipeTable;
  struct Document;
  RecipeText contentsOf(const void *text) const;

  std::string file, contents;
  mlir::MLIRContext *context;
  std::unique_ptr<Document> document;
  bool failed = false;
};

} // namespace ingot

#endif
