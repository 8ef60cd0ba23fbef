//===- Signature.cpp - A model's inputs, outputs and dimensions -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// dim_param names become symbols; dimensions without a name get one of their own, `<tensor>_d<axis>`. What the command
// line says about a name is applied here.
//
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Inequality.h"
#include "dialects/ingot/Ingot.h"
#include "frontends/onnx/Graph.h"
#include "frontends/onnx/Location.h"

using namespace mlir;

namespace ingot::frontend {

AffineExpr Graph::freshSymbol(StringRef name) {
  std::string unique = name.str();
  for (unsigned i = 1; ranges.count(unique); ++i)
    unique = (name + "_" + Twine(i)).str();
  ranges[unique] = {};
  return symbols.symbol(unique);
}

FailureOr<AffineExpr> Graph::inputDimension(const ::onnx::TensorShapeProto::Dimension &dim, StringRef tensor,
                                            int axis) {
  // Some exporters write -1 for a size that they do not know.
  bool isOpen = !dim.has_dim_value() || dim.dim_value() == -1;
  if (!isOpen && dim.dim_value() < 0)
    return emitError(tensorLocation(context, model->path(), tensor))
           << "has the negative dimension " << dim.dim_value();
  if (!isOpen)
    return symbols.constant(dim.dim_value());
  std::string name = dim.dim_param().empty() ? (tensor + "_d" + Twine(axis)).str() : dim.dim_param();
  if (!llvm::is_contained(openDims, name))
    openDims.push_back(name);
  auto range = options.dims.find(name);
  if (range != options.dims.end() && range->second.isFixed())
    return symbols.constant(range->second.min);
  ranges.try_emplace(name, range == options.dims.end() ? DimensionRange() : range->second);
  return symbols.symbol(name);
}

FailureOr<RankedTensorType> Graph::inputType(const ::onnx::ValueInfoProto &input) {
  Location where = tensorLocation(context, model->path(), input.name());
  if (!input.type().has_tensor_type())
    return emitError(where) << "is not a tensor; sequences, maps and optional inputs are not supported yet";
  std::string reason;
  Type element = elementType(input.type().tensor_type().elem_type(), context, reason);
  if (!element)
    return emitError(where) << reason;
  if (!input.type().tensor_type().has_shape())
    return emitError(where) << "has no shape, not even a rank; that is not supported yet";
  SmallVector<AffineExpr> dims;
  int64_t bytes = elementBytes(element);
  for (const auto &dim : input.type().tensor_type().shape().dim()) {
    FailureOr<AffineExpr> expr = inputDimension(dim, input.name(), dims.size());
    if (failed(expr))
      return failure();
    dims.push_back(*expr);
    if (__builtin_mul_overflow(bytes, std::max<int64_t>(1, constantValue(*expr).value_or(1)), &bytes) || bytes >> 46)
      return emitError(where) << "is larger than any memory";
  }
  return symbols.tensor(dims, element);
}

LogicalResult Graph::importInputs(Scope &scope) {
  const auto &graph = model->proto().graph();
  llvm::StringSet<> initializers;
  for (const auto &initializer : graph.initializer())
    initializers.insert(initializer.name());
  Block &entry = function.getBody().front();
  SmallVector<DictionaryAttr> attributes;
  for (const auto &input : graph.input()) {
    if (initializers.contains(input.name())) // how models before IR 4 list their weights
      continue;
    Location where = tensorLocation(context, model->path(), input.name());
    FailureOr<RankedTensorType> inputType = this->inputType(input);
    if (failed(inputType))
      return failure();
    if (scope.has(input.name()))
      return emitError(where) << "is declared twice";
    auto tensor = std::make_shared<Tensor>();
    tensor->name = input.name();
    tensor->value = entry.addArgument(*inputType, where);
    scope.add(input.name(), tensor);
    attributes.push_back(
        builder.getDictionaryAttr(builder.getNamedAttr("ingot.name", builder.getStringAttr(input.name()))));
  }
  function.setFunctionType(builder.getFunctionType(entry.getArgumentTypes(), {}));
  function.setAllArgAttrs(attributes);
  return success();
}

LogicalResult Graph::checkDimensionNames() {
  for (auto &option : options.dims) {
    if (llvm::is_contained(openDims, option.getKey()))
      continue;
    InFlightDiagnostic error = emitError(fileLocation(context, model->path()));
    error << "no dimension is named \"" << option.getKey() << "\"; ";
    if (openDims.empty())
      return error << "all of this model's are fixed";
    error << "this model's are ";
    llvm::interleaveComma(openDims, error);
    return error;
  }
  return success();
}

LogicalResult Graph::checkOutput(const ::onnx::ValueInfoProto &declared, Value value) {
  Location where = tensorLocation(context, model->path(), declared.name());
  auto actual = cast<RankedTensorType>(value.getType());
  if (!declared.type().has_tensor_type())
    return success();
  const auto &tensorType = declared.type().tensor_type();
  std::string reason;
  Type element =
      tensorType.elem_type() ? elementType(tensorType.elem_type(), context, reason) : actual.getElementType();
  if (element != actual.getElementType())
    return emitError(where) << "is declared with element type " << element << ", but the graph computes "
                            << actual.getElementType();
  if (!tensorType.has_shape())
    return success();
  bool isEqual = tensorType.shape().dim_size() == actual.getRank();
  for (int i = 0; isEqual && i < actual.getRank(); ++i) {
    const auto &dim = tensorType.shape().dim(i);
    isEqual = !dim.has_dim_value() || dim.dim_value() == -1 || actual.isDynamicDim(i) ||
              dim.dim_value() == actual.getDimSize(i);
  }
  if (isEqual)
    return success();
  std::string text;
  for (const auto &dim : tensorType.shape().dim())
    text += (text.empty() ? "" : "x") + (dim.has_dim_value()       ? std::to_string(dim.dim_value())
                                         : dim.dim_param().empty() ? "?"
                                                                   : dim.dim_param());
  return emitError(where) << "is declared as " << (text.empty() ? "scalar" : text) << ", but the graph computes "
                          << describe(actual);
}

void Graph::addSuccessor(const std::shared_ptr<Tensor> &initializer, Value next) {
  if (options.keepParameters && initializer && initializer->initializer && !initializer->node && next)
    successors[initializer->name + ".next"] = next;
}

/// A tensor of the graph whose name is like this one, as words for a message.
static std::string suggestTensor(const ::onnx::GraphProto &graph, StringRef name) {
  std::string nearest;
  unsigned best = name.size() / 2 + 1;
  for (const auto &node : graph.node())
    for (const std::string &output : node.output())
      if (unsigned distance = name.edit_distance(output, true, best); distance < best) {
        best = distance;
        nearest = output;
      }
  return nearest.empty() ? "" : "; there is \"" + nearest + "\"";
}

LogicalResult Graph::importInnerOutputs(Scope &scope, llvm::function_ref<void(const std::string &, Value)> add) {
  const auto &graph = model->proto().graph();
  llvm::StringSet<> added;
  for (const auto &output : graph.output())
    added.insert(output.name());
  for (const std::string &name : options.outputs) {
    if (!added.insert(name).second)
      continue;
    auto tensor = scope.find(name);
    if (!tensor)
      return emitError(fileLocation(context, model->path()))
             << "no node computes a tensor \"" << name << "\"" << suggestTensor(graph, name);
    Value result = value(*tensor, tensorLocation(context, model->path(), name));
    if (!result)
      return failure();
    add(name, result);
  }
  return success();
}

LogicalResult Graph::importOutputs(Scope &scope) {
  SmallVector<Value> values;
  SmallVector<DictionaryAttr> attributes;
  auto add = [&](const std::string &name, Value value) {
    values.push_back(value);
    attributes.push_back(builder.getDictionaryAttr(builder.getNamedAttr("ingot.name", builder.getStringAttr(name))));
  };
  for (const auto &output : model->proto().graph().output()) {
    Location where = tensorLocation(context, model->path(), output.name());
    auto tensor = scope.find(output.name());
    if (!tensor)
      return emitError(where) << "the graph's output is computed by no node";
    Value result = value(*tensor, where);
    if (!result || failed(checkOutput(output, result)))
      return failure();
    add(output.name(), result);
    successors.erase(output.name());
  }
  if (values.empty())
    return emitError(fileLocation(context, model->path())) << "the graph has no outputs";
  if (failed(importInnerOutputs(scope, add)))
    return failure();
  for (auto &[name, next] : successors)
    add(name, next);
  builder.create<func::ReturnOp>(fileLocation(context, model->path()), values);
  auto inputs = function.getFunctionType().getInputs();
  function.setFunctionType(builder.getFunctionType(inputs, ValueRange(values).getTypes()));
  function.setAllResultAttrs(attributes);
  return success();
}

bool Graph::isCertain(AffineExpr expr) {
  expr = simplifyDimension(expr);
  std::optional<SymbolLimit> limit = asLimit(expr, symbols.getNames().size());
  if (limit && limit->isUpper) {
    int64_t max = ranges.lookup(symbols.getNames()[limit->symbol].getValue()).max;
    return max >= 0 && max <= limit->value;
  }
  // With the least sizes in place of 0, `(size - 1) floordiv 2` is not negative either.
  SmallVector<AffineExpr> least;
  for (auto [position, name] : llvm::enumerate(symbols.getNames()))
    least.push_back(getAffineSymbolExpr(position, context) + ranges.lookup(name.getValue()).min);
  return isNonNegative(simplifyDimension(expr.replaceSymbols(least)));
}

void Graph::require(AffineExpr expr) {
  expr = simplifyDimension(expr);
  if (constantValue(expr) || isCertain(expr))
    return;
  std::optional<SymbolLimit> limit = asLimit(expr, symbols.getNames().size());
  if (auto range = limit ? ranges.find(symbols.getNames()[limit->symbol].getValue()) : ranges.end();
      range != ranges.end()) {
    int64_t &min = range->second.min, &max = range->second.max;
    if (limit->isUpper)
      max = max < 0 ? limit->value : std::min(max, limit->value);
    else
      min = std::max(min, limit->value);
    return;
  }
  if (!llvm::is_contained(requirements, expr))
    requirements.push_back(expr);
}

LogicalResult Graph::describeSymbols(ModuleOp module) {
  if (symbols.getNames().empty())
    return success();
  SmallVector<Attribute> names(symbols.getNames().begin(), symbols.getNames().end()), bounds;
  for (StringAttr name : symbols.getNames()) {
    DimensionRange range = ranges.lookup(name.getValue());
    if (range.max >= 0 && range.max < range.min)
      return emitError(fileLocation(context, model->path()))
             << "no size of the dimension \"" << name.getValue() << "\" is right: the model needs at least "
             << range.min << " and at most " << range.max;
    bounds.push_back(builder.getDenseI64ArrayAttr({range.min, range.max}));
  }
  module->setAttr("ingot.symbols", builder.getArrayAttr(names));
  module->setAttr("ingot.symbol_bounds", builder.getArrayAttr(bounds));
  if (!requirements.empty())
    module->setAttr("ingot.requires", symbols.shape(requirements));
  return success();
}

} // namespace ingot::frontend
