// Stands in until codegen/scalar has landed; weak, so that the real one wins.
#include "codegen/scalar/Scalar.h"
#include "dialects/ingot/Ingot.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
using namespace mlir;
namespace ingot {
__attribute__((weak)) Value emitScalar(OpBuilder &builder, Location loc, Operation *op, ValueRange v) {
  bool isFloat = isa<FloatType>(getElementTypeOrSelf(v[0].getType()));
  if (isa<AddOp>(op))
    return isFloat ? builder.create<arith::AddFOp>(loc, v[0], v[1]).getResult() : builder.create<arith::AddIOp>(loc, v[0], v[1]).getResult();
  if (isa<MulOp>(op))
    return isFloat ? builder.create<arith::MulFOp>(loc, v[0], v[1]).getResult() : builder.create<arith::MulIOp>(loc, v[0], v[1]).getResult();
  if (isa<SubOp>(op))
    return isFloat ? builder.create<arith::SubFOp>(loc, v[0], v[1]).getResult() : builder.create<arith::SubIOp>(loc, v[0], v[1]).getResult();
  if (isa<LessOp>(op) && isFloat)
    return builder.create<arith::CmpFOp>(loc, arith::CmpFPredicate::OLT, v[0], v[1]);
  if (isa<SelectOp>(op))
    return builder.create<arith::SelectOp>(loc, v[0], v[1], v[2]);
  if (isa<ReluOp>(op)) {
    Value zero = builder.create<arith::ConstantOp>(loc, builder.getZeroAttr(v[0].getType()));
    Value isNegative = builder.create<arith::CmpFOp>(loc, arith::CmpFPredicate::OLT, v[0], zero);
    return builder.create<arith::SelectOp>(loc, isNegative, zero, v[0]);
  }
  return {};
}
__attribute__((weak)) Value emitExp(OpBuilder &builder, Location loc, Value x) { return builder.create<math::ExpOp>(loc, x); }
__attribute__((weak)) Value emitLog(OpBuilder &builder, Location loc, Value x) { return builder.create<math::LogOp>(loc, x); }
} // namespace ingot
