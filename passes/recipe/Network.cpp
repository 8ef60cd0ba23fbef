//===- Network.cpp - Calling a network inside of an entry -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A call is a copy of the network's operations. Its dimensions have names of their own; the arguments say what they
// stand for here:
//
//   d(x: [N, 1, 8, 8]), called with tensor<[2*batch, 1, 8, 8]>:  N is 2*batch in every type and shape of the copy
//
//===----------------------------------------------------------------------===//
#include "passes/recipe/Network.h"
#include "dialects/ingot/Inequality.h"
#include "passes/autodiff/Trainable.h"
#include "mlir/IR/AttrTypeSubElements.h"

using namespace mlir;

namespace ingot {

static StringRef textOf(Attribute attribute) {
  auto text = dyn_cast_or_null<StringAttr>(attribute);
  return text ? text.getValue() : StringRef();
}

Network::Network(StringRef name, ModuleOp module) : name(name.str()), main(module.lookupSymbol<func::FuncOp>("main")) {
  for (unsigned i = 0; i < main.getNumResults(); ++i)
    if (StringRef output = textOf(main.getResultAttr(i, "ingot.name")); output.ends_with(".next"))
      successors.insert(output);
  for (auto op : main.getBody().front().getOps<ConstantOp>())
    if (!nameOfParameter(op).empty() && isa<FloatType>(op.getType().getElementType()) && !op.use_empty())
      constants.push_back(op);
}

StringRef Network::inputName(unsigned number) { return textOf(main.getArgAttr(number, "ingot.name")); }

AffineExpr Network::translate(AffineExpr dim) {
  SmallVector<AffineExpr> replacements;
  for (unsigned i = 0; i < scope->getNames().size(); ++i) {
    auto meaning = meanings.find(i);
    replacements.push_back(meaning == meanings.end() ? getAffineSymbolExpr(i, scope->getContext()) : meaning->second);
  }
  return simplifyDimension(dim.replaceSymbols(replacements));
}

LogicalResult Network::matchDimensions(Location where, ArrayRef<Value> arguments) {
  scope.emplace(main.getContext());
  meanings.clear();
  equalities.clear();
  for (auto [number, argument] : llvm::enumerate(arguments)) {
    RankedTensorType wanted = inputType(number), given = cast<RankedTensorType>(argument.getType());
    auto reject = [&]() -> LogicalResult {
      return emitError(where) << "the network " << name << " takes \"" << inputName(number) << "\" as "
                              << wanted.getElementType() << " of shape " << describe(wanted) << ", but is given "
                              << given.getElementType() << " of shape " << describe(given);
    };
    if (wanted.getElementType() != given.getElementType() || wanted.getRank() != given.getRank())
      return reject();
    SmallVector<AffineExpr> own = scope->dims(wanted), actual = scope->dims(given);
    for (auto [dim, size] : llvm::zip(own, actual)) {
      auto symbol = dyn_cast<AffineSymbolExpr>(dim);
      if (symbol && meanings.try_emplace(symbol.getPosition(), size).second)
        continue;
      AffineExpr meaning = translate(dim);
      if (meaning == size)
        continue;
      // Two sizes of which one has a name are taken to be equal.
      if (constantValue(dim) || (constantValue(meaning) && constantValue(size)))
        return reject();
      equalities.push_back({meaning, size});
    }
  }
  return success();
}

SmallVector<AffineExpr> Network::assumptions() {
  auto module = main->getParentOfType<ModuleOp>();
  SmallVector<AffineExpr> all;
  auto names = module->getAttrOfType<ArrayAttr>("ingot.symbols");
  auto limits = module->getAttrOfType<ArrayAttr>("ingot.symbol_bounds");
  for (unsigned i = 0; names && i < names.size(); ++i) {
    AffineExpr symbol = scope->symbol(cast<StringAttr>(names[i]).getValue());
    auto limit = cast<DenseI64ArrayAttr>(limits[i]);
    if (limit[0] > 0)
      all.push_back(symbol - limit[0]);
    if (limit[1] >= 0)
      all.push_back(limit[1] - symbol);
  }
  if (auto others = module->getAttrOfType<ShapeAttr>("ingot.requires"))
    llvm::append_range(all, scope->adopt(others));
  return all;
}

LogicalResult Network::passOnAssumptions(Location where, const NetworkState &state) {
  SmallVector<AffineExpr> all = assumptions();
  for (AffineExpr assumption : all)
    if (failed(state.require(translate(assumption), *scope)))
      return emitError(where) << "the network " << name << " needs "
                              << printRelation(assumption, all, [&](AffineExpr sum) { return scope->print(sum); })
                              << ", which does not hold for what it is given";
  for (auto [one, other] : equalities)
    if (failed(state.require(one - other, *scope)) || failed(state.require(other - one, *scope)))
      return emitError(where) << "the network " << name << " needs " << scope->print(one) << " = "
                              << scope->print(other);
  return success();
}

void Network::cloneBody(OpBuilder &builder, IRMapping &mapping, const NetworkState &state) {
  AttrTypeReplacer replacer;
  replacer.addReplacement([&](RankedTensorType type) -> std::optional<std::pair<Type, WalkResult>> {
    if (!isa_and_nonnull<ShapeAttr>(type.getEncoding()))
      return std::nullopt;
    SmallVector<AffineExpr> dims = scope->dims(type);
    SmallVector<AffineExpr> translated = llvm::map_to_vector(dims, [&](AffineExpr dim) { return translate(dim); });
    return std::pair<Type, WalkResult>(scope->tensor(translated, type.getElementType()), WalkResult::skip());
  });
  replacer.addReplacement([&](ShapeAttr shape) -> std::optional<std::pair<Attribute, WalkResult>> {
    SmallVector<AffineExpr> dims = scope->adopt(shape);
    SmallVector<AffineExpr> translated = llvm::map_to_vector(dims, [&](AffineExpr dim) { return translate(dim); });
    return std::pair<Attribute, WalkResult>(scope->shape(translated), WalkResult::skip());
  });
  Value generator;
  for (Operation &op : main.getBody().front().without_terminator()) {
    if (op.hasAttr("ingot.generator")) {
      generator = generator ? generator : state.generator();
      mapping.map(op.getResult(0), generator);
      continue;
    }
    auto constant = dyn_cast<ConstantOp>(op);
    Value known = constant && !nameOfParameter(constant).empty() ? state.value(nameOfParameter(constant)) : Value();
    if (known) {
      mapping.map(op.getResult(0), known);
      continue;
    }
    Operation *copy = builder.clone(op, mapping);
    if (!meanings.empty())
      replacer.recursivelyReplaceElementsIn(copy, /*replaceAttrs=*/true, /*replaceLocs=*/false, /*replaceTypes=*/true);
  }
}

FailureOr<SmallVector<NamedValue>> Network::call(OpBuilder &builder, Location where, ArrayRef<Value> arguments,
                                                 const NetworkState &state) {
  if (failed(matchDimensions(where, arguments)) || failed(passOnAssumptions(where, state)))
    return failure();
  IRMapping mapping;
  mapping.map(main.getArguments(), arguments);
  cloneBody(builder, mapping, state);
  SmallVector<NamedValue> results;
  for (OpOperand &operand : main.getBody().front().getTerminator()->getOpOperands()) {
    StringRef output = textOf(main.getResultAttr(operand.getOperandNumber(), "ingot.name"));
    Value value = mapping.lookup(operand.get());
    if (output.consume_back(".next"))
      state.advance(output, value);
    else
      results.push_back({output.str(), value});
  }
  return results;
}

} // namespace ingot
