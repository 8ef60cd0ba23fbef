//===- matmul.cpp - Shape rules and folds: matmul -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace ingot {

LogicalResult MatmulOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where, ValueRange operands,
                                         DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {
  SymbolScope scope(context);
  Type left = operands[0].getType(), right = operands[1].getType();
  SmallVector<AffineExpr> lhs = scope.dims(left), rhs = scope.dims(right);
  if (lhs.size() < 2 || rhs.size() < 2 || getElementTypeOrSelf(left) != getElementTypeOrSelf(right)) // matmul.1
    return reject(where, "needs two matrices of one element type: lhs ", left, ", rhs ", right);
  if (!scope.canBeEqual(lhs.back(), rhs[rhs.size() - 2])) // matmul.2
    return reject(where, "inner dimensions differ: lhs ", describe(left), ", rhs ", describe(right));
  auto batch = scope.broadcast(ArrayRef(lhs).drop_back(2), ArrayRef(rhs).drop_back(2));
  if (failed(batch)) // matmul.3
    return reject(where, "leading dimensions do not broadcast: lhs ", describe(left), ", rhs ", describe(right));
  batch->push_back(lhs[lhs.size() - 2]);
  batch->push_back(rhs.back());
  types.push_back(scope.tensor(*batch, getElementTypeOrSelf(left)));
  return success();
}

double MatmulOp::countOperations(SizesOf sizes) {
  return 2 * countElements(sizes(getOutput())) * double(sizes(getLhs()).back());
}

} // namespace ingot
