//===- window.cpp - Maximum and mean pools --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/WindowTiles.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <limits>

using namespace mlir;

namespace ingot::cpu {
namespace {

class MaximumPool : public WindowTiles {
public:
  using WindowTiles::WindowTiles;

protected:
  Value start() override { return builder.constant(vectorType(), -std::numeric_limits<double>::infinity()); }
  // One instruction; a NaN in the element wins.
  Value combine(Value sum, Value element, Index) override {
    Value isGreater = builder.create<arith::CmpFOp>(arith::CmpFPredicate::OGT, sum, element);
    return builder.create<arith::SelectOp>(isGreater, sum, element);
  }
};

class MeanPool : public WindowTiles {
public:
  MeanPool(Emission &emission, WindowProblem problem, AvgPoolOp op)
      : WindowTiles(emission, std::move(problem)), high(op.getHigh()), countsPadding(op.getCountIncludePad()) {}

protected:
  Value start() override { return builder.constant(vectorType(), 0); }
  Value combine(Value sum, Value element, Index) override { return builder.create<arith::AddFOp>(sum, element); }
  Value finish(Value sum, ArrayRef<WindowAxis::Range> taps, ArrayRef<Index> q) override {
    Index count = 1;
    // A map of one line has an axis more than the operation.
    size_t made = problem.axes.size() - high.size();
    for (auto [number, axis] : llvm::enumerate(problem.axes)) {
      if (!countsPadding) {
        count = builder.mul(count, builder.sub(taps[number].upper, taps[number].lower));
        continue;
      }
      // Windows may stick out of the padding too (ceil_mode): that part does not count.
      Index extent = builder.add(evaluator.materialize(axis.input), number < made ? 0 : high[number - made]);
      Index room = builder.max(0, builder.sub(builder.add(extent, axis.distance - 1), axis.start(builder, q[number])));
      count = builder.mul(count, builder.min(builder.div(room, axis.distance), axis.taps));
    }
    if (auto known = count.constant())
      return builder.create<arith::MulFOp>(sum,
                                           builder.constant(vectorType(), 1.0 / double(std::max<int64_t>(*known, 1))));
    Value number = builder.create<arith::SIToFPOp>(builder.op().getF32Type(), builder.value(count));
    return builder.create<arith::DivFOp>(sum, builder.splat(number, panelLanes));
  }

private:
  ArrayRef<int64_t> high;
  bool countsPadding;
};

template <typename Op>
WindowProblem describe(Op op, Evaluator &evaluator) {
  WindowProblem problem{op.getInput(), op.getOutput(), {}, {}};
  SmallVector<AffineExpr> input = evaluator.dims(op.getInput()), output = evaluator.dims(op.getOutput());
  for (auto [axis, extent] : llvm::enumerate(op.getWindow()))
    problem.axes.push_back(WindowAxis::forward(input[axis + 1], output[axis + 1], extent, op.getStrides()[axis],
                                               op.getDilations()[axis], op.getLow()[axis]));
  return problem;
}

FailureOr<Division> emitPool(WindowTiles &&pool) {
  if (!pool.analyze())
    return failure();
  return pool.emit();
}

} // namespace

FailureOr<Division> emitWindow(Emission &emission) {
  if (auto op = dyn_cast_or_null<MaxPoolOp>(emission.root))
    return emitPool(MaximumPool(emission, describe(op, emission.evaluator)));
  if (auto op = dyn_cast_or_null<AvgPoolOp>(emission.root))
    return emitPool(MeanPool(emission, describe(op, emission.evaluator), op));
  return failure();
}

} // namespace ingot::cpu
