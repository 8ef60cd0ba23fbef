//===- rows.cpp - Softmax and normalisations ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Three passes over a row (see RowSpace.h), of which the later ones find the row in registers or in the first-level
// cache:
//
//   softmax:    greatest;  sum of e^(x - greatest);  e^(x - greatest) / sum
//   normalize:  mean;      sum of (x - mean)^2;      (x - mean) / sqrt(variance + epsilon)
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/rows.h"
#include "codegen/cpu/Schedule.h"
#include "codegen/cpu/emitters/RowStore.h"
#include "codegen/scalar/Casts.h"
#include "codegen/scalar/Scalar.h"
#include "codegen/scalar/VectorMath.h"
#include <limits>

using namespace mlir;

namespace ingot::cpu {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// What softmax and normalize share: reading the row, keeping it, writing the result.
class RowKernel {
public:
  RowKernel(Emission &emission, Value input, ArrayRef<int64_t> axes)
      : emission(emission), evaluator(emission.evaluator),
        builder(emission.builder), at{builder.op(), builder.getLoc()}, input(input),
        space(emission, input, axes, /*mayJoin=*/true), element(getElementTypeOrSelf(input.getType())),
        computed(isHalf(element) ? builder.op().getF32Type() : element) {}

  Division emit(double operationsPerElement) {
    Division division{space.items()};
    double elements = 16.0 * space.cells().value_or(64);
    division.grain = grainFor(elements * operationsPerElement, elements * 8);
    space.forEachItem([&] {
      RowStore kept(emission, space, computed);
      division.scratchBytes = kept.scratchBytes();
      store = &kept;
      emitItem();
    });
    return division;
  }

  virtual ~RowKernel() = default;

protected:
  virtual void emitItem() = 0;

  Type vectorType() const { return VectorType::get({panelLanes}, computed); }
  Real vector(double number) const { return Real(at, builder.constant(vectorType(), number)); }

  /// The row's element; in the first pass it is kept if that is cheaper than evaluating it again.
  Real read(const Cell &cell, bool isFirst) {
    bool keeps = store->canKeep() && (space.isUnrolled() || !space.isPlain());
    if (!isFirst && keeps)
      return {at, store->get(cell)};
    Value value = evaluator.evaluate(input, cell.point, &cell.lanes);
    if (isHalf(element))
      value = widenHalf(at, value);
    if (isFirst && keeps)
      store->keep(cell, value);
    return {at, value};
  }

  void write(const Cell &cell, Real value) {
    Value result = isHalf(element) ? narrowToHalf(at, value.get(), element) : value.get();
    evaluator.bind(emission.root->getResult(0), result);
    evaluator.storeResults(emission.root->getResult(0), cell.point, &cell.lanes);
    evaluator.unbind(emission.root->getResult(0));
  }

  using Accumulate = llvm::function_ref<Real(const Cell &cell, Real sum)>;
  using Join = llvm::function_ref<Real(Real a, Real b)>;
  /// One number for each row, as vectors ready to meet the row's cells.
  SmallVector<Real> fold(double neutral, Accumulate accumulate, Join join) {
    auto step = [&](const Cell &cell, ValueRange state) {
      return SmallVector<Value>{accumulate(cell, Real(at, state[0])).get()};
    };
    auto combine = [&](ValueRange a, ValueRange b) { return SmallVector<Value>{join({at, a[0]}, {at, b[0]}).get()}; };
    SmallVector<Real> result;
    for (Value value : space.fold(vector(neutral).get(), step, combine)) {
      if (space.isAlongRow()) {
        value = combineLanes(builder, value, [&](Value a, Value b) { return join({at, a}, {at, b}).get(); });
        value = builder.splat(value, panelLanes);
      }
      result.push_back({at, value});
    }
    return result;
  }
  Real guard(const Cell &cell, Real value, double neutral) { return {at, space.guard(cell, value.get(), neutral)}; }

  static Real add(Real a, Real b) { return a + b; }
  static Real greater(Real a, Real b) { return select(a.is(Compare::OGT, b), a, b); }

  Emission &emission;
  Evaluator &evaluator;
  KernelBuilder &builder;
  Place at;
  Value input;
  RowSpace space;
  Type element, computed;
  RowStore *store = nullptr;
};

class Softmax : public RowKernel {
public:
  Softmax(Emission &emission, SoftmaxOp op)
      : RowKernel(emission, op.getInput(), int64_t(op.getAxis())), isLogarithm(op.getLogarithm()) {}

private:
  Real exponential(Real x) {
    return computed.isF64() ? Real(at, callLibrary(at, "exp", x.get())) : exponentialOfNonPositive(x);
  }

  void emitItem() override {
    SmallVector<Real> greatest = fold(
        -infinity,
        [&](const Cell &cell, Real state) { return greater(state, guard(cell, read(cell, true), -infinity)); },
        greater);
    bool keepsPowers = !isLogarithm && store->canKeep();
    SmallVector<Real> sum = fold(
        0,
        [&](const Cell &cell, Real state) {
          Real power = exponential(read(cell, false) - greatest[cell.vector]);
          if (keepsPowers)
            store->keep(cell, power.get());
          return state + guard(cell, power, 0);
        },
        add);
    for (Real &total : sum)
      total = isLogarithm ? logarithmOf(total) : total.like(1) / total;
    space.visit([&](const Cell &cell) {
      if (keepsPowers)
        return write(cell, Real(at, store->get(cell)) * sum[cell.vector]);
      Real difference = read(cell, false) - greatest[cell.vector];
      write(cell, isLogarithm ? difference - sum[cell.vector] : exponential(difference) * sum[cell.vector]);
    });
  }

  Real logarithmOf(Real x) { return computed.isF64() ? Real(at, callLibrary(at, "log", x.get())) : logarithm(x); }

  bool isLogarithm;
};

class Normalize : public RowKernel {
public:
  Normalize(Emission &emission, NormalizeOp op)
      : RowKernel(emission, op.getInput(), op.getAxes()), epsilon(op.getEpsilon().convertToDouble()),
        centers(op.getCenter()) {}

private:
  void emitItem() override {
    Value length = builder.create<arith::SIToFPOp>(computed, builder.value(evaluator.materialize(space.rowLength())));
    Real count(at, builder.splat(length, panelLanes));
    SmallVector<Real> mean(space.vectors(), vector(0));
    if (centers) {
      mean = fold(
          0, [&](const Cell &cell, Real state) { return state + guard(cell, read(cell, true), 0); }, add);
      for (Real &total : mean)
        total = total / count;
    }
    SmallVector<Real> scale = fold(
        0,
        [&](const Cell &cell, Real state) {
          Real deviation = centered(cell, mean, !centers);
          deviation = guard(cell, deviation, 0);
          return fma(deviation, deviation, state);
        },
        add);
    for (Real &total : scale)
      total = total.like(1) / (total / count + epsilon).sqrt();
    space.visit([&](const Cell &cell) { write(cell, centered(cell, mean, false) * scale[cell.vector]); });
  }

  Real centered(const Cell &cell, ArrayRef<Real> mean, bool isFirst) {
    Real x = read(cell, isFirst);
    return centers ? x - mean[cell.vector] : x;
  }

  double epsilon;
  bool centers;
};

} // namespace

FailureOr<Division> emitRows(Emission &emission) {
  if (!emission.root || !isa<SoftmaxOp, NormalizeOp, ReduceOp, ArgReduceOp>(emission.root))
    return failure();
  if (isa<ReduceOp, ArgReduceOp>(emission.root))
    return emitReduction(emission);
  if (!isa<FloatType>(getElementTypeOrSelf(emission.root->getResult(0).getType())))
    return failure();
  if (auto op = dyn_cast<SoftmaxOp>(emission.root))
    return Softmax(emission, op).emit(20);
  return Normalize(emission, cast<NormalizeOp>(emission.root)).emit(4);
}

} // namespace ingot::cpu
