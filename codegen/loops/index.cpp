//===- index.cpp - Plain loops for top-k and scatters ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/loops/Loops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <limits>

using namespace mlir;

namespace ingot::cpu {

// The r-th result is the best of the elements that come after the (r-1)-th in the order (value, index).
Division loopTopK(TopKOp op, Emission &emission) {
  LoopNest nest(emission);
  Evaluator &evaluator = nest.evaluator;
  KernelBuilder &builder = nest.builder;
  Arithmetic math(builder, getElementTypeOrSelf(op.getInput().getType())), indices(builder, builder.op().getI64Type());
  int64_t axis = op.getAxis();
  SmallVector<AffineExpr> dims = evaluator.dims(op.getInput());
  AffineExpr extent = dims[axis], count = evaluator.dims(op.getValues())[axis];
  // Numbers come before NaN, and of equal ones the first.
  auto isBetter = [&](Value a, Value b) -> Value {
    Value isOnlyNumber = builder.create<arith::CmpIOp>(arith::CmpIPredicate::ugt, math.equal(a, a), math.equal(b, b));
    return builder.create<arith::OrIOp>(op.getLargest() ? math.less(b, a) : math.less(a, b), isOnlyNumber);
  };
  auto isBefore = [&](Value a, Value i, Value b, Value j) -> Value {
    Value tie = builder.create<arith::CmpIOp>(arith::CmpIPredicate::ult, isBetter(b, a), indices.less(i, j));
    return builder.create<arith::OrIOp>(isBetter(a, b), tie);
  };
  bool isReal = isa<FloatType>(getElementTypeOrSelf(op.getInput().getType()));
  return nest.forEachPoint(dims, axis, true, roughly({extent, count}), [&](Point point, const Lanes *lanes) {
    auto at = [&](AffineExpr index) {
      point[axis] = index;
      return math.widen(evaluator.evaluate(op.getInput(), point, lanes));
    };
    // Before the first: better than everything.
    SmallVector<Value> none{op.getLargest() ? math.greatest(lanes) : math.least(lanes), indices.number(-1, lanes)};
    nest.loops(count, none, [&](ArrayRef<AffineExpr> rank, ValueRange previous) {
      Value last = isReal            ? math.number(std::numeric_limits<double>::quiet_NaN(), lanes)
                   : op.getLargest() ? math.least(lanes)
                                     : math.greatest(lanes);
      SmallVector<Value> worst{last, indices.greatest(lanes)};
      SmallVector<Value> best = nest.loops(extent, worst, [&](ArrayRef<AffineExpr> index, ValueRange carried) {
        Value x = at(index[0]), i = indices.fromIndex(evaluator.materialize(index[0]), lanes);
        Value isChosen = builder.create<arith::AndIOp>(isBefore(previous[0], previous[1], x, i),
                                                       isBefore(x, i, carried[0], carried[1]));
        return SmallVector<Value>{builder.create<arith::SelectOp>(isChosen, x, carried[0]),
                                  builder.create<arith::SelectOp>(isChosen, i, carried[1])};
      });
      point[axis] = rank[0];
      evaluator.bind(op.getIndices(), best[1]);
      evaluator.bind(op.getValues(), math.narrow(best[0]));
      evaluator.storeResults(op.getValues(), point, lanes);
      evaluator.storeResults(op.getIndices(), point, lanes);
      evaluator.unbind(op.getValues());
      evaluator.unbind(op.getIndices());
      return best;
    });
  });
}

namespace {

Value combine(ScatterKind kind, Arithmetic &math, Value old, Value update) {
  switch (kind) {
  case ScatterKind::Replace:
    return update;
  case ScatterKind::Add:
    return math.add(old, update);
  case ScatterKind::Multiply:
    return math.mul(old, update);
  case ScatterKind::Max:
    return math.max(old, update);
  case ScatterKind::Min:
    return math.min(old, update);
  }
  llvm_unreachable("a scatter of no kind");
}

/// Copies the input to the result, then lets each update change it: one item, since updates may meet and then their
/// order counts.
class Scatter {
public:
  Scatter(Emission &emission, Operation *op, ScatterKind kind)
      : nest(emission), evaluator(nest.evaluator), builder(nest.builder), emission(emission), op(op), kind(kind),
        math(builder, getElementTypeOrSelf(op->getResult(0).getType())), dims(evaluator.dims(op->getResult(0))) {}

  /// The kernel's result that is the scattered tensor itself.
  std::optional<unsigned> result() {
    kernel::FuncOp kernel = evaluator.getKernel();
    for (unsigned number = 0; number < kernel.getNumResults(); ++number)
      if (evaluator.result(number) == op->getResult(0))
        return number;
    return std::nullopt;
  }

  Division run(llvm::function_ref<void()> updates) {
    unsigned number = *result();
    builder.loop(emission.begin, emission.end, 1, [&](Index) {
      nest.loops(dims, {}, [&](ArrayRef<AffineExpr> point, ValueRange) {
        evaluator.store(evaluator.evaluate(op->getOperand(0), point), number, point);
        return SmallVector<Value>();
      });
      updates();
    });
    return {evaluator.constant(1)};
  }

  /// An index along `axis`, negative ones counting from the end; `isInside` becomes whether it exists.
  AffineExpr index(ArrayRef<AffineExpr> place, int64_t axis, Value &isInside) {
    Value indices = op->getOperand(1), loaded = evaluator.evaluate(indices, place);
    if (loaded.getType().getIntOrFloatBitWidth() < 64)
      loaded = builder.create<arith::ExtSIOp>(builder.op().getI64Type(), loaded);
    Index extent = evaluator.materialize(dims[axis]);
    Value isNegative = builder.less(loaded, 0), fromEnd = builder.value(builder.add(loaded, extent));
    Index at = builder.create<arith::SelectOp>(isNegative, fromEnd, loaded).getResult();
    isInside = nest.both(isInside, nest.isInside(at, dims[axis]));
    return evaluator.variable(at, dims[axis]);
  }

  void update(ArrayRef<AffineExpr> target, ArrayRef<AffineExpr> source, Value isInside) {
    builder.ifThen(isInside, [&] {
      Value update = math.widen(evaluator.evaluate(op->getOperand(2), source));
      unsigned number = *result();
      const Buffer &buffer = evaluator.buffer(evaluator.getKernel().getNumArguments() + number);
      Index offset = evaluator.materialize(evaluator.simplify(linearize(target, dims, op->getContext())));
      Value old = kind == ScatterKind::Replace
                      ? Value()
                      : math.widen(builder.load(buffer.pointer, buffer.type.getElementType(), offset));
      evaluator.store(math.narrow(combine(kind, math, old, update)), number, target);
    });
  }

  LoopNest nest;
  Evaluator &evaluator;
  KernelBuilder &builder;

private:
  Emission &emission;
  Operation *op;
  ScatterKind kind;
  Arithmetic math;
  SmallVector<AffineExpr> dims;
};

} // namespace

FailureOr<Division> loopScatterElements(ScatterElementsOp op, Emission &emission) {
  Scatter scatter(emission, op, op.getKind());
  if (!scatter.result())
    return failure();
  return scatter.run([&] {
    scatter.nest.loops(scatter.evaluator.dims(op.getIndices()), {}, [&](ArrayRef<AffineExpr> place, ValueRange) {
      Value isInside;
      Point target(place);
      target[op.getAxis()] = scatter.index(place, op.getAxis(), isInside);
      scatter.update(target, place, isInside);
      return SmallVector<Value>();
    });
  });
}

FailureOr<Division> loopScatterNd(ScatterNdOp op, Emission &emission) {
  Scatter scatter(emission, op, op.getKind());
  if (!scatter.result())
    return failure();
  Evaluator &evaluator = scatter.evaluator;
  SmallVector<AffineExpr> indices = evaluator.dims(op.getIndices()), dims = evaluator.dims(op.getInput());
  int64_t length = *constantValue(indices.back());
  return scatter.run([&] {
    scatter.nest.loops(ArrayRef(indices).drop_back(), {}, [&](ArrayRef<AffineExpr> tuple, ValueRange) {
      Value isInside;
      Point target, place(tuple);
      for (int64_t i = 0; i < length; ++i) {
        place.push_back(evaluator.constant(i));
        target.push_back(scatter.index(place, i, isInside));
        place.pop_back();
      }
      scatter.nest.loops(ArrayRef(dims).drop_front(length), {}, [&](ArrayRef<AffineExpr> inner, ValueRange) {
        Point whole(target), source(tuple);
        whole.append(inner.begin(), inner.end());
        source.append(inner.begin(), inner.end());
        scatter.update(whole, source, isInside);
        return SmallVector<Value>();
      });
      return SmallVector<Value>();
    });
  });
}

} // namespace ingot::cpu
