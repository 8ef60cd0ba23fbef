//===- softmax.cpp - Shape rules and folds: softmax -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "dialects/ingot/ops/Axis.h"
#include "dialects/ingot/ops/Real.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace ingot {

LogicalResult SoftmaxOp::inferReturnTypes(MLIRContext *, std::optional<Location> where, ValueRange operands,
                                          DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                          SmallVectorImpl<Type> &types) {
  if (failed(checkReal(where, operands[0])))
    return failure();
  return inferAlongAxes(where, operands[0], Adaptor(operands, attributes, properties, regions).getAxis(), types);
}

/// Maximum, difference, exponential, sum, quotient.
double SoftmaxOp::countOperations(SizesOf sizes) { return 5 * countElements(sizes(getInput())); }

} // namespace ingot
