//===- Values.cpp - Tensors as values, types or known contents ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The lazy half of Graph: a name becomes an operation only when an operation needs it.
//
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "frontends/onnx/Graph.h"
#include "frontends/onnx/Location.h"

using namespace mlir;

namespace ingot::frontend {

std::optional<SmallVector<int64_t>> Known::numbers() const {
  SmallVector<int64_t> result;
  for (AffineExpr expr : elements) {
    std::optional<int64_t> number = constantValue(expr);
    if (!number)
      return std::nullopt;
    result.push_back(*number);
  }
  return result;
}

RankedTensorType Graph::type(Tensor &tensor, Location where) {
  if (tensor.value)
    return cast<RankedTensorType>(tensor.value.getType());
  return tensor.known ? tensor.known->type() : model->type(*tensor.initializer, where);
}

Value Graph::value(Tensor &tensor, Location where) {
  if (tensor.value)
    return tensor.value;
  OpBuilder::InsertionGuard guard(builder);
  if (tensor.initializer) {
    // Weights come first in the function, in the order of their use.
    Block &entry = function.getBody().front();
    lastConstant ? builder.setInsertionPointAfter(lastConstant) : builder.setInsertionPointToStart(&entry);
    Location at = tensor.node.value_or(tensorLocation(context, model->path(), tensor.name));
    ElementsAttr contents = model->contents(*tensor.initializer, at);
    if (!contents)
      return {};
    auto op = builder.create<ConstantOp>(at, cast<RankedTensorType>(contents.getType()), contents);
    lastConstant = op;
    return tensor.value = op;
  }
  return tensor.value = materialize(*tensor.known, where);
}

Value Graph::materialize(const Known &known, Location where) {
  RankedTensorType type = known.type();
  if (auto numbers = known.numbers()) {
    if (isa<FloatType>(known.element)) {
      auto values = llvm::map_to_vector(
          *numbers, [&](int64_t number) -> Attribute { return builder.getFloatAttr(known.element, number); });
      return builder.create<ConstantOp>(where, type, DenseElementsAttr::get(type, values));
    }
    unsigned width = type.getElementType().getIntOrFloatBitWidth();
    bool isSigned = !type.getElementType().isUnsignedInteger();
    SmallVector<APInt> values;
    for (int64_t number : *numbers)
      values.push_back(APInt(64, number, isSigned).sextOrTrunc(width));
    return builder.create<ConstantOp>(where, type, DenseElementsAttr::get(type, values));
  }
  auto flat = RankedTensorType::get({int64_t(known.elements.size())}, IntegerType::get(context, 64));
  auto scalar = RankedTensorType::get({}, flat.getElementType());
  Value result = builder.create<DimensionsOp>(where, known.rank() == 0 ? scalar : flat, symbols.shape(known.elements),
                                              known.rank() == 0);
  if (known.rank() > 1)
    result = builder.create<ReshapeOp>(where, RankedTensorType::get(known.shape, flat.getElementType()), result);
  return known.element == flat.getElementType()
             ? result
             : builder.create<CastOp>(where, type, result, known.element).getResult();
}

namespace {

/// The elements as whole numbers, if they are.
std::optional<SmallVector<int64_t>> wholeNumbers(ArrayRef<char> bytes, Type element) {
  SmallVector<int64_t> numbers;
  size_t size = elementBytes(element);
  bool isUnsigned = element.isUnsignedInteger() || element.isInteger(1);
  for (size_t i = 0; i < bytes.size(); i += size) {
    uint64_t bits = 0;
    std::memcpy(&bits, bytes.data() + i, size);
    if (isa<IntegerType>(element)) {
      numbers.push_back(isUnsigned || size == 8 ? int64_t(bits) : llvm::SignExtend64(bits, size * 8));
      continue;
    }
    double number = element.isF32() ? llvm::bit_cast<float>(uint32_t(bits)) : llvm::bit_cast<double>(bits);
    if (!(std::abs(number) <= kExactFloat) || number != std::trunc(number) || (number == 0 && std::signbit(number)))
      return std::nullopt;
    numbers.push_back(int64_t(number));
  }
  return numbers;
}

} // namespace

const Known *Graph::known(Tensor &tensor, Location where) {
  if (tensor.known || tensor.isKnownTried || !tensor.initializer)
    return tensor.known ? &*tensor.known : nullptr;
  tensor.isKnownTried = true;
  RankedTensorType tensorType = model->type(*tensor.initializer, where);
  Type element = tensorType ? tensorType.getElementType() : Type();
  if (!tensorType || element.isF16() || element.isBF16() ||
      tensorType.getNumElements() > (isa<FloatType>(element) ? kKnownFloatLimit : kKnownLimit))
    return nullptr;
  if (options.keepParameters && isa<FloatType>(element) && !tensor.node)
    return nullptr;
  std::vector<char> storage;
  auto bytes = model->bytes(*tensor.initializer, tensorLocation(context, model->path(), tensor.name), storage);
  auto numbers = bytes ? wholeNumbers(*bytes, element) : std::nullopt;
  if (!numbers)
    return nullptr;
  auto exprs = llvm::map_to_vector(*numbers, [&](int64_t number) { return symbols.constant(number); });
  tensor.known = Known{SmallVector<int64_t>(tensorType.getShape()), exprs, element};
  return &*tensor.known;
}

} // namespace ingot::frontend
