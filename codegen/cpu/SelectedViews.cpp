//===- SelectedViews.cpp - Views that choose among elements ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// pad, concat and the gathers. A choice that is the same for all lanes is a branch; one that is not narrows the lanes'
// mask, so that an element which is not chosen is never read.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Evaluator.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::cpu {

Value Evaluator::branch(Value condition, Type type, const Lanes *lanes, llvm::function_ref<Value(const Lanes *)> then,
                        llvm::function_ref<Value(const Lanes *)> otherwise) {
  auto scoped = [&](llvm::function_ref<Value(const Lanes *)> body, const Lanes *inner) {
    auto saved = memo;
    Value result = body(inner);
    memo = std::move(saved);
    return result;
  };
  if (!isa<VectorType>(condition.getType()))
    return builder.choose(
        condition, type, [&] { return scoped(then, lanes); }, [&] { return scoped(otherwise, lanes); });
  Value on = builder.constant(condition.getType(), 1);
  Value rest = builder.create<arith::XOrIOp>(condition, on), chosen = condition;
  if (lanes->mask) {
    chosen = builder.create<arith::AndIOp>(chosen, lanes->mask);
    rest = builder.create<arith::AndIOp>(rest, lanes->mask);
  }
  Lanes inside{lanes->variable, lanes->count, chosen}, outside{lanes->variable, lanes->count, rest};
  Value here = scoped(then, &inside), there = scoped(otherwise, &outside);
  return builder.create<arith::SelectOp>(condition, here, there);
}

Value Evaluator::isBetween(AffineExpr expr, AffineExpr low, AffineExpr high, const Lanes *lanes) {
  std::optional<Bounds> bounds = boundsOf(expr, ranges);
  Value value = number(expr, lanes), result;
  auto compare = [&](arith::CmpIPredicate predicate, AffineExpr bound) {
    Value limit = builder.value(materialize(simplify(bound)));
    if (isa<VectorType>(value.getType()))
      limit = builder.splat(limit, lanes->count);
    Value holds = builder.create<arith::CmpIOp>(predicate, value, limit);
    result = result ? builder.create<arith::AndIOp>(result, holds).getResult() : holds;
  };
  if (!bounds || !isNonNegative(bounds->lower - low))
    compare(arith::CmpIPredicate::sge, low);
  if (!bounds || !isNonNegative(high - 1 - bounds->upper))
    compare(arith::CmpIPredicate::slt, high);
  return result;
}

// pad
// -------------------------------------------------------------------------------------------------------------------

AffineExpr Evaluator::beyondEdge(PadOp op, size_t axis, AffineExpr index, const Lanes *lanes) {
  AffineExpr extent = dims(op.getInput())[axis];
  Value i = number(index, lanes), zero = builder.constant(i.getType(), 0);
  Value size = builder.value(materialize(extent));
  if (isa<VectorType>(i.getType()))
    size = builder.splat(size, lanes->count);
  Value last = builder.create<arith::SubIOp>(size, builder.constant(i.getType(), 1));
  auto clamp = [&](Value value) -> Value {
    return builder.create<arith::MinSIOp>(builder.create<arith::MaxSIOp>(value, zero), last);
  };
  if (op.getMode() == PadMode::Edge)
    return computed(clamp(i), extent);
  auto less = [&](Value a, Value b) { return builder.create<arith::CmpIOp>(arith::CmpIPredicate::slt, a, b); };
  auto select = [&](Value condition, Value then, Value otherwise) -> Value {
    return builder.create<arith::SelectOp>(condition, then, otherwise);
  };
  auto isReachedBy = [&](AffineExpr most) {
    return isNonNegative(most - op.getLow()[axis]) && isNonNegative(most - op.getHigh()[axis]);
  };
  auto remainder = [&](Value value, Value period) -> Value {
    Value rest = builder.create<arith::RemSIOp>(value, period);
    return select(less(rest, zero), builder.create<arith::AddIOp>(rest, period), rest);
  };
  if (op.getMode() == PadMode::Wrap) {
    if (!isReachedBy(extent))
      return computed(remainder(i, size), extent);
    Value fromEnd = builder.create<arith::AddIOp>(i, size), fromStart = builder.create<arith::SubIOp>(i, size);
    return computed(select(less(i, zero), fromEnd, select(less(last, i), fromStart, i)), extent);
  }
  // Reflect: a walk to and fro with period 2 * (size - 1); a single element reflects into itself.
  Value period = builder.create<arith::AddIOp>(last, last), there;
  if (isReachedBy(extent - 1)) {
    there = builder.create<arith::MaxSIOp>(i, builder.create<arith::SubIOp>(zero, i));
  } else {
    period = builder.create<arith::MaxSIOp>(period, builder.constant(i.getType(), 1));
    there = remainder(i, period);
  }
  Value back = builder.create<arith::SubIOp>(period, there);
  return computed(clamp(builder.create<arith::MinSIOp>(there, back)), extent);
}

/// An input in which indices beyond an edge stand for others inside. A vector that lies inside is loaded as it is.
Value Evaluator::computeContinuedPad(PadOp op, ArrayRef<AffineExpr> point, const Lanes *lanes) {
  SmallVector<AffineExpr> inner = dims(op.getInput());
  Point source;
  SmallVector<size_t> open;
  Value isInside;
  for (auto [axis, index] : llvm::enumerate(point)) {
    AffineExpr moved = simplify(index - op.getLow()[axis]);
    source.push_back(moved);
    if (op.getLow()[axis] <= 0 && op.getHigh()[axis] <= 0)
      continue;
    std::optional<Linear> linear = varies(moved, lanes) ? alongLanes(moved, *lanes) : std::nullopt;
    if (!linear || linear->scale != 1) {
      source.back() = beyondEdge(op, axis, moved, lanes);
      continue;
    }
    open.push_back(axis);
    Index first = materialize(linear->rest), beyond = builder.sub(materialize(inner[axis]), lanes->count - 1);
    Value holds = builder.create<arith::AndIOp>(builder.less(-1, first), builder.less(first, beyond));
    isInside = isInside ? builder.create<arith::AndIOp>(isInside, holds).getResult() : holds;
  }
  if (!isInside)
    return evaluate(op.getInput(), source, lanes);
  return branch(
      isInside, typeOf(op, lanes), lanes, [&](const Lanes *inside) { return evaluate(op.getInput(), source, inside); },
      [&](const Lanes *outside) {
        for (size_t axis : open)
          source[axis] = beyondEdge(op, axis, source[axis], outside);
        return evaluate(op.getInput(), source, outside);
      });
}

Value Evaluator::computePad(PadOp op, ArrayRef<AffineExpr> point, const Lanes *lanes) {
  if (op.getMode() != PadMode::Constant)
    return computeContinuedPad(op, point, lanes);
  SmallVector<AffineExpr> inner = dims(op.getInput());
  Point source;
  Value isInside;
  for (auto [axis, index] : llvm::enumerate(point)) {
    source.push_back(simplify(index - op.getLow()[axis]));
    bool canLeave = op.getLow()[axis] > 0 || op.getHigh()[axis] > 0;
    Value holds = canLeave ? isBetween(source.back(), constant(0), inner[axis], lanes) : Value();
    if (!holds)
      continue;
    if (isInside && isInside.getType() != holds.getType()) {
      isInside = isa<VectorType>(isInside.getType()) ? isInside : builder.splat(isInside, lanes->count);
      holds = isa<VectorType>(holds.getType()) ? holds : builder.splat(holds, lanes->count);
    }
    isInside = isInside ? builder.create<arith::AndIOp>(isInside, holds).getResult() : holds;
  }
  if (!isInside)
    return evaluate(op.getInput(), source, lanes);
  Point scalar(cast<RankedTensorType>(op.getValue().getType()).getRank(), constant(0));
  return branch(
      isInside, typeOf(op, lanes), lanes, [&](const Lanes *inside) { return evaluate(op.getInput(), source, inside); },
      [&](const Lanes *) {
        Value value = evaluate(op.getValue(), scalar);
        return lanes ? builder.splat(value, lanes->count) : value;
      });
}

// concat
// ----------------------------------------------------------------------------------------------------------------

Value Evaluator::computePiece(ConcatOp op, unsigned first, AffineExpr start, ArrayRef<AffineExpr> point,
                              const Lanes *lanes) {
  int64_t axis = op.getAxis();
  Value input = op.getInputs()[first];
  AffineExpr end = simplifyDimension(start + dims(input)[axis]);
  auto here = [&](const Lanes *inside) {
    Point source(point);
    source[axis] = simplify(point[axis] - start);
    return evaluate(input, source, inside);
  };
  if (first + 1 == op.getInputs().size())
    return here(lanes);
  std::optional<Bounds> bounds = boundsOf(point[axis], ranges);
  if (bounds && isNonNegative(bounds->lower - end))
    return computePiece(op, first + 1, end, point, lanes);
  // index < end. Where 16 * a + lane meets a boundary that is a multiple of 16, all lanes lie on one side.
  AffineExpr index = point[axis];
  std::optional<int64_t> boundary = constantValue(end);
  if (lanes && boundary && *boundary % lanes->count == 0 && varies(index, lanes))
    if (std::optional<Split> split = splitMultiple(index, lanes->count, ranges);
        split && !varies(split->multiple, lanes))
      index = simplify(split->multiple * lanes->count);
  Value isHere =
      bounds && isNonNegative(end - 1 - bounds->upper) ? Value() : isBetween(index, constant(-1), end, lanes);
  if (!isHere)
    return here(lanes);
  return branch(isHere, typeOf(op, lanes), lanes, here,
                [&](const Lanes *outside) { return computePiece(op, first + 1, end, point, outside); });
}

Value Evaluator::computeConcat(ConcatOp op, ArrayRef<AffineExpr> point, const Lanes *lanes) {
  return computePiece(op, 0, constant(0), point, lanes);
}

// gather
// ----------------------------------------------------------------------------------------------------------------

AffineExpr Evaluator::loadedIndex(Value indices, ArrayRef<AffineExpr> point, AffineExpr extent, const Lanes *lanes) {
  bool perLane = lanes && (varies(point, lanes) || dependsOnBound(indices));
  Value index = evaluate(indices, point, perLane ? lanes : nullptr);
  auto element = cast<IntegerType>(getElementTypeOrSelf(indices.getType()));
  Type wide = builder.op().getI64Type();
  if (auto vector = dyn_cast<VectorType>(index.getType()))
    wide = VectorType::get(vector.getShape(), wide);
  if (element.getWidth() < 64)
    index = element.isUnsigned() ? builder.create<arith::ExtUIOp>(wide, index).getResult()
                                 : builder.create<arith::ExtSIOp>(wide, index).getResult();
  Value size = builder.value(materialize(extent));
  if (perLane)
    size = builder.splat(size, lanes->count);
  // Negative indices count from the end. An index out of range is the caller's mistake; it must not leave the buffer.
  Value zero = builder.constant(wide, 0), last = builder.create<arith::SubIOp>(size, builder.constant(wide, 1));
  Value isNegative = builder.create<arith::CmpIOp>(arith::CmpIPredicate::slt, index, zero);
  index = builder.create<arith::SelectOp>(isNegative, builder.create<arith::AddIOp>(index, size), index);
  index = builder.create<arith::MinSIOp>(builder.create<arith::MaxSIOp>(index, zero), last);
  return computed(index, extent);
}

Point Evaluator::gatheredPoint(Operation *op, ArrayRef<AffineExpr> point, const Lanes *lanes) {
  SmallVector<AffineExpr> extents = dims(op->getOperand(0));
  Value indices = op->getOperand(1);
  size_t indexRank = cast<RankedTensorType>(indices.getType()).getRank();
  if (auto gather = dyn_cast<GatherOp>(op)) {
    size_t axis = gather.getAxis();
    Point source(point.take_front(axis));
    source.push_back(loadedIndex(indices, point.slice(axis, indexRank), extents[axis], lanes));
    source.append(point.begin() + axis + indexRank, point.end());
    return source;
  }
  if (auto gather = dyn_cast<GatherElementsOp>(op)) {
    Point source(point);
    source[gather.getAxis()] = loadedIndex(indices, point, extents[gather.getAxis()], lanes);
    return source;
  }
  auto gather = cast<GatherNdOp>(op);
  size_t batch = gather.getBatchAxes();
  Point source(point.take_front(batch)), tuple(point.take_front(indexRank - 1));
  tuple.push_back(constant(0));
  int64_t length = cast<RankedTensorType>(indices.getType()).getShape().back();
  for (int64_t i = 0; i < length; ++i) {
    tuple.back() = constant(i);
    source.push_back(loadedIndex(indices, tuple, extents[batch + i], lanes));
  }
  source.append(point.begin() + indexRank - 1, point.end());
  return source;
}

// Looking ahead
// ---------------------------------------------------------------------------------------------------------

void Evaluator::visitAccesses(Value tensor, ArrayRef<AffineExpr> point,
                              llvm::function_ref<void(const Access &)> visit) {
  if (std::optional<Access> place = access(tensor, point))
    return visit(*place);
  Operation *op = tensor.getDefiningOp();
  if (auto source = lookThrough(op, point))
    return visitAccesses(source->first, source->second, visit);
  if (op->hasTrait<Pointwise>()) {
    for (Value operand : op->getOperands())
      visitAccesses(operand, broadcastPoint(point, operand), visit);
  } else if (auto pad = dyn_cast<PadOp>(op)) {
    Point source(point);
    for (auto [axis, index] : llvm::enumerate(source)) {
      index = simplify(index - pad.getLow()[axis]);
      // Neighbours are not evenly apart where the axis is continued, as they are with this remainder.
      if (pad.getMode() != PadMode::Constant && (pad.getLow()[axis] > 0 || pad.getHigh()[axis] > 0))
        index = index % dims(pad.getInput())[axis];
    }
    visitAccesses(pad.getInput(), source, visit);
  } else if (auto concat = dyn_cast<ConcatOp>(op)) {
    Point source(point);
    for (Value input : concat.getInputs()) {
      visitAccesses(input, source, visit);
      source[concat.getAxis()] = simplify(source[concat.getAxis()] - dims(input)[concat.getAxis()]);
    }
  } else if (auto gather = dyn_cast<GatherOp>(op)) {
    size_t axis = gather.getAxis(), rank = cast<RankedTensorType>(gather.getIndices().getType()).getRank();
    visitAccesses(gather.getIndices(), point.slice(axis, rank), visit);
    Point source(point.take_front(axis));
    source.push_back(unknown(dims(gather.getInput())[axis]));
    source.append(point.begin() + axis + rank, point.end());
    visitAccesses(gather.getInput(), source, visit);
  }
}

} // namespace ingot::cpu
