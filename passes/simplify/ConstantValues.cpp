//===- ConstantValues.cpp - What follows from constants alone -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/simplify/ConstantValues.h"
#include <cmath>

using namespace mlir;

namespace ingot {

bool isKnown(Value value) {
  SmallVector<Value> open{value};
  llvm::SmallPtrSet<Operation *, 8> seen;
  while (!open.empty()) {
    Operation *producer = open.pop_back_val().getDefiningOp();
    if (!producer || !isPure(producer) || producer->getNumRegions())
      return false;
    if (!isa<ConstantOp>(producer) && !llvm::all_of(producer->getResultTypes(), [](Type type) {
          return cast<RankedTensorType>(type).hasStaticShape();
        }))
      return false;
    if (auto dimensions = dyn_cast<DimensionsOp>(producer); dimensions && !dimensions.getValues().getNames().empty())
      return false;
    if (auto slice = dyn_cast<SliceOp>(producer); slice && !slice.getStart().getNames().empty())
      return false;
    if (seen.insert(producer).second)
      llvm::append_range(open, producer->getOperands());
  }
  return true;
}

std::optional<double> uniformValue(Value value) {
  Operation *producer = value.getDefiningOp();
  while (isa_and_nonnull<ReshapeOp, TransposeOp, BroadcastOp>(producer))
    producer = producer->getOperand(0).getDefiningOp();
  auto constant = dyn_cast_or_null<ConstantOp>(producer);
  auto splat = constant ? dyn_cast<SplatElementsAttr>(constant.getValue()) : SplatElementsAttr();
  if (!splat)
    return std::nullopt;
  if (isa<FloatType>(splat.getElementType())) {
    APFloat number = splat.getSplatValue<APFloat>();
    bool losesInfo;
    number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
    return number.convertToDouble();
  }
  auto type = cast<IntegerType>(splat.getElementType());
  return splat.getSplatValue<APInt>().roundToDouble(/*isSigned=*/!type.isUnsigned() && type.getWidth() > 1);
}

bool isAbout(Value value, double number) {
  std::optional<double> actual = uniformValue(value);
  return actual && std::abs(*actual - number) <= 1e-4 * std::abs(number);
}

Value scalarLike(OpBuilder &builder, Location loc, double number, Value like) {
  Type element = getElementTypeOrSelf(like);
  Attribute attr = isa<FloatType>(element) ? Attribute(builder.getFloatAttr(element, number))
                                           : Attribute(IntegerAttr::get(element, int64_t(number)));
  auto type = RankedTensorType::get({}, element);
  return builder.create<ConstantOp>(loc, type, cast<ElementsAttr>(DenseElementsAttr::get(type, attr)));
}

Value reshapeTo(OpBuilder &builder, Location loc, Value value, RankedTensorType type) {
  return value.getType() == type ? value : builder.create<ReshapeOp>(loc, type, value).getOutput();
}

Value reshapeTo(OpBuilder &builder, Location loc, Value value, ArrayRef<int64_t> shape) {
  return reshapeTo(builder, loc, value, RankedTensorType::get(shape, getElementTypeOrSelf(value)));
}

Location fuseLocations(Operation *first, Operation *second) {
  return first->getLoc() == second->getLoc() ? first->getLoc()
                                             : FusedLoc::get(first->getContext(), {first->getLoc(), second->getLoc()});
}

} // namespace ingot
