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

} // namespace

LogicalResult checkElementTypes(Node &node, const ::onnx::OpSchema &schema) {
  const auto &parameters = schema.inputs();
  for (size_t i = 0; i < node.inputCount() && !parameters.empty(); ++i) {
    const auto &parameter = parameters[std::min(i, parameters.size() - 1)]; // the last may stand for several
    if (!node.hasInput(i))
      continue;
    RankedTensorType type = node.inputType(i);
    if (!type)
      return failure();
    auto isOfKind = [&](const std::string *allowed) {
      return kindOf(StringRef(*allowed)) == kindOf(type.getElementType());
    };
    if (!parameter.GetTypes().empty() && llvm::none_of(parameter.GetTypes(), isOfKind))
      return node.error() << "input \"" << node.inputName(i) << "\" (" << parameter.GetName() << ") must hold "
                          << describe(parameter.GetTypes()) << ", but its elements are " << type.getElementType();
  }
  return success();
}

} // namespace ingot::frontend
