//===- layout.cpp - Shape rules and folds: layout -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "dialects/ingot/ops/Axis.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace ingot {

// reshape
// ---------------------------------------------------------------------------------------------------------------

LogicalResult ReshapeOp::verify() {
  SymbolScope scope(getContext());
  AffineExpr input = product(scope.dims(getInput()), getContext()),
             output = product(scope.dims(getOutput()), getContext());
  auto from = constantValue(input), to = constantValue(output);
  if (from && to && *from != *to)
    return emitOpError("element counts differ: ") << describe(getInput().getType()) << " and " << describe(getType());
  return success();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  auto type = cast<RankedTensorType>(getType());
  if (auto dense = dyn_cast_or_null<DenseElementsAttr>(adaptor.getInput()))
    return type.hasStaticShape() ? OpFoldResult(dense.reshape(type)) : OpFoldResult();
  if (auto resource = dyn_cast_or_null<DenseResourceElementsAttr>(adaptor.getInput()))
    return type.hasStaticShape() ? OpFoldResult(DenseResourceElementsAttr::get(type, resource.getRawHandle()))
                                 : OpFoldResult();
  return {};
}

namespace {
/// reshape(reshape(x)) => reshape(x)
struct MergeReshapes : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    auto producer = op.getInput().getDefiningOp<ReshapeOp>();
    if (!producer)
      return rewriter.notifyMatchFailure(op, "input is not a reshape");
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), producer.getInput());
    return success();
  }
};
} // namespace

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<MergeReshapes>(context);
}

// transpose
// -------------------------------------------------------------------------------------------------------------

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where, ValueRange operands,
                                            DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                            SmallVectorImpl<Type> &types) {
  Adaptor adaptor(operands, attributes, properties, regions);
  SymbolScope scope(context);
  SmallVector<AffineExpr> dims = scope.dims(operands[0]), result;
  SmallVector<bool> seen(dims.size());
  for (int64_t axis : adaptor.getPermutation()) {
    if (axis < 0 || axis >= int64_t(dims.size()) || seen[axis])
      return reject(where, "permutation is not a permutation of the ", dims.size(), " axes");
    seen[axis] = true;
    result.push_back(dims[axis]);
  }
  if (result.size() != dims.size())
    return reject(where, "permutation has ", result.size(), " entries for ", dims.size(), " axes");
  types.push_back(scope.tensor(result, getElementTypeOrSelf(operands[0])));
  return success();
}

OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  if (llvm::equal(getPermutation(), llvm::seq<int64_t>(0, getPermutation().size())))
    return getInput();
  auto splat = dyn_cast_or_null<SplatElementsAttr>(adaptor.getInput());
  return splat ? OpFoldResult(splat.resizeSplat(cast<ShapedType>(getType()))) : OpFoldResult();
}

namespace {
/// transpose(transpose(x, p), q) => transpose(x, p[q])
struct MergeTransposes : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto producer = op.getInput().getDefiningOp<TransposeOp>();
    if (!producer)
      return rewriter.notifyMatchFailure(op, "input is not a transpose");
    SmallVector<int64_t> both;
    for (int64_t axis : op.getPermutation())
      both.push_back(producer.getPermutation()[axis]);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, producer.getInput(), both);
    return success();
  }
};
} // namespace

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<MergeTransposes>(context);
}

// broadcast
// -------------------------------------------------------------------------------------------------------------

LogicalResult BroadcastOp::verify() {
  SymbolScope scope(getContext());
  SmallVector<AffineExpr> from = scope.dims(getInput()), to = scope.dims(getOutput());
  if (from.size() > to.size() || failed(scope.broadcast(from, to)))
    return emitOpError("does not broadcast: ") << describe(getInput().getType()) << " to " << describe(getType());
  return success();
}

OpFoldResult BroadcastOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  auto splat = dyn_cast_or_null<SplatElementsAttr>(adaptor.getInput());
  auto type = cast<RankedTensorType>(getType());
  return splat && type.hasStaticShape() ? OpFoldResult(splat.resizeSplat(type)) : OpFoldResult();
}

// slice
// -----------------------------------------------------------------------------------------------------------------

LogicalResult SliceOp::verify() {
  size_t rank = cast<RankedTensorType>(getInput().getType()).getRank();
  if (getStart().getDims().size() != rank || getStep().size() != rank ||
      size_t(cast<RankedTensorType>(getType()).getRank()) != rank)
    return emitOpError("needs one start, step and extent per axis");
  for (int64_t step : getStep())
    if (step == 0)
      return emitOpError("has a step of 0");
  return success();
}

OpFoldResult SliceOp::fold(FoldAdaptor) {
  bool isWhole = llvm::all_of(getStep(), [](int64_t step) { return step == 1; }) &&
                 llvm::all_of(getStart().getDims(), [](AffineExpr start) { return constantValue(start) == 0; });
  return isWhole && getInput().getType() == getType() ? getInput() : OpFoldResult();
}

// concat
// ----------------------------------------------------------------------------------------------------------------

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where, ValueRange operands,
                                         DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                         SmallVectorImpl<Type> &types) {
  Adaptor adaptor(operands, attributes, properties, regions);
  if (operands.empty())
    return reject(where, "needs at least one input");
  SymbolScope scope(context);
  SmallVector<AffineExpr> dims = scope.dims(operands[0]);
  int64_t axis = adaptor.getAxis();
  if (failed(checkAxis(where, axis, dims.size())))
    return failure();
  for (Value operand : operands.drop_front()) {
    SmallVector<AffineExpr> other = scope.dims(operand);
    if (other.size() != dims.size() || getElementTypeOrSelf(operand) != getElementTypeOrSelf(operands[0]))
      return reject(where, "ranks or element types differ: ", describe(operands[0].getType()), " and ",
                    describe(operand.getType()));
    for (auto [position, dim] : llvm::enumerate(other)) {
      if (int64_t(position) == axis)
        dims[position] = dims[position] + dim;
      else if (!scope.canBeEqual(dims[position], dim))
        return reject(where, "shapes differ beside axis ", axis, ": ", describe(operands[0].getType()), " and ",
                      describe(operand.getType()));
      else if (constantValue(dim))
        dims[position] = dim;
    }
  }
  types.push_back(scope.tensor(dims, getElementTypeOrSelf(operands[0])));
  return success();
}

OpFoldResult ConcatOp::fold(FoldAdaptor) { return getInputs().size() == 1 ? getInputs()[0] : OpFoldResult(); }

// append
// ----------------------------------------------------------------------------------------------------------------

LogicalResult AppendOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where, ValueRange operands,
                                         DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                         SmallVectorImpl<Type> &types) {
  Adaptor adaptor(operands, attributes, properties, regions);
  SymbolScope scope(context);
  SmallVector<AffineExpr> cache = scope.dims(operands[0]), rows = scope.dims(operands[1]);
  int64_t axis = adaptor.getAxis();
  if (failed(checkAxis(where, axis, cache.size())))
    return failure();
  if (adaptor.getStart().getDims().size() != 1)
    return reject(where, "needs one start");
  if (!rows.empty() && rows.size() == cache.size())
    rows[axis] = cache[axis];
  if (rows != cache || getElementTypeOrSelf(operands[0]) != getElementTypeOrSelf(operands[1]))
    return reject(where, "rows ", describe(operands[1].getType()), " do not fit into a cache ",
                  describe(operands[0].getType()), " along axis ", axis);
  types.push_back(operands[0].getType());
  return success();
}

// pad
// -------------------------------------------------------------------------------------------------------------------

LogicalResult PadOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where, ValueRange operands,
                                      DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                      SmallVectorImpl<Type> &types) {
  Adaptor adaptor(operands, attributes, properties, regions);
  SymbolScope scope(context);
  SmallVector<AffineExpr> dims = scope.dims(operands[0]);
  if (adaptor.getLow().size() != dims.size() || adaptor.getHigh().size() != dims.size())
    return reject(where, "needs one amount before and after for each of the ", dims.size(), " axes");
  for (auto [dim, low, high] : llvm::zip(dims, adaptor.getLow(), adaptor.getHigh())) {
    dim = dim + low + high;
    if (!scope.canReach(dim, scope.constant(0)))
      return reject(where, "crops more than there is: ", describe(operands[0].getType()));
  }
  types.push_back(scope.tensor(dims, getElementTypeOrSelf(operands[0])));
  return success();
}

} // namespace ingot
