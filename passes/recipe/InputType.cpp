//===- InputType.cpp - Types that a recipe declares -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/recipe/InputType.h"
#include "passes/recipe/Expression.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
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

LogicalResult describeSymbols(ModuleOp module, const Recipe &recipe, const RecipeEntry &entry) {
  MLIRContext *context = module.getContext();
  SymbolScope scope(context);
  auto main = module.lookupSymbol<func::FuncOp>("main");
  for (Type type : main.getArgumentTypes())
    scope.dims(type);
  size_t count = scope.getNames().size();
  main.walk([&](Operation *op) {
    for (Type type : op->getResultTypes())
      if (isa<RankedTensorType>(type))
        scope.dims(type);
  });
  if (scope.getNames().size() > count)
    return emitError(locationOf(entry.name, recipe.file, context))
           << "no input of \"" << entry.name.text << "\" has the dimension \"" << scope.getNames()[count].getValue()
           << "\", so it must be fixed: --dim " << scope.getNames()[count].getValue() << "=N";
  Builder builder(context);
  SmallVector<Attribute> names(scope.getNames().begin(), scope.getNames().end()), bounds;
  for (StringAttr name : scope.getNames()) {
    auto found = recipe.dims.find(name.str());
    auto [least, greatest] = found == recipe.dims.end() ? std::pair<int64_t, int64_t>(0, -1) : found->second;
    bounds.push_back(builder.getDenseI64ArrayAttr({least, greatest}));
  }
  if (!names.empty()) {
    module->setAttr("ingot.symbols", builder.getArrayAttr(names));
    module->setAttr("ingot.symbol_bounds", builder.getArrayAttr(bounds));
  }
  return success();
}

} // namespace ingot
