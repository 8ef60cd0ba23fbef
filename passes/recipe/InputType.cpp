//===- InputType.cpp - Types that a recipe declares -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/recipe/InputType.h"
#include "passes/recipe/Expression.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace ingot {

RankedTensorType withFixedDimensions(RankedTensorType type, const Recipe &recipe) {
  SymbolScope scope(type.getContext());
  SmallVector<AffineExpr> dims = scope.dims(type), sizes;
  for (StringAttr name : llvm::to_vector(scope.getNames()))
    sizes.push_back(namedDimension(scope, name.getValue(), recipe));
  for (AffineExpr &dim : dims)
    dim = simplifyDimension(dim.replaceSymbols(sizes));
  return scope.tensor(dims, type.getElementType());
}

static Type elementOf(StringRef name, MLIRContext *context) {
  if (name == "float32")
    return Float32Type::get(context);
  if (name == "float64")
    return Float64Type::get(context);
  if (name == "int64" || name == "int32")
    return IntegerType::get(context, name == "int64" ? 64 : 32);
  return name == "bool" ? Type(IntegerType::get(context, 1)) : Type();
}

static bool isIdentifier(StringRef text) {
  return !text.empty() && !llvm::isDigit(text[0]) &&
         llvm::all_of(text, [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

AffineExpr namedDimension(SymbolScope &scope, StringRef name, const Recipe &recipe) {
  auto found = recipe.dims.find(name.str());
  bool isFixed = found != recipe.dims.end() && found->second.first == found->second.second;
  return isFixed ? scope.constant(found->second.first) : scope.symbol(name);
}

FailureOr<RankedTensorType> parseInputType(const RecipeText &text, const Recipe &recipe, MLIRContext *context) {
  auto reject = [&] {
    return emitError(locationOf(text, recipe.file, context))
           << "\"" << text.text << "\" is no type of an input: expected float32, float64, int32, int64 or bool, then "
           << "the dimensions, as in float32[batch, 3]";
  };
  auto [name, rest] = StringRef(text.text).split('[');
  Type element = elementOf(name.trim(), context);
  rest = rest.trim();
  bool hasDims = StringRef(text.text).contains('[');
  if (!element || (hasDims && !rest.consume_back("]")))
    return reject();
  SymbolScope scope(context);
  SmallVector<AffineExpr> dims;
  SmallVector<StringRef> words;
  if (!rest.trim().empty())
    rest.split(words, ',');
  for (StringRef word : words) {
    uint32_t size;
    word = word.trim();
    if (isIdentifier(word))
      dims.push_back(namedDimension(scope, word, recipe));
    else if (!word.getAsInteger(10, size))
      dims.push_back(scope.constant(size));
    else
      return reject();
  }
  return scope.tensor(dims, element);
}

} // namespace ingot
