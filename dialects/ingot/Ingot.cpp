//===- Ingot.cpp - Registration of the ingot dialect ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "dialects/ingot/IngotDialect.cpp.inc"
#include "dialects/ingot/IngotEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/ingot/IngotAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/ingot/IngotOps.cpp.inc"

namespace ingot {

void IngotDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/ingot/IngotAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/ingot/IngotOps.cpp.inc"
      >();
}

Operation *IngotDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  return elements ? builder.create<ConstantOp>(loc, type, elements).getOperation() : nullptr;
}

bool areCompatible(TypeRange inferred, TypeRange given) {
  if (inferred.size() != given.size())
    return false;
  for (auto [expected, actual] : llvm::zip(inferred, given)) {
    auto left = cast<RankedTensorType>(expected), right = cast<RankedTensorType>(actual);
    if (left.getElementType() != right.getElementType() ||
        failed(verifyCompatibleShape(left.getShape(), right.getShape())))
      return false;
  }
  return true;
}

std::string describe(Type type) {
  SymbolScope scope(type.getContext());
  std::string text;
  for (AffineExpr dim : scope.dims(type))
    text += (text.empty() ? "" : "x") + scope.print(dim);
  return text.empty() ? "scalar" : text;
}

int64_t elementBytes(Type element) { return (element.getIntOrFloatBitWidth() + 7) / 8; }

} // namespace ingot
