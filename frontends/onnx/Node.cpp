//===- Node.cpp - One node of the graph, typed ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontends/onnx/Node.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace ingot::frontend {

// Inputs
// ----------------------------------------------------------------------------------------------------------------

Value Node::input(size_t i) {
  auto tensor = inputTensor(i);
  return tensor ? graph.value(*tensor, location) : Value();
}

SmallVector<Value> Node::inputs() {
  return llvm::map_to_vector(llvm::seq<size_t>(0, inputCount()), [&](size_t i) { return input(i); });
}

RankedTensorType Node::inputType(size_t i) {
  auto tensor = inputTensor(i);
  return tensor ? graph.type(*tensor, location) : RankedTensorType();
}

Type Node::elementType(size_t i) {
  RankedTensorType type = inputType(i);
  return type ? type.getElementType() : Type();
}

int64_t Node::rank(size_t i) {
  RankedTensorType type = inputType(i);
  return type ? type.getRank() : 0;
}

SmallVector<AffineExpr> Node::dims(size_t i) {
  RankedTensorType type = inputType(i);
  return type ? symbols().dims(type) : SmallVector<AffineExpr>();
}

const Known *Node::known(size_t i) {
  auto tensor = inputTensor(i);
  return tensor ? graph.known(*tensor, location) : nullptr;
}

FailureOr<SmallVector<AffineExpr>> Node::expressions(size_t i) {
  if (!hasInput(i))
    return error() << "input " << i << " is missing";
  if (const Known *contents = known(i))
    return SmallVector<AffineExpr>(contents->elements);
  return error() << "input \"" << inputName(i)
                 << "\" is computed from data, which is not supported yet: it determines shapes";
}

FailureOr<SmallVector<int64_t>> Node::integers(size_t i) {
  FailureOr<SmallVector<AffineExpr>> exprs = expressions(i);
  if (failed(exprs))
    return failure();
  SmallVector<int64_t> result;
  for (AffineExpr expr : *exprs) {
    std::optional<int64_t> number = constantValue(expr);
    if (!number)
      return error() << "input \"" << inputName(i) << "\" is " << symbols().print(expr)
                     << ", which depends on a dynamic dimension; that is not supported yet here";
    result.push_back(*number);
  }
  return result;
}

FailureOr<SmallVector<double>> Node::numbers(size_t i) {
  if (const Known *contents = known(i))
    if (auto integers = contents->numbers())
      return SmallVector<double>(integers->begin(), integers->end());
  Value value = input(i);
  auto op = value ? value.getDefiningOp<ConstantOp>() : ConstantOp();
  auto dense = op ? dyn_cast<DenseElementsAttr>(op.getValue()) : DenseElementsAttr();
  if (!dense)
    return error() << "input \"" << (hasInput(i) ? inputName(i) : "")
                   << "\" must be a constant; anything else is not supported yet";
  SmallVector<double> result;
  if (isa<FloatType>(dense.getElementType()))
    for (APFloat number : dense.getValues<APFloat>()) {
      bool losesInformation;
      number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInformation);
      result.push_back(number.convertToDouble());
    }
  else
    for (const APInt &number : dense.getValues<APInt>())
      result.push_back(dense.getElementType().isUnsignedInteger() || number.getBitWidth() == 1
                           ? double(number.getZExtValue())
                           : double(number.getSExtValue()));
  return result;
}

// Attributes
// ------------------------------------------------------------------------------------------------------------

const ::onnx::AttributeProto *Node::findAttribute(StringRef name) const {
  for (const auto &attribute : proto.attribute())
    if (name == attribute.name())
      return &attribute;
  return nullptr;
}

template <>
int64_t Node::attribute(StringRef name, int64_t fallback) const {
  auto *found = findAttribute(name);
  return found ? found->i() : fallback;
}
template <>
bool Node::attribute(StringRef name, bool fallback) const {
  auto *found = findAttribute(name);
  return found ? found->i() != 0 : fallback;
}
template <>
double Node::attribute(StringRef name, double fallback) const {
  auto *found = findAttribute(name);
  return found ? double(found->f()) : fallback;
}
template <>
std::string Node::attribute(StringRef name, std::string fallback) const {
  auto *found = findAttribute(name);
  return found ? found->s() : fallback;
}
template <>
SmallVector<int64_t> Node::attribute(StringRef name, SmallVector<int64_t> fallback) const {
  auto *found = findAttribute(name);
  return found ? SmallVector<int64_t>(found->ints().begin(), found->ints().end()) : fallback;
}
template <>
SmallVector<double> Node::attribute(StringRef name, SmallVector<double> fallback) const {
  auto *found = findAttribute(name);
  return found ? SmallVector<double>(found->floats().begin(), found->floats().end()) : fallback;
}

FailureOr<int64_t> Node::axis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return error() << "axis " << axis << " is out of range for rank " << rank;
  return axis < 0 ? axis + rank : axis;
}

FailureOr<SmallVector<int64_t>> Node::axes(ArrayRef<int64_t> axes, int64_t rank) {
  SmallVector<int64_t> result;
  for (int64_t given : axes) {
    FailureOr<int64_t> normal = axis(given, rank);
    if (failed(normal))
      return failure();
    if (llvm::is_contained(result, *normal))
      return error() << "axis " << given << " is named twice";
    result.push_back(*normal);
  }
  llvm::sort(result);
  return result;
}

// Results
// ---------------------------------------------------------------------------------------------------------------

LogicalResult Node::result(size_t i, Value value) {
  if (!value)
    return failure();
  if (hasOutput(i)) {
    auto tensor = std::make_shared<Tensor>();
    tensor->name = outputName(i).str();
    tensor->value = value;
    scope.add(outputName(i), tensor);
  }
  return success();
}

LogicalResult Node::result(size_t i, Known known) {
  auto tensor = std::make_shared<Tensor>();
  tensor->name = outputName(i).str();
  tensor->known = std::move(known);
  scope.add(outputName(i), tensor);
  return success();
}

LogicalResult Node::forward(size_t i, size_t j) {
  auto tensor = inputTensor(j);
  if (tensor && hasOutput(i))
    scope.add(outputName(i), tensor);
  return success(tensor != nullptr);
}

LogicalResult Node::constant(size_t i, const ::onnx::TensorProto &initializer) {
  auto tensor = std::make_shared<Tensor>();
  tensor->name = outputName(i).str();
  tensor->initializer = &initializer;
  tensor->node = location;
  scope.add(outputName(i), tensor);
  return success(graph.type(*tensor, location) != nullptr);
}

// Making operations
// -----------------------------------------------------------------------------------------------------

Type Node::placeholder() const { return RankedTensorType::get({}, Float32Type::get(getContext())); }

Value Node::create(OperationState &state) {
  // A shape may be absurd long before anything is allocated for it.
  for (Type type : state.types) {
    auto tensor = cast<RankedTensorType>(type);
    int64_t bytes = elementBytes(tensor.getElementType());
    for (int64_t size : tensor.getShape())
      if (!ShapedType::isDynamic(size) && size < 0) {
        error() << "a result would have the negative size " << size;
        return {};
      } else if (!ShapedType::isDynamic(size) &&
                 (__builtin_mul_overflow(bytes, std::max<int64_t>(size, 1), &bytes) || bytes >> 46)) {
        error() << "a result of shape " << describe(type) << " is larger than any memory";
        return {};
      }
  }
  Operation *op = graph.getBuilder().create(state);
  return failed(op->getName().verifyInvariants(op)) ? Value() : op->getResult(0);
}

Value Node::scalar(double number, Type element) {
  if (!element)
    return {};
  auto type = RankedTensorType::get({}, element);
  if (isa<FloatType>(element))
    return constant(DenseElementsAttr::get(type, FloatAttr::get(element, number)));
  if (std::isfinite(number) && number != std::trunc(number)) {
    error() << "needs floating-point elements, but they are " << element;
    return {};
  }
  // Infinite bounds of integers are their greatest numbers.
  int64_t whole = std::isnan(number) ? 0 : static_cast<int64_t>(std::clamp(number, -0x1p62, 0x1p62));
  return constant(
      DenseElementsAttr::get(type, APInt(element.getIntOrFloatBitWidth(), whole, !element.isUnsignedInteger())));
}

Value Node::scalarLike(double number, Value like) {
  return like ? scalar(number, getElementTypeOrSelf(like)) : Value();
}

Value Node::constant(ElementsAttr value) {
  return value ? graph.getBuilder().create<ConstantOp>(location, value.getType(), value).getResult() : Value();
}

Value Node::constantIntegers(ArrayRef<int64_t> numbers) {
  auto type = RankedTensorType::get({int64_t(numbers.size())}, IntegerType::get(getContext(), 64));
  return constant(DenseElementsAttr::get(type, numbers));
}

SmallVector<AffineExpr> Node::dimsOf(Value value) { return value ? symbols().dims(value) : SmallVector<AffineExpr>(); }

Value Node::reshape(Value value, ArrayRef<AffineExpr> dims) {
  if (!value)
    return {};
  RankedTensorType type = symbols().tensor(dims, getElementTypeOrSelf(value));
  return type == value.getType() ? value : makeAs<ReshapeOp>(type, value);
}

Value Node::broadcast(Value value, ArrayRef<AffineExpr> dims) {
  if (!value)
    return {};
  RankedTensorType type = symbols().tensor(dims, getElementTypeOrSelf(value));
  return type == value.getType() ? value : makeAs<BroadcastOp>(type, value);
}

Value Node::transpose(Value value, ArrayRef<int64_t> permutation) { return make<TransposeOp>(value, permutation); }

Value Node::cast(Value value, Type element) {
  return value && getElementTypeOrSelf(value) == element ? value : make<CastOp>(value, element);
}

Value Node::asReal(Value value) {
  bool isReal = !value || isa<FloatType>(getElementTypeOrSelf(value));
  return isReal ? value : cast(value, Float64Type::get(getContext()));
}

Value Node::slice(Value value, ArrayRef<AffineExpr> start, ArrayRef<int64_t> step, ArrayRef<AffineExpr> extent) {
  if (!value)
    return {};
  return makeAs<SliceOp>(symbols().tensor(extent, getElementTypeOrSelf(value)), value, symbols().shape(start), step);
}

Value Node::squeeze(Value value, ArrayRef<int64_t> axes) {
  SmallVector<AffineExpr> kept;
  for (auto [position, dim] : llvm::enumerate(dimsOf(value)))
    if (!llvm::is_contained(axes, int64_t(position)))
      kept.push_back(dim);
  return reshape(value, kept);
}

Value Node::unsqueeze(Value value, ArrayRef<int64_t> axes) {
  SmallVector<AffineExpr> dims = dimsOf(value), result;
  size_t next = 0;
  for (size_t i = 0; i < dims.size() + axes.size(); ++i)
    result.push_back(llvm::is_contained(axes, int64_t(i)) ? symbols().constant(1) : dims[next++]);
  return reshape(value, result);
}

Value Node::reduce(ReduceKind kind, Value value, ArrayRef<int64_t> axes) {
  return axes.empty() ? value : make<ReduceOp>(value, kind, axes);
}

Value Node::iota(ArrayRef<AffineExpr> dims, int64_t axis, Type element) {
  return makeAs<IotaOp>(symbols().tensor(dims, element), axis);
}

Value Node::alongChannels(Value value, int64_t rank) {
  SmallVector<AffineExpr> dims = dimsOf(value);
  if (rank > 2)
    dims.append(rank - 2, symbols().constant(1));
  return reshape(value, dims);
}

} // namespace ingot::frontend
