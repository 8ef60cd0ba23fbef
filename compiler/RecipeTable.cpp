//===- RecipeTable.cpp - The tables of a recipe's file --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "compiler/RecipeTable.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MemoryBuffer.h"

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

using namespace mlir;

namespace ingot {
namespace {

const toml::table *tableOf(const void *node) { return static_cast<const toml::table *>(node); }

RecipeText placeOf(const toml::source_region &region) { return {"", region.begin.line, region.begin.column}; }

} // namespace

struct RecipeSource::Document {
  toml::table table;
};

RecipeSource::RecipeSource(std::string path, MLIRContext *context) : file(std::move(path)), context(context) {}
RecipeSource::~RecipeSource() = default;

LogicalResult RecipeSource::open() {
  auto buffer = llvm::MemoryBuffer::getFile(file);
  if (!buffer)
    return emitError(UnknownLoc::get(context)) << "cannot read the recipe: " << buffer.getError().message();
  contents = (*buffer)->getBuffer().str();
  toml::parse_result result = toml::parse(std::string_view(contents), std::string_view(file));
  if (!result) {
    fail(placeOf(result.error().source()), Twine(StringRef(result.error().description())));
    return failure();
  }
  document = std::make_unique<Document>(Document{std::move(result).table()});
  return success();
}

RecipeTable RecipeSource::root() { return {*this, &document->table}; }

void RecipeSource::fail(const RecipeText &where, const Twine &problem) {
  emitError(FileLineColLoc::get(context, file, where.line, where.column)) << problem;
  failed = true;
}

/// A string's first character stands behind one quotation mark, or behind three and a line's end.
RecipeText RecipeSource::contentsOf(const void *node) const {
  auto &text = *static_cast<const toml::value<std::string> *>(node);
  RecipeText result = placeOf(text.source());
  result.text = text.get();
  size_t at = 0;
  for (unsigned line = 1; line < result.line && at != std::string::npos; ++line)
    at = contents.find('\n', at) + 1;
  StringRef rest = StringRef(contents).drop_front(at + result.column - 1);
  bool isLong = rest.starts_with("\"\"\"") || rest.starts_with("'''");
  result.column += isLong ? 3 : 1;
  rest = rest.drop_front(isLong ? 3 : 1);
  if (isLong && rest.ltrim('\r').starts_with("\n")) {
    ++result.line;
    result.column = 1;
  }
  return result;
}

const void *RecipeTable::find(const std::string &key) const { return node ? tableOf(node)->get(key) : nullptr; }

bool RecipeTable::has(const std::string &key) const { return find(key); }

std::vector<std::string> RecipeTable::keys() const {
  std::vector<std::pair<std::pair<unsigned, unsigned>, std::string>> found;
  if (node)
    for (auto &&[key, value] : *tableOf(node))
      found.push_back({{key.source().begin.line, key.source().begin.column}, std::string(key.str())});
  llvm::sort(found);
  std::vector<std::string> names;
  for (auto &[place, name] : found)
    names.push_back(name);
  return names;
}

RecipeText RecipeTable::keyAt(const std::string &key) const {
  RecipeText text;
  if (node)
    for (auto &&[name, value] : *tableOf(node))
      if (name.str() == key)
        text = placeOf(name.source());
  text.text = key;
  return text;
}

bool RecipeTable::isText(const std::string &key) const {
  auto *value = static_cast<const toml::node *>(find(key));
  return value && value->is_string();
}

RecipeText RecipeTable::text(const std::string &key) const {
  auto *value = static_cast<const toml::node *>(find(key));
  if (!value)
    return {};
  if (value->is_string())
    return source->contentsOf(value->as_string());
  source->fail(placeOf(value->source()), key + " must be a text in quotation marks");
  return {};
}

std::vector<RecipeText> RecipeTable::texts(const std::string &key) const {
  auto *value = static_cast<const toml::node *>(find(key));
  std::vector<RecipeText> list;
  if (value && !value->is_array())
    source->fail(placeOf(value->source()), key + " must be a list, as in [\"name\"]");
  else if (value)
    for (const toml::node &element : *value->as_array()) {
      if (element.is_string())
        list.push_back(source->contentsOf(element.as_string()));
      else
        source->fail(placeOf(element.source()), "the elements of " + key + " must be texts in quotation marks");
    }
  return list;
}

RecipeNumber RecipeTable::numberAt(const std::string &key) const {
  auto *value = static_cast<const toml::node *>(find(key));
  std::optional<double> number = value ? value->value<double>() : std::nullopt;
  if (!number || !value->is_number())
    source->fail(keyAt(key), key + " must be a number");
  return {keyAt(key), number.value_or(0)};
}

RecipeTable RecipeTable::table(const std::string &key) const {
  auto *value = static_cast<const toml::node *>(find(key));
  if (value && !value->is_table())
    source->fail(placeOf(value->source()), key + " must be a table");
  return {*source, value ? value->as_table() : nullptr};
}

void RecipeTable::expectOnly(ArrayRef<StringRef> known) const {
  for (const std::string &key : keys())
    if (!llvm::is_contained(known, key)) {
      std::string list;
      for (StringRef name : known)
        list += (list.empty() ? "" : ", ") + name.str();
      source->fail(keyAt(key), "there is no \"" + key + "\" here; there are " + list);
    }
}

} // namespace ingot
