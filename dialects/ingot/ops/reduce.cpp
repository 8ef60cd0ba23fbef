//===- reduce.cpp - Shape rules and folds: reduce -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "dialects/ingot/ops/Axis.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace ingot {

namespace {

/// The input's shape with size 1 along `axes`.
LogicalResult inferReduced(MLIRContext *context, std::optional<Location> where, Value input, ArrayRef<int64_t> axes,
                           Type element, SmallVectorImpl<Type> &types) {
  SymbolScope scope(context);
  SmallVector<AffineExpr> dims = scope.dims(input);
  for (int64_t axis : axes) {
    if (failed(checkAxis(where, axis, dims.size())))
      return failure();
    dims[axis] = scope.constant(1);
  }
  types.push_back(scope.tensor(dims, element));
  return success();
}

} // namespace

LogicalResult ReduceOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where, ValueRange operands,
                                         DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                         SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  return inferReduced(context, where, operands[0], op.getAxes(), getElementTypeOrSelf(operands[0]), types);
}

LogicalResult ArgReduceOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where, ValueRange operands,
                                            DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                            SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  int64_t axis = op.getAxis();
  return inferReduced(context, where, operands[0], axis, IntegerType::get(context, 64), types);
}

LogicalResult CumulateOp::inferReturnTypes(MLIRContext *, std::optional<Location> where, ValueRange operands,
                                           DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                           SmallVectorImpl<Type> &types) {
  return inferAlongAxes(where, operands[0], Adaptor(operands, attributes, properties, regions).getAxis(), types);
}

} // namespace ingot
