//===- index.cpp - Shape rules and folds: index -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "dialects/ingot/ops/Axis.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace ingot {

LogicalResult GatherOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where, ValueRange operands,
                                         DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                         SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  SymbolScope scope(context);
  SmallVector<AffineExpr> input = scope.dims(operands[0]), indices = scope.dims(operands[1]);
  int64_t axis = op.getAxis();
  if (failed(checkAxis(where, axis, input.size())))
    return failure();
  SmallVector<AffineExpr> dims(input.begin(), input.begin() + axis);
  dims.append(indices);
  dims.append(input.begin() + axis + 1, input.end());
  types.push_back(scope.tensor(dims, getElementTypeOrSelf(operands[0])));
  return success();
}

/// Whether the updates of a scatter have the dimensions that its indices ask for.
static LogicalResult checkUpdates(std::optional<Location> where, SymbolScope &scope, Value updates,
                                  ArrayRef<AffineExpr> wanted) {
  SmallVector<AffineExpr> dims = scope.dims(updates);
  bool fits = llvm::equal(dims, wanted, [&](AffineExpr a, AffineExpr b) { return scope.canBeEqual(a, b); });
  return fits ? success()
              : reject(where, "updates must be ", describe(scope.tensor(wanted, getElementTypeOrSelf(updates))),
                       ", but are ", describe(updates.getType()));
}

/// Whether `indices` has the rank of `input` and reaches no further, except along `axis`.
static LogicalResult checkIndices(std::optional<Location> where, Value input, Value indices, int64_t axis) {
  SymbolScope scope(input.getContext());
  SmallVector<AffineExpr> whole = scope.dims(input), part = scope.dims(indices);
  if (whole.size() != part.size())
    return reject(where, "ranks differ: input ", describe(input.getType()), ", indices ", describe(indices.getType()));
  for (auto [position, dims] : llvm::enumerate(llvm::zip(whole, part)))
    if (int64_t(position) != axis && !scope.canReach(std::get<0>(dims), std::get<1>(dims)))
      return reject(where, "indices reach beyond the input along axis ", position, ": input ",
                    describe(input.getType()), ", indices ", describe(indices.getType()));
  return success();
}

LogicalResult GatherElementsOp::inferReturnTypes(MLIRContext *, std::optional<Location> where, ValueRange operands,
                                                 DictionaryAttr attributes, OpaqueProperties properties,
                                                 RegionRange regions, SmallVectorImpl<Type> &types) {
  auto input = cast<RankedTensorType>(operands[0].getType()), indices = cast<RankedTensorType>(operands[1].getType());
  Adaptor op(operands, attributes, properties, regions);
  if (failed(checkIndices(where, operands[0], operands[1], op.getAxis())))
    return failure();
  types.push_back(RankedTensorType::get(indices.getShape(), input.getElementType(), indices.getEncoding()));
  return success();
}

LogicalResult GatherNdOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where, ValueRange operands,
                                           DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                           SmallVectorImpl<Type> &types) {
  auto op = adaptorOf<GatherNdOp>(context, operands, attributes, properties, regions);
  SymbolScope scope(context);
  SmallVector<AffineExpr> input = scope.dims(operands[0]), indices = scope.dims(operands[1]);
  auto length = indices.empty() ? std::nullopt : constantValue(indices.back());
  size_t batch = op.getBatchAxes();
  bool fits = length && batch + *length <= input.size() && batch < indices.size();
  for (size_t axis = 0; fits && axis < batch; ++axis)
    fits = scope.canBeEqual(input[axis], indices[axis]);
  if (!fits)
    return reject(where, "index tuples do not fit: input ", describe(operands[0].getType()), ", indices ",
                  describe(operands[1].getType()));
  SmallVector<AffineExpr> dims(indices.begin(), indices.end() - 1);
  dims.append(input.begin() + batch + *length, input.end());
  types.push_back(scope.tensor(dims, getElementTypeOrSelf(operands[0])));
  return success();
}

LogicalResult ScatterElementsOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where,
                                                  ValueRange operands, DictionaryAttr attributes,
                                                  OpaqueProperties properties, RegionRange regions,
                                                  SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  SymbolScope scope(context);
  if (failed(checkIndices(where, operands[0], operands[1], op.getAxis())) ||
      failed(checkUpdates(where, scope, operands[2], scope.dims(operands[1]))))
    return failure();
  types.push_back(operands[0].getType());
  return success();
}

LogicalResult ScatterNdOp::inferReturnTypes(MLIRContext *, std::optional<Location> where, ValueRange operands,
                                            DictionaryAttr, OpaqueProperties, RegionRange,
                                            SmallVectorImpl<Type> &types) {
  auto indices = cast<RankedTensorType>(operands[1].getType());
  if (indices.getRank() < 1 || indices.isDynamicDim(indices.getRank() - 1))
    return reject(where, "index tuples must have a constant length: indices ", describe(indices));
  SymbolScope scope(indices.getContext());
  SmallVector<AffineExpr> input = scope.dims(operands[0]), wanted = scope.dims(indices);
  size_t length = *constantValue(wanted.pop_back_val());
  if (length > input.size())
    return reject(where, "index tuples do not fit: input ", describe(operands[0].getType()), ", indices ",
                  describe(indices));
  wanted.append(input.begin() + length, input.end());
  if (failed(checkUpdates(where, scope, operands[2], wanted)))
    return failure();
  types.push_back(operands[0].getType());
  return success();
}

LogicalResult TopKOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  if (int64_t(getAxis()) < 0 || int64_t(getAxis()) >= input.getRank())
    return emitOpError("axis ") << int64_t(getAxis()) << " is out of range for rank " << input.getRank();
  return success();
}

} // namespace ingot
