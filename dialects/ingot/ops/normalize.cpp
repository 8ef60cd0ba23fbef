//===- normalize.cpp - Shape rules and folds: normalize -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace ingot {

LogicalResult NormalizeOp::inferReturnTypes(MLIRContext *, std::optional<Location> where, ValueRange operands,
                                            DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                            SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto type = cast<RankedTensorType>(operands[0].getType());
  for (int64_t axis : op.getAxes())
    if (axis < 0 || axis >= type.getRank())
      return reject(where, "axis ", axis, " is out of range for rank ", type.getRank());
  types.push_back(type);
  return success();
}

/// Sum, sum of squares, and the scaling; with a mean, its subtraction twice.
double NormalizeOp::countOperations(SizesOf sizes) { return (getCenter() ? 6 : 3) * countElements(sizes(getInput())); }

} // namespace ingot
