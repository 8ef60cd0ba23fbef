//===- MainFunction.cpp - Adding inputs and outputs to @main --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/MainFunction.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/BitVector.h"

using namespace mlir;

namespace ingot {

bool isOneReal(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  return isa<FloatType>(type.getElementType()) && type.hasStaticShape() && type.getNumElements() == 1;
}

MainFunction::MainFunction(ModuleOp module) : function(module.lookupSymbol<func::FuncOp>("main")) {
  if (!function || function.getBody().empty()) {
    function = nullptr;
    return;
  }
  for (OpOperand &operand : body().getTerminator()->getOpOperands()) {
    unsigned number = operand.getOperandNumber();
    StringRef role = name(function.getResultAttr(number, "ingot.role"));
    outputs.push_back({name(function.getResultAttr(number, "ingot.name")).str(), role.str(), operand.get()});
    if (auto state = function.getResultAttrOfType<IntegerAttr>(number, "ingot.state"))
      outputs.back().state = state.getInt();
  }
}

StringRef MainFunction::name(Attribute attribute) {
  auto text = dyn_cast_or_null<StringAttr>(attribute);
  return text ? text.getValue() : StringRef();
}

OpBuilder MainFunction::builder() { return OpBuilder(body().getTerminator()); }

std::optional<unsigned> MainFunction::findInput(StringRef name) {
  for (unsigned i = 0; i < inputCount(); ++i)
    if (inputName(i) == name)
      return i;
  return std::nullopt;
}

std::optional<unsigned> MainFunction::findOutput(StringRef name) {
  for (auto [number, output] : llvm::enumerate(outputs))
    if (output.name == name)
      return number;
  return std::nullopt;
}

Value MainFunction::addInput(StringRef name, Type type, StringRef role) {
  Builder builder(function.getContext());
  SmallVector<NamedAttribute> attributes{builder.getNamedAttr("ingot.name", builder.getStringAttr(name))};
  if (!role.empty())
    attributes.push_back(builder.getNamedAttr("ingot.role", builder.getStringAttr(role)));
  function.insertArgument(inputCount(), type, builder.getDictionaryAttr(attributes), function.getLoc());
  return function.getArguments().back();
}

void MainFunction::describeClasses(unsigned i, std::optional<int64_t> classes, int64_t ignored) {
  Builder builder(function.getContext());
  setInputAttribute(i, "ingot.default", builder.getF64FloatAttr(double(ignored)));
  if (classes)
    setInputAttribute(i, "ingot.classes", builder.getDenseI64ArrayAttr({*classes, ignored}));
}

void MainFunction::finish() {
  Builder builder(function.getContext());
  SmallVector<Value> values;
  SmallVector<Attribute> attributes;
  for (const Output &output : outputs) {
    values.push_back(output.value);
    SmallVector<NamedAttribute> own{builder.getNamedAttr("ingot.name", builder.getStringAttr(output.name))};
    if (!output.role.empty())
      own.push_back(builder.getNamedAttr("ingot.role", builder.getStringAttr(output.role)));
    if (output.state)
      own.push_back(builder.getNamedAttr("ingot.state", builder.getI64IntegerAttr(*output.state)));
    attributes.push_back(builder.getDictionaryAttr(own));
  }
  body().getTerminator()->setOperands(values);
  function.setFunctionType(builder.getFunctionType(body().getArgumentTypes(), TypeRange(values)));
  function.setResAttrsAttr(builder.getArrayAttr(attributes));
}

void MainFunction::prune(ArrayRef<StringRef> roles) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body())))
    if (isOpTriviallyDead(&op))
      op.erase();
  llvm::BitVector erased(inputCount());
  for (unsigned i = 0; i < inputCount(); ++i)
    if (input(i).use_empty() && llvm::is_contained(roles, inputRole(i)))
      erased.set(i);
  function.eraseArguments(erased);
}

} // namespace ingot
