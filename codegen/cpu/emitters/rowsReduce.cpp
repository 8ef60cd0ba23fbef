//===- rowsReduce.cpp - Sums, means, products, extrema and where they are -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Schedule.h"
#include "codegen/cpu/emitters/RowSpace.h"
#include "codegen/cpu/emitters/rows.h"
#include "codegen/scalar/Casts.h"
#include "codegen/scalar/Real.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <limits>

using namespace mlir;

namespace ingot::cpu {
namespace {

/// Which element type a reduction is computed in, with its sign; and what one step does.
class Arithmetic {
public:
  Arithmetic(const Place &at, Type element) : at(at), element(isHalf(element) ? at.builder.getF32Type() : element) {}

  bool isFloat() const { return isa<FloatType>(element); }
  /// The element in registers.
  Type type() const { return isFloat() ? element : at.builder.getIntegerType(element.getIntOrFloatBitWidth()); }

  /// What combines with x to x.
  Attribute neutral(ReduceKind kind) const {
    bool isMaximum = kind == ReduceKind::Max;
    if (isFloat()) {
      double infinity = std::numeric_limits<double>::infinity();
      double number = kind == ReduceKind::Product ? 1 : isMaximum ? -infinity : kind == ReduceKind::Min ? infinity : 0;
      return at.builder.getFloatAttr(element, number);
    }
    unsigned width = element.getIntOrFloatBitWidth();
    bool isUnsigned = element.isUnsignedInteger();
    llvm::APInt least = isUnsigned ? llvm::APInt::getMinValue(width) : llvm::APInt::getSignedMinValue(width);
    llvm::APInt most = isUnsigned ? llvm::APInt::getMaxValue(width) : llvm::APInt::getSignedMaxValue(width);
    llvm::APInt number(width, kind == ReduceKind::Product);
    return at.builder.getIntegerAttr(type(), isMaximum ? least : kind == ReduceKind::Min ? most : number);
  }

  Value combine(ReduceKind kind, Value a, Value b) const {
    if (kind == ReduceKind::Product)
      return isFloat() ? at.create<arith::MulFOp>(a, b) : at.create<arith::MulIOp>(a, b);
    if (kind == ReduceKind::Sum || kind == ReduceKind::Mean)
      return isFloat() ? at.create<arith::AddFOp>(a, b) : at.create<arith::AddIOp>(a, b);
    Value chosen = at.create<arith::SelectOp>(precedes(kind, a, b), a, b);
    if (!isFloat())
      return chosen;
    // Where a is NaN the comparison fails, and b would be taken.
    return at.create<arith::SelectOp>(Real(at, a).isNan().get(), a, chosen);
  }

  /// Whether a is greater (kind Max) or less (kind Min) than b.
  Value precedes(ReduceKind kind, Value a, Value b) const {
    bool isMaximum = kind == ReduceKind::Max;
    if (isFloat())
      return at.create<arith::CmpFOp>(isMaximum ? Compare::OGT : Compare::OLT, a, b);
    if (element.isUnsignedInteger())
      return at.create<arith::CmpIOp>(isMaximum ? IntCompare::ugt : IntCompare::ult, a, b);
    return at.create<arith::CmpIOp>(isMaximum ? IntCompare::sgt : IntCompare::slt, a, b);
  }

private:
  const Place &at;
  Type element;
};

/// What reduce and arg_reduce share.
class Reduction {
public:
  Reduction(Emission &emission, Value input, ReduceKind kind, ArrayRef<int64_t> axes)
      : emission(emission), evaluator(emission.evaluator),
        builder(emission.builder), at{builder.op(), builder.getLoc()}, input(input), kind(kind),
        space(emission, input, axes), element(getElementTypeOrSelf(input.getType())), arithmetic(at, element) {}
  virtual ~Reduction() = default;

  Division emit() {
    Division division{space.items()};
    double elements = 16.0 * space.cells().value_or(64);
    division.grain = grainFor(elements, elements * 4);
    space.forEachItem([&] { emitItem(); });
    return division;
  }

protected:
  virtual void emitItem() = 0;

  Type vectorOf(Type scalar) const { return VectorType::get({panelLanes}, scalar); }
  Value neutral() const { return at.constant(vectorOf(arithmetic.type()), arithmetic.neutral(kind)); }

  Value read(const Cell &cell) {
    Value value = evaluator.evaluate(input, cell.point, &cell.lanes);
    return space.guard(cell, isHalf(element) ? widenHalf(at, value) : value, neutral());
  }

  void write(int64_t vector, Value value) {
    Value result = emission.root->getResult(0);
    evaluator.bind(result, value);
    evaluator.storeResults(result, space.resultPoint(vector), space.resultLanes(vector));
    evaluator.unbind(result);
  }

  Emission &emission;
  Evaluator &evaluator;
  KernelBuilder &builder;
  Place at;
  Value input;
  ReduceKind kind;
  RowSpace space;
  Type element;
  Arithmetic arithmetic;
};

class Reduce : public Reduction {
public:
  Reduce(Emission &emission, ReduceOp op) : Reduction(emission, op.getInput(), op.getKind(), op.getAxes()) {}

private:
  void emitItem() override {
    auto join = [&](Value a, Value b) { return arithmetic.combine(kind, a, b); };
    SmallVector<Value> totals = space.fold(
        neutral(), [&](const Cell &cell, ValueRange state) { return SmallVector<Value>{join(state[0], read(cell))}; },
        [&](ValueRange a, ValueRange b) { return SmallVector<Value>{join(a[0], b[0])}; });
    for (auto [vector, total] : llvm::enumerate(totals)) {
      Value value = space.isAlongRow() ? combineLanes(builder, total, join) : total;
      if (kind == ReduceKind::Mean)
        value = meanOf(value);
      write(vector, isHalf(element) ? narrowToHalf(at, value, element) : value);
    }
  }

  Value meanOf(Value sum) {
    Value count = builder.value(evaluator.materialize(space.rowLength()));
    if (isa<VectorType>(sum.getType()))
      count = builder.splat(count, panelLanes);
    if (arithmetic.isFloat())
      return at.create<arith::DivFOp>(sum, at.create<arith::SIToFPOp>(sum.getType(), count));
    return {};
  }
};

/// Keeps with each lane's best element its index along the axis, and at the end the best lane's.
class ArgReduce : public Reduction {
public:
  ArgReduce(Emission &emission, ArgReduceOp op)
      : Reduction(emission, op.getInput(), op.getKind(), int64_t(op.getAxis())), takesLast(op.getLast()) {}

private:
  void emitItem() override {
    Value zero = builder.constant(vectorOf(builder.op().getI32Type()), 0);
    Value start = zero; // before every index of its lane, so that one of equal elements replaces it
    SmallVector<Value> best = space.fold(
        {neutral(), start},
        [&](const Cell &cell, ValueRange state) {
          return better(state, {read(cell), position(cell)});
        },
        [&](ValueRange a, ValueRange b) { return better(a, b); });
    for (int64_t vector = 0; vector < space.vectors(); ++vector) {
      Value index = best[2 * vector + 1];
      if (space.isAlongRow())
        index = bestLane(best[2 * vector], index);
      Type i64 = builder.op().getI64Type();
      write(vector, at.create<arith::ExtSIOp>(withElement(index.getType(), i64), index));
    }
  }

  Value position(const Cell &cell) {
    Value first = at.create<arith::TruncIOp>(builder.op().getI32Type(), builder.value(cell.position));
    Value all = builder.splat(first, panelLanes);
    if (!space.isAlongRow())
      return all;
    Value numbers = at.create<arith::TruncIOp>(all.getType(), builder.laneNumbers(panelLanes));
    // Behind the end nothing may come last.
    return space.guard(cell, at.create<arith::AddIOp>(all, numbers), 0);
  }

  /// The better of two (element, index) pairs; of equal elements the one that comes first, or last.
  SmallVector<Value> better(ValueRange a, ValueRange b) {
    Value isBetter = arithmetic.precedes(kind, b[0], a[0]);
    Value isEqual = arithmetic.isFloat() ? at.create<arith::CmpFOp>(Compare::OEQ, a[0], b[0])
                                         : at.create<arith::CmpIOp>(IntCompare::eq, a[0], b[0]);
    Value comes = at.create<arith::CmpIOp>(takesLast ? IntCompare::sgt : IntCompare::slt, b[1], a[1]);
    Value wins = at.create<arith::OrIOp>(isBetter, at.create<arith::AndIOp>(isEqual, comes));
    return {at.create<arith::SelectOp>(wins, b[0], a[0]), at.create<arith::SelectOp>(wins, b[1], a[1])};
  }

  Value bestLane(Value elements, Value indices) {
    for (int64_t lanes = panelLanes / 2; lanes > 0; lanes /= 2) {
      SmallVector<int64_t> low = llvm::to_vector(llvm::seq<int64_t>(0, lanes)), high;
      for (int64_t lane : low)
        high.push_back(lane + lanes);
      auto half = [&](Value whole, ArrayRef<int64_t> which) {
        return at.create<vector::ShuffleOp>(whole, whole, which);
      };
      SmallVector<Value> both =
          better({half(elements, low), half(indices, low)}, {half(elements, high), half(indices, high)});
      elements = both[0];
      indices = both[1];
    }
    return at.create<vector::ExtractOp>(indices, int64_t(0));
  }

  bool takesLast;
};

/// Whether the elements are numbers in registers as they are in memory (not booleans).
bool isNumber(Type element) { return isa<FloatType>(element) || !element.isInteger(1); }

} // namespace

FailureOr<Division> emitReduction(Emission &emission) {
  Type element = getElementTypeOrSelf(emission.root->getOperand(0).getType());
  if (!isNumber(element))
    return failure();
  if (auto op = dyn_cast<ArgReduceOp>(emission.root))
    return ArgReduce(emission, op).emit();
  auto op = cast<ReduceOp>(emission.root);
  if (op.getKind() == ReduceKind::Mean && !isa<FloatType>(element))
    return failure();
  return Reduce(emission, op).emit();
}

} // namespace ingot::cpu
