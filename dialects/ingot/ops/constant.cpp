//===- constant.cpp - Shape rules and folds: constant -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace ingot {

LogicalResult ConstantOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange, DictionaryAttr,
                                           OpaqueProperties properties, RegionRange, SmallVectorImpl<Type> &types) {
  types.push_back(cast<RankedTensorType>(properties.as<Properties *>()->value.getType()));
  return success();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValueAttr(); }

LogicalResult ConstantOp::verify() {
  auto value = cast<ShapedType>(getValue().getType());
  auto type = cast<RankedTensorType>(getType());
  if (value.getShape() != type.getShape() || value.getElementType() != type.getElementType())
    return emitOpError("value and result type differ");
  return success();
}

} // namespace ingot
