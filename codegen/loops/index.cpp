//===- index.cpp - Plain loops for top-k and scatters ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/loops/Loops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
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

/// The input with some of its slices changed: slices of `length` elements, at the first `leading` axes' indices. Items
/// are slices of the result. Whoever has a range of them copies it from the input, unless that is where the result
/// lies, and goes through all updates, in order, for those that change it. So updates that meet stay in order.
class Scatter {
public:
  Scatter(Emission &emission, Operation *op, ScatterKind kind, size_t leading)
      : nest(emission), evaluator(nest.evaluator), builder(nest.builder), emission(emission), op(op), kind(kind),
        math(builder, getElementTypeOrSelf(op->getResult(0).getType())), dims(evaluator.dims(op->getResult(0))),
        outer(ArrayRef(dims).take_front(leading)), inner(ArrayRef(dims).drop_front(leading)),
        slices(product(outer, op->getContext())), length(product(inner, op->getContext())) {}

  /// The kernel's result that is the scattered tensor itself.
  std::optional<unsigned> result() {
    kernel::FuncOp kernel = evaluator.getKernel();
    for (unsigned number = 0; number < kernel.getNumResults(); ++number)
      if (evaluator.result(number) == op->getResult(0))
        return number;
    return std::nullopt;
  }

  Division run(llvm::function_ref<void()> updates) {
    auto isInPlace = [&](BlockArgument input) -> Value {
      auto number = [&](const Buffer &buffer) {
        return builder.create<LLVM::PtrToIntOp>(builder.op().getI64Type(), buffer.pointer);
      };
      return builder.create<arith::CmpIOp>(arith::CmpIPredicate::eq, number(evaluator.buffer(input.getArgNumber())),
                                           number(target()));
    };
    if (BlockArgument input = emission.argument(op->getOperand(0)))
      builder.ifThen(
          isInPlace(input), [] {}, [&] { copy(); });
    else
      copy();
    updates();
    // Each piece reads all indices.
    int64_t least = std::max<int64_t>(1, leastElements / std::max<int64_t>(1, roughly(length)));
    return {slices, -least};
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

  /// Lets the updates at `source` and the axes behind it change the slice at `place`, if it exists and is our own.
  void update(ArrayRef<AffineExpr> place, ArrayRef<AffineExpr> source, Value isInside) {
    Index slice = evaluator.materialize(evaluator.simplify(linearize(place, outer, op->getContext())));
    Value isBehindBegin = builder.less(builder.sub(emission.begin, 1), slice);
    Value isOurs = nest.both(isBehindBegin, builder.less(slice, emission.end));
    builder.ifThen(nest.both(isInside, isOurs), [&] {
      forEachVector(0, evaluator.materialize(length), length, [&](AffineExpr element, const Lanes *lanes) {
        Point target(place), from(source);
        SmallVector<AffineExpr> rest = reshapePoint(element, length, inner, evaluator.extents());
        target.append(rest);
        from.append(rest);
        change(target, from, lanes);
      });
    });
  }

  LoopNest nest;
  Evaluator &evaluator;
  KernelBuilder &builder;

private:
  /// Elements that take longer to copy than another thread to wake up.
  static constexpr int64_t leastElements = 16384;

  const Buffer &target() { return evaluator.buffer(evaluator.getKernel().getNumArguments() + *result()); }

  /// Neighbouring elements [begin, end) out of `extent`.
  void forEachVector(Index begin, Index end, AffineExpr extent,
                     llvm::function_ref<void(AffineExpr element, const Lanes *lanes)> body) {
    if (constantValue(extent) == 1)
      return body(evaluator.constant(0), nullptr);
    Index count = builder.sub(end, begin), rest = builder.mod(count, panelLanes), whole = builder.sub(end, rest);
    auto vector = [&](Index first, Value mask) {
      Lanes lanes = evaluator.lanes(panelLanes, mask);
      body(evaluator.variable(first, extent) + lanes.variable, &lanes);
    };
    builder.loop(begin, whole, panelLanes, [&](Index first) { vector(first, {}); });
    if (!rest.is(0))
      builder.ifThen(builder.less(0, rest), [&] { vector(whole, builder.maskBelow(rest, panelLanes)); });
  }

  void copy() {
    Index size = evaluator.materialize(length);
    AffineExpr all = simplifyDimension(slices * length);
    forEachVector(builder.mul(emission.begin, size), builder.mul(emission.end, size), all,
                  [&](AffineExpr element, const Lanes *lanes) {
                    Point point(reshapePoint(element, all, dims, evaluator.extents()));
                    evaluator.store(evaluator.evaluate(op->getOperand(0), point, lanes), *result(), point, lanes);
                  });
  }

  void change(ArrayRef<AffineExpr> place, ArrayRef<AffineExpr> source, const Lanes *lanes) {
    Value update = math.widen(evaluator.evaluate(op->getOperand(2), source, lanes));
    Value old = kind == ScatterKind::Replace ? Value() : math.widen(evaluator.load(target(), place, lanes));
    evaluator.store(math.narrow(combine(kind, math, old, update)), *result(), place, lanes);
  }

  Emission &emission;
  Operation *op;
  ScatterKind kind;
  Arithmetic math;
  SmallVector<AffineExpr> dims;
  ArrayRef<AffineExpr> outer, inner;
  AffineExpr slices, length;
};

} // namespace

FailureOr<Division> loopScatterElements(ScatterElementsOp op, Emission &emission) {
  Scatter scatter(emission, op, op.getKind(), cast<RankedTensorType>(op.getType()).getRank());
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
  SmallVector<AffineExpr> indices = emission.evaluator.dims(op.getIndices());
  int64_t axes = *constantValue(indices.back());
  Scatter scatter(emission, op, op.getKind(), axes);
  if (!scatter.result())
    return failure();
  return scatter.run([&] {
    scatter.nest.loops(ArrayRef(indices).drop_back(), {}, [&](ArrayRef<AffineExpr> tuple, ValueRange) {
      Value isInside;
      Point target, place(tuple);
      for (int64_t axis = 0; axis < axes; ++axis) {
        place.push_back(scatter.evaluator.constant(axis));
        target.push_back(scatter.index(place, axis, isInside));
        place.pop_back();
      }
      scatter.update(target, tuple, isInside);
      return SmallVector<Value>();
    });
  });
}

} // namespace ingot::cpu
