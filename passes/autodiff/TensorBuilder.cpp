//===- TensorBuilder.cpp - Makes ingot operations -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/TensorBuilder.h"

using namespace mlir;

namespace ingot {

Value TensorBuilder::scalar(double number, Type element) {
  auto type = RankedTensorType::get({}, element);
  DenseElementsAttr value;
  if (auto real = dyn_cast<FloatType>(element)) {
    bool losesInfo;
    APFloat converted(number);
    converted.convert(real.getFloatSemantics(), APFloat::rmNearestTiesToEven, &losesInfo);
    value = DenseElementsAttr::get(type, converted);
  } else {
    value = DenseElementsAttr::get(type, APInt(element.getIntOrFloatBitWidth(), int64_t(number), /*isSigned=*/true));
  }
  return builder.create<ConstantOp>(location, type, value);
}

Value TensorBuilder::iota(ArrayRef<AffineExpr> dims, int64_t axis, Type element) {
  return builder.create<IotaOp>(location, symbols.tensor(dims, element), axis);
}

Value TensorBuilder::number(AffineExpr expr, Type element) {
  if (auto constant = constantValue(simplifyDimension(expr)))
    return scalar(double(*constant), element);
  auto type = RankedTensorType::get({}, builder.getI64Type());
  Value value = builder.create<DimensionsOp>(location, type, symbols.shape(simplifyDimension(expr)), /*scalar=*/true);
  return cast(value, element);
}

Value TensorBuilder::count(Value value, ArrayRef<int64_t> axes) {
  if (!value)
    return {};
  SmallVector<AffineExpr> all = dims(value), along;
  for (int64_t axis : axes)
    along.push_back(all[axis]);
  return number(product(along, getContext()), getElementTypeOrSelf(value));
}

Value TensorBuilder::cast(Value value, Type element) {
  return value && getElementTypeOrSelf(value) != element ? make<CastOp>(value, element) : value;
}

Value TensorBuilder::reduce(ReduceKind kind, Value value, ArrayRef<int64_t> axes) {
  return axes.empty() ? value : make<ReduceOp>(value, kind, axes);
}

Value TensorBuilder::reduceAll(ReduceKind kind, Value value) {
  return value ? reshape(reduce(kind, value, allAxes(value)), {}) : Value();
}

Value TensorBuilder::reshape(Value value, ArrayRef<AffineExpr> dims) {
  if (!value)
    return {};
  RankedTensorType type = symbols.tensor(dims, getElementTypeOrSelf(value));
  return type == value.getType() ? value : builder.create<ReshapeOp>(location, type, value).getResult();
}

Value TensorBuilder::reshapeLike(Value value, Value like) {
  return value && like ? reshape(value, dims(like)) : Value();
}

Value TensorBuilder::broadcast(Value value, ArrayRef<AffineExpr> dims) {
  if (!value)
    return {};
  RankedTensorType type = symbols.tensor(dims, getElementTypeOrSelf(value));
  return type == value.getType() ? value : builder.create<BroadcastOp>(location, type, value).getResult();
}

Value TensorBuilder::broadcastTo(Value value, Value like) {
  return value && like ? broadcast(value, dims(like)) : Value();
}

Value TensorBuilder::transpose(Value value, ArrayRef<int64_t> permutation) {
  bool isIdentity = llvm::equal(permutation, llvm::seq<int64_t>(0, permutation.size()));
  return isIdentity ? value : make<TransposeOp>(value, permutation);
}

Value TensorBuilder::transposeLast(Value value) {
  if (!value)
    return {};
  SmallVector<int64_t> permutation = allAxes(value);
  std::swap(permutation[permutation.size() - 1], permutation[permutation.size() - 2]);
  return transpose(value, permutation);
}

Value TensorBuilder::slice(Value value, ArrayRef<AffineExpr> start, ArrayRef<int64_t> step,
                           ArrayRef<AffineExpr> extents) {
  if (!value)
    return {};
  return builder.create<SliceOp>(location, symbols.tensor(extents, getElementTypeOrSelf(value)), value,
                                 symbols.shape(start), step);
}

Value TensorBuilder::pad(Value value, ArrayRef<int64_t> low, ArrayRef<int64_t> high, double number) {
  auto isZero = [](int64_t amount) { return amount == 0; };
  if (llvm::all_of(low, isZero) && llvm::all_of(high, isZero))
    return value;
  return make<PadOp>(value, scalar(number, value), low, high, PadMode::Constant);
}

SmallVector<int64_t> TensorBuilder::allAxes(Value value) {
  return llvm::to_vector(llvm::seq<int64_t>(0, cast<RankedTensorType>(value.getType()).getRank()));
}

} // namespace ingot
