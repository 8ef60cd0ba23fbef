//===- softmax.cpp - Shape rules and folds: softmax -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace ingot {

LogicalResult SoftmaxOp::inferReturnTypes(MLIRContext *, std::optional<Location> where, ValueRange operands,
                                          DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                          SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto type = cast<RankedTensorType>(operands[0].getType());
  if (int64_t(op.getAxis()) < 0 || int64_t(op.getAxis()) >= type.getRank())
    return reject(where, "axis ", int64_t(op.getAxis()), " is out of range for rank ", type.getRank());
  types.push_back(type);
  return success();
}

/// Maximum, difference, exponential, sum, quotient.
double SoftmaxOp::countOperations(SizesOf sizes) { return 5 * countElements(sizes(getInput())); }

} // namespace ingot
