//===- elementwise.cpp - Shape rules and folds: elementwise -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "dialects/ingot/ops/Real.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace ingot {

namespace {

/// The shape that all operands broadcast to, with the element type `element`.
LogicalResult inferBroadcast(MLIRContext *context, std::optional<Location> where, ValueRange operands, Type element,
                             SmallVectorImpl<Type> &types) {
  SymbolScope scope(context);
  SmallVector<AffineExpr> dims = scope.dims(operands[0]);
  for (Value operand : operands.drop_front()) {
    FailureOr<SmallVector<AffineExpr>> both = scope.broadcast(dims, scope.dims(operand));
    if (failed(both))
      return reject(where, "shapes do not broadcast: ", describe(operands[0].getType()), " and ",
                    describe(operand.getType()));
    dims = *both;
  }
  types.push_back(scope.tensor(dims, element));
  return success();
}

LogicalResult inferBinary(MLIRContext *context, std::optional<Location> where, ValueRange operands, bool isComparison,
                          SmallVectorImpl<Type> &types) {
  Type element = getElementTypeOrSelf(operands[0]);
  if (element != getElementTypeOrSelf(operands[1]))
    return reject(where, "element types differ: ", element, " and ", getElementTypeOrSelf(operands[1]));
  return inferBroadcast(context, where, operands, isComparison ? IntegerType::get(context, 1) : element, types);
}

LogicalResult inferSame(ValueRange operands, SmallVectorImpl<Type> &types) {
  types.push_back(operands[0].getType());
  return success();
}

/// A function of real numbers.
LogicalResult inferFunction(std::optional<Location> where, ValueRange operands, SmallVectorImpl<Type> &types) {
  return success(succeeded(checkReal(where, operands[0])) && succeeded(inferSame(operands, types)));
}

/// An operation on the bits of integers or booleans.
LogicalResult checkBits(std::optional<Location> where, ValueRange operands) {
  for (Value operand : operands)
    if (isa<FloatType>(getElementTypeOrSelf(operand)))
      return reject(where, "needs integers or booleans, but elements are ", getElementTypeOrSelf(operand));
  return success();
}

LogicalResult inferPredicate(MLIRContext *context, ValueRange operands, SmallVectorImpl<Type> &types) {
  auto input = cast<RankedTensorType>(operands[0].getType());
  types.push_back(RankedTensorType::get(input.getShape(), IntegerType::get(context, 1), input.getEncoding()));
  return success();
}

} // namespace

// The generated signature of every shape rule, with the operands that it needs.
#define INFER(Op, call)                                                                                                \
  LogicalResult Op::inferReturnTypes(MLIRContext *context, std::optional<Location> where, ValueRange operands,         \
                                     DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {    \
    return call;                                                                                                       \
  }
#define UNARY(Op) INFER(Op, inferSame(operands, types))
#define FUNCTION(Op) INFER(Op, inferFunction(where, operands, types))
#define BINARY(Op)                                                                                                     \
  INFER(Op, inferBinary(context, where, operands, /*isComparison=*/false, types))                                      \
  void Op::getCanonicalizationPatterns(RewritePatternSet &, MLIRContext *) {}
#define BITWISE(Op)                                                                                                    \
  INFER(Op, failed(checkBits(where, operands)) ? failure()                                                             \
                                               : inferBinary(context, where, operands, /*isComparison=*/false, types)) \
  void Op::getCanonicalizationPatterns(RewritePatternSet &, MLIRContext *) {}
#define COMPARISON(Op) INFER(Op, inferBinary(context, where, operands, /*isComparison=*/true, types))

UNARY(AbsOp)
UNARY(NegOp)
UNARY(SignOp)
UNARY(CeilOp)
UNARY(FloorOp)
UNARY(RoundOp)
UNARY(ReciprocalOp)
FUNCTION(SqrtOp)
FUNCTION(ExpOp)
FUNCTION(LogOp)
FUNCTION(SinOp)
FUNCTION(CosOp)
FUNCTION(TanOp)
FUNCTION(AsinOp)
FUNCTION(AcosOp)
FUNCTION(AtanOp)
FUNCTION(SinhOp)
FUNCTION(CoshOp)
FUNCTION(AsinhOp)
FUNCTION(AcoshOp)
FUNCTION(AtanhOp)
FUNCTION(TanhOp)
FUNCTION(ErfOp)
FUNCTION(SigmoidOp)
FUNCTION(GeluOp)
UNARY(ReluOp)
BINARY(AddOp)
BINARY(SubOp)
BINARY(MulOp)
BINARY(DivOp)
BINARY(MinOp)
BINARY(MaxOp)
BINARY(PowOp)
BINARY(ModOp)
BINARY(RemOp)
BITWISE(AndOp)
BITWISE(OrOp)
BITWISE(XorOp)
BITWISE(ShiftLeftOp)
BITWISE(ShiftRightOp)
COMPARISON(EqualOp)
COMPARISON(LessOp)
COMPARISON(LessOrEqualOp)
INFER(NotOp, failed(checkBits(where, operands)) ? failure() : inferSame(operands, types))
INFER(IsNanOp, inferPredicate(context, operands, types))
INFER(IsInfOp, inferPredicate(context, operands, types))

LogicalResult SelectOp::inferReturnTypes(MLIRContext *context, std::optional<Location> where, ValueRange operands,
                                         DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {
  if (Type condition = getElementTypeOrSelf(operands[0]); !condition.isInteger(1))
    return reject(where, "the condition must be boolean, but its elements are ", condition);
  Type element = getElementTypeOrSelf(operands[1]);
  if (element != getElementTypeOrSelf(operands[2]))
    return reject(where, "element types differ: ", element, " and ", getElementTypeOrSelf(operands[2]));
  return inferBroadcast(context, where, operands, element, types);
}

LogicalResult CastOp::inferReturnTypes(MLIRContext *context, std::optional<Location>, ValueRange operands,
                                       DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                       SmallVectorImpl<Type> &types) {
  Adaptor adaptor(operands, attributes, properties, regions);
  auto input = cast<RankedTensorType>(adaptor.getInput().getType());
  types.push_back(RankedTensorType::get(input.getShape(), adaptor.getElement(), input.getEncoding()));
  return success();
}

OpFoldResult CastOp::fold(FoldAdaptor) { return getInput().getType() == getType() ? getInput() : OpFoldResult(); }

} // namespace ingot
