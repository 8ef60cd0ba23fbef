//===- pool.cpp - Shape rules and folds: pool -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace ingot {

namespace {

template <typename Adaptor>
LogicalResult inferPool(MLIRContext *context, std::optional<Location> where, Adaptor op, SmallVectorImpl<Type> &types) {
  SymbolScope scope(context);
  Type type = op.getInput().getType();
  SmallVector<AffineExpr> dims = scope.dims(type);
  size_t spatial = op.getWindow().size();
  if (dims.size() != spatial + 2 || op.getStrides().size() != spatial || op.getDilations().size() != spatial ||
      op.getLow().size() != spatial || op.getHigh().size() != spatial)
    return reject(where, "window of rank ", spatial, " does not fit input ", describe(type));
  for (size_t i = 0; i < spatial; ++i) {
    int64_t window = (op.getWindow()[i] - 1) * op.getDilations()[i] + 1, stride = op.getStrides()[i];
    if (stride < 1 || window < 1)
      return reject(where, "windows and strides must be positive");
    // Rounding up is rounding down with stride - 1 more room; but a window must start inside the input or its low
    // padding.
    int64_t more = op.getCeilMode() ? std::min(stride, window - op.getHigh()[i]) - 1 : 0;
    AffineExpr padded = dims[i + 1] + op.getLow()[i] + op.getHigh()[i] + more;
    int64_t least = op.getCeilMode() ? window - stride : window; // with ceil_mode there may be no window at all
    if (!scope.canReach(padded, scope.constant(least)))
      return reject(where, "window is larger than the padded input ", describe(type));
    dims[i + 1] = simplifyDimension(padded - window).floorDiv(stride) + 1;
  }
  types.push_back(scope.tensor(dims, getElementTypeOrSelf(type)));
  return success();
}

} // namespace

LogicalResult MaxPoolOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where, ValueRange operands,
                                          DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                          SmallVectorImpl<Type> &types) {
  return inferPool(context, where, adaptorOf<MaxPoolOp>(context, operands, attributes, properties, regions), types);
}

LogicalResult AvgPoolOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where, ValueRange operands,
                                          DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                          SmallVectorImpl<Type> &types) {
  return inferPool(context, where, adaptorOf<AvgPoolOp>(context, operands, attributes, properties, regions), types);
}

LogicalResult ResizeOp::verify() {
  int64_t rank = cast<RankedTensorType>(getInput().getType()).getRank();
  if (int64_t(getScales().size()) != rank || cast<RankedTensorType>(getType()).getRank() != rank)
    return emitOpError("needs one scale and extent per axis");
  if (getMode() != ResizeMode::Nearest && !isa<FloatType>(getElementTypeOrSelf(getInput())))
    return emitOpError("interpolates floating-point elements only");
  return success();
}

static double countWindows(Value output, ArrayRef<int64_t> window, SizesOf sizes) {
  return countElements(sizes(output)) * countElements(window);
}
double MaxPoolOp::countOperations(SizesOf sizes) { return countWindows(getOutput(), getWindow(), sizes); }
double AvgPoolOp::countOperations(SizesOf sizes) { return countWindows(getOutput(), getWindow(), sizes); }

} // namespace ingot
