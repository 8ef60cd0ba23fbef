//===- Integers.cpp - Integer operations that cannot trap -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lanes behind a tensor's end hold anything, zero divisors too, so nothing here may trap whatever the operands.
//
//===----------------------------------------------------------------------===//
#include "codegen/scalar/Integers.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace ingot {
namespace {

/// `y`, or 1 where dividing by y would trap.
Bits safeDivisor(Bits x, Bits y, bool isUnsigned) {
  Truth traps = y.is(IntCompare::eq, 0);
  if (!isUnsigned) {
    int64_t least = llvm::APInt::getSignedMinValue(x.width()).getSExtValue();
    traps = traps | (x.is(IntCompare::eq, least) & y.is(IntCompare::eq, -1));
  }
  return select(traps, y.like(1), y);
}

template <typename Signed, typename Unsigned>
Bits divide(Bits x, Bits y, bool isUnsigned) {
  Bits divisor = safeDivisor(x, y, isUnsigned);
  Value result =
      isUnsigned ? x.at().create<Unsigned>(x.get(), divisor.get()) : x.at().create<Signed>(x.get(), divisor.get());
  return select(y.is(IntCompare::eq, 0), x.like(0), Bits(x.at(), result));
}

Truth isNegative(Bits x) { return x.is(IntCompare::slt, 0); }

} // namespace

Bits quotient(Bits x, Bits y, bool isUnsigned) { return divide<arith::DivSIOp, arith::DivUIOp>(x, y, isUnsigned); }

Bits remainder(Bits x, Bits y, bool isUnsigned) { return divide<arith::RemSIOp, arith::RemUIOp>(x, y, isUnsigned); }

Bits modulo(Bits x, Bits y, bool isUnsigned) {
  Bits rest = remainder(x, y, isUnsigned);
  if (isUnsigned)
    return rest;
  Truth differs = isNegative(rest ^ y) & rest.is(IntCompare::ne, 0);
  return select(differs, rest + y, rest);
}

Bits power(Bits x, Bits y, bool isUnsigned) {
  const Place &at = x.at();
  OpBuilder &builder = at.builder;
  auto number = [&](int32_t value) { return at.create<arith::ConstantOp>(builder.getI32IntegerAttr(value)); };
  // Square and multiply, one bit of y a trip.
  auto loop = builder.create<scf::ForOp>(at.loc, number(0), number(x.width()), number(1),
                                         ValueRange{x.like(1).get(), x.get(), y.get()});
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(loop.getBody());
    Bits result(at, loop.getRegionIterArgs()[0]), square(at, loop.getRegionIterArgs()[1]),
        rest(at, loop.getRegionIterArgs()[2]);
    Truth isOdd = (rest & rest.like(1)).is(IntCompare::ne, 0);
    builder.create<scf::YieldOp>(at.loc, ValueRange{select(isOdd, result * square, result).get(),
                                                    (square * square).get(), rest.shiftRightUnsigned(1).get()});
  }
  Bits result(at, loop.getResult(0));
  if (isUnsigned)
    return result;
  Bits parity = select((y & y.like(1)).is(IntCompare::ne, 0), x, x.like(1));
  Truth isUnit = x.is(IntCompare::eq, 1) | x.is(IntCompare::eq, -1);
  return select(isNegative(y), select(isUnit, parity, x.like(0)), result);
}

Bits shiftLeft(Bits x, Bits y) {
  Truth isInside = y.is(IntCompare::ult, x.width());
  Bits places = select(isInside, y, y.like(0));
  return select(isInside, Bits(x.at(), x.at().create<arith::ShLIOp>(x.get(), places.get())), x.like(0));
}

Bits shiftRight(Bits x, Bits y, bool isUnsigned) {
  Truth isInside = y.is(IntCompare::ult, x.width());
  Bits places = select(isInside, y, y.like(x.width() - 1));
  if (!isUnsigned)
    return {x.at(), x.at().create<arith::ShRSIOp>(x.get(), places.get())};
  return select(isInside, Bits(x.at(), x.at().create<arith::ShRUIOp>(x.get(), places.get())), x.like(0));
}

} // namespace ingot
