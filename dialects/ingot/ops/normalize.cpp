//===- normalize.cpp - Shape rules and folds: normalize -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "dialects/ingot/ops/Axis.h"
#include "dialects/ingot/ops/Real.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace ingot {

LogicalResult NormalizeOp::inferReturnTypes(MLIRContext *, std::optional<Location> where, ValueRange operands,
                                            DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                            SmallVectorImpl<Type> &types) {
  if (failed(checkReal(where, operands[0])))
    return failure();
  return inferAlongAxes(where, operands[0], Adaptor(operands, attributes, properties, regions).getAxes(), types);
}

/// Sum, sum of squares, and the scaling; with a mean, its subtraction twice.
double NormalizeOp::countOperations(SizesOf sizes) { return (getCenter() ? 6 : 3) * countElements(sizes(getInput())); }

} // namespace ingot
