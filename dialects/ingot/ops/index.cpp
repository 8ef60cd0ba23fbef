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

LogicalResult GatherElementsOp::inferReturnTypes(MLIRContext *, std::optional<Location> where, ValueRange operands,
                                                 DictionaryAttr attributes, OpaqueProperties properties,
                                                 RegionRange regions, SmallVectorImpl<Type> &types) {
  auto input = cast<RankedTensorType>(operands[0].getType()), indices = cast<RankedTensorType>(operands[1].getType());
  if (input.getRank() != indices.getRank())
    return reject(where, "ranks differ: input ", describe(input), ", indices ", describe(indices));
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
  if (!length || batch + *length > input.size() || batch >= indices.size())
    return reject(where, "index tuples do not fit: input ", describe(operands[0].getType()), ", indices ",
                  describe(operands[1].getType()));
  SmallVector<AffineExpr> dims(indices.begin(), indices.end() - 1);
  dims.append(input.begin() + batch + *length, input.end());
  types.push_back(scope.tensor(dims, getElementTypeOrSelf(operands[0])));
  return success();
}

LogicalResult ScatterElementsOp::inferReturnTypes(MLIRContext *, std::optional<Location> where, ValueRange operands,
                                                  DictionaryAttr, OpaqueProperties, RegionRange,
                                                  SmallVectorImpl<Type> &types) {
  if (cast<RankedTensorType>(operands[0].getType()).getRank() !=
      cast<RankedTensorType>(operands[1].getType()).getRank())
    return reject(where, "ranks differ: input ", describe(operands[0].getType()), ", indices ",
                  describe(operands[1].getType()));
  types.push_back(operands[0].getType());
  return success();
}

LogicalResult ScatterNdOp::inferReturnTypes(MLIRContext *, std::optional<Location> where, ValueRange operands,
                                            DictionaryAttr, OpaqueProperties, RegionRange,
                                            SmallVectorImpl<Type> &types) {
  auto indices = cast<RankedTensorType>(operands[1].getType());
  if (indices.getRank() < 1 || indices.isDynamicDim(indices.getRank() - 1))
    return reject(where, "index tuples must have a constant length: indices ", describe(indices));
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
