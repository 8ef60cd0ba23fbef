//===- ElementTypes.cpp - Which elements an operator takes ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontends/onnx/ElementTypes.h"

using namespace mlir;

namespace ingot::frontend {
namespace {

enum class Kind { Real, Integer, Boolean, Other };

Kind kindOf(Type element) {
  if (isa<FloatType>(element))
    return Kind::Real;
  return element.isInteger(1) ? Kind::Boolean : Kind::Integer;
}

/// The kind of a schema's "tensor(int64)".
Kind kindOf(StringRef type) {
  if (!type.consume_front("tensor("))
    return Kind::Other;
  if (type.starts_with("float") || type.starts_with("bfloat") || type.starts_with("double"))
    return Kind::Real;
  if (type.starts_with("int") || type.starts_with("uint"))
    return Kind::Integer;
  return type.starts_with("bool") ? Kind::Boolean : Kind::Other;
}

/// "real numbers or integers"
std::string describe(const ::onnx::DataTypeSet &types) {
  std::string text;
  for (auto [kind, name] : {std::pair(Kind::Real, "real numbers"), std::pair(Kind::Integer, "integers"),
                            std::pair(Kind::Boolean, "booleans")})
    if (llvm::any_of(types, [&, kind = kind](const std::string *type) { return kindOf(StringRef(*type)) == kind; }))
      text += (text.empty() ? "" : " or ") + std::string(name);
  return text;
}

/// What the schema says of input `i`; null where it has no inputs.
const ::onnx::OpSchema::FormalParameter *parameterOf(const ::onnx::OpSchema *schema, size_t i) {
  if (!schema || schema->inputs().empty())
    return nullptr;
  return &schema->inputs()[std::min(i, schema->inputs().size() - 1)]; // the last may stand for several
}

bool takes(const ::onnx::OpSchema::FormalParameter *parameter, Type element) {
  return parameter &&
         (parameter->GetTypes().empty() || llvm::any_of(parameter->GetTypes(), [&](const std::string *type) {
            return kindOf(StringRef(*type)) == kindOf(element);
          }));
}

} // namespace

LogicalResult checkElementTypes(Node &node, const ::onnx::OpSchema &schema) {
  const ::onnx::OpSchema *newest = ::onnx::OpSchemaRegistry::Schema(schema.Name(), INT_MAX, schema.domain());
  for (size_t i = 0; i < node.inputCount(); ++i) {
    const auto *parameter = parameterOf(&schema, i);
    if (!parameter || !node.hasInput(i))
      continue;
    RankedTensorType type = node.inputType(i);
    if (!type)
      return failure();
    if (!takes(parameter, type.getElementType()) && !takes(parameterOf(newest, i), type.getElementType()))
      return node.error() << "input \"" << node.inputName(i) << "\" (" << parameter->GetName() << ") must hold "
                          << describe(parameter->GetTypes()) << ", but its elements are " << type.getElementType();
  }
  return success();
}

} // namespace ingot::frontend
