//===- RowSpace.cpp - A tensor as rows to be combined ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/RowSpace.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

constexpr int64_t width = panelLanes;
/// Rows of up to so many cells are unrolled.
constexpr int64_t mostUnrolled = 16;
/// Pieces of rows are as many vectors side by side as leave so many items.
constexpr int64_t leastBlocks = 4;

} // namespace

RowSpace::RowSpace(Emission &emission, Value input, ArrayRef<int64_t> reducedAxes, bool mayJoin)
    : emission(emission), evaluator(emission.evaluator), builder(emission.builder), input(input),
      space(evaluator, input, reducedAxes) {
  for (size_t axis = 0; axis < space.dims.size(); ++axis)
    isReduced.push_back(llvm::is_contained(reducedAxes, int64_t(axis)));
  if (space.axes.empty()) { // a single element is a row of one
    space.axes = {evaluator.constant(1)};
    space.first = {0};
    reduced = {0};
  } else {
    for (size_t axis = 0; axis < space.axes.size(); ++axis)
      (isReduced[space.first[axis]] ? reduced : kept).push_back(axis);
  }
  chooseLaneAxis();
  if (mayJoin)
    joinPieces();
  chooseBlocks(getElementTypeOrSelf(input.getType()).getIntOrFloatBitWidth() <= 32);
}

void RowSpace::chooseLaneAxis() {
  size_t most = 0;
  laneAxis = space.axes.size() - 1;
  for (size_t axis = space.axes.size(); axis-- > 0;) {
    size_t contiguous = llvm::count_if(
        space.strides, [&](auto &list) { return axis < list.size() && list[axis] && constantValue(list[axis]) == 1; });
    if (contiguous > most) {
      most = contiguous;
      laneAxis = axis;
    }
  }
  Point point;
  for (AffineExpr dim : space.dims)
    point.push_back(evaluator.unknown(dim));
  plain = evaluator.access(input, point) && (most > 0 || space.strides.empty());
  alongRow = llvm::is_contained(reduced, laneAxis);
  if (alongRow) {
    llvm::erase(reduced, laneAxis);
    reduced.push_back(laneAxis);
  }
}

/// A last axis of 2, 4 or 8 elements, with as many rows behind each other as fill a vector.
void RowSpace::joinPieces() {
  auto length = constantValue(extent(laneAxis));
  if (!alongRow || laneAxis == 0 || laneAxis + 1 != space.axes.size() || !length || *length < 2 || width % *length ||
      *length == width || !llvm::is_contained(kept, laneAxis - 1))
    return;
  auto rows = constantValue(extent(laneAxis - 1));
  if (!rows || *rows * *length < width || !space.joinLastAxes())
    return;
  piece = *length;
  alongRow = false;
  reduced.pop_back();
  --laneAxis;
}

// Across rows, an item is one row of vectors, or up to four side by side where that divides the axis: whole cache lines
// in sequence.
void RowSpace::chooseBlocks(bool isNarrow) {
  SmallVector<AffineExpr> extents;
  for (size_t axis : kept)
    if (axis != laneAxis)
      extents.push_back(extent(axis));
  itemCount = product(extents, builder.op().getContext());
  blocks = evaluator.constant(1);
  if (alongRow)
    return;
  auto known = constantValue(extent(laneAxis));
  for (int64_t vectors : {4, 3, 2})
    if (vectorCount == 1 && known && *known % (vectors * width) == 0 && isNarrow &&
        (piece == 1 || *known / (vectors * width) >= leastBlocks))
      vectorCount = vectors;
  blocks = simplifyDimension(extent(laneAxis).ceilDiv(vectorCount * width));
  itemCount = simplifyDimension(itemCount * blocks);
}

AffineExpr RowSpace::rowLength() const {
  SmallVector<AffineExpr> extents;
  for (size_t axis : reduced)
    extents.push_back(extent(axis));
  return product(extents, builder.op().getContext()) * piece;
}

std::optional<int64_t> RowSpace::cells() const {
  int64_t count = vectorCount;
  for (size_t axis : reduced) {
    auto known = constantValue(extent(axis));
    if (!known)
      return std::nullopt;
    count *= axis == laneAxis ? llvm::divideCeil(*known, width) : *known;
  }
  return count;
}

bool RowSpace::isUnrolled() const { return reduced.size() <= 1 && cells() && *cells() <= mostUnrolled; }

int64_t RowSpace::chains() const {
  if (isUnrolled())
    return std::clamp<int64_t>(*cells() / vectorCount, 1, 4); // one even for a row of nothing
  return alongRow ? 4 : std::max<int64_t>(1, 8 / vectorCount);
}

// Items
// -----------------------------------------------------------------------------------------------------------------

void RowSpace::forEachItem(llvm::function_ref<void()> body) {
  builder.loop(emission.begin, emission.end, 1, [&](Index item) {
    AffineExpr number = evaluator.variable(item, itemCount), outer = number, block = evaluator.constant(0);
    if (alongRow)
      return setKept(outer, body, {}, block);
    if (constantValue(blocks) != 1) {
      outer = evaluator.simplify(number.floorDiv(blocks));
      Index column = evaluator.materialize(evaluator.simplify(number % blocks));
      block = evaluator.variable(column, blocks);
    }
    auto known = constantValue(extent(laneAxis));
    if (known && *known % (vectorCount * width) == 0)
      return setKept(outer, body, {}, block);
    Index rest = builder.sub(evaluator.materialize(extent(laneAxis)), builder.mul(evaluator.materialize(block), width));
    auto masked = [&] { setKept(outer, body, builder.maskBelow(rest, width), block); };
    if (known && *known < width)
      return masked();
    builder.ifThen(builder.less(rest, width), masked, [&] { setKept(outer, body, {}, block); });
  });
}

void RowSpace::setKept(AffineExpr outer, llvm::function_ref<void()> body, Value mask, AffineExpr column) {
  SmallVector<size_t> axes;
  SmallVector<AffineExpr> extents;
  for (size_t axis : kept)
    if (axis != laneAxis) {
      axes.push_back(axis);
      extents.push_back(extent(axis));
    }
  indices.assign(space.axes.size(), evaluator.constant(0));
  AffineExpr outerCount = product(extents, builder.op().getContext());
  if (!axes.empty())
    for (auto [axis, index] : llvm::zip(axes, reshapePoint(outer, outerCount, extents, evaluator.extents())))
      indices[axis] = evaluator.variable(evaluator.materialize(index), extent(axis));
  columns.clear();
  if (!alongRow) {
    for (int64_t vector = 0; vector < vectorCount; ++vector)
      columns.push_back(evaluator.lanes(width, mask));
    indices[laneAxis] = column;
  }
  body();
}

Point RowSpace::resultPoint(int64_t vector) {
  SmallVector<AffineExpr> at = indices;
  if (!alongRow)
    at[laneAxis] = (indices[laneAxis] * vectorCount + vector) * width + columns[vector].variable;
  for (size_t axis : reduced)
    at[axis] = evaluator.constant(0);
  Point point = space.point(at, evaluator.extents());
  for (size_t axis = 0; axis < point.size(); ++axis)
    if (isReduced[axis]) // axes of nothing that are walked as one have no first point to take apart
      point[axis] = evaluator.constant(0);
  return point;
}

// Cells
// -----------------------------------------------------------------------------------------------------------------

Cell RowSpace::cellAt(Index linear, AffineExpr trip, Index tripIndex, int64_t vector, Value mask) {
  Lanes lanes = alongRow ? evaluator.lanes(width, mask) : columns[vector];
  SmallVector<AffineExpr> at = indices;
  if (alongRow)
    at[laneAxis] = trip * width + lanes.variable;
  else
    at[laneAxis] = (indices[laneAxis] * vectorCount + vector) * width + lanes.variable;
  if (!alongRow && !reduced.empty())
    at[reduced.back()] = trip;
  Index number = builder.add(builder.mul(builder.add(linear, tripIndex), vectorCount), vector);
  return {space.point(at, evaluator.extents()), lanes, vector, number,
          alongRow ? builder.mul(tripIndex, width) : tripIndex};
}

SmallVector<Value> RowSpace::walkTrip(Index linear, Index trip, int64_t offset, int64_t chain,
                                      SmallVector<Value> states, Step step, Value mask) {
  size_t size = states.size() / (chains() * vectorCount);
  AffineExpr variable = evaluator.constant(0);
  if (!reduced.empty()) {
    AffineExpr count = extent(reduced.back());
    variable = evaluator.variable(trip, alongRow ? simplifyDimension(count.ceilDiv(width)) : count) + offset;
  }
  for (int64_t vector = 0; vector < vectorCount; ++vector) {
    Cell cell = cellAt(linear, variable, builder.add(trip, offset), vector, mask);
    size_t first = (chain * vectorCount + vector) * size;
    SmallVector<Value> next = step(cell, ArrayRef(states).slice(first, size));
    llvm::copy(next, states.begin() + first);
  }
  return states;
}

SmallVector<Value> RowSpace::walkInner(Index linear, ValueRange initial, Step step) {
  SmallVector<Value> states(initial);
  if (reduced.empty())
    return walkTrip(linear, 0, 0, 0, states, step, {});
  Index length = evaluator.materialize(extent(reduced.back())), whole = length, all = length;
  if (alongRow) {
    whole = builder.div(length, width);
    all = builder.ceilDiv(length, width);
  }
  linear = builder.mul(linear, all);
  int64_t count = chains();
  auto masked = [&](Index trip) { return builder.maskBelow(builder.sub(length, builder.mul(trip, width)), width); };
  if (isUnrolled()) {
    for (int64_t trip = 0; trip < *all.constant(); ++trip)
      states = walkTrip(linear, trip, 0, trip % count, states, step, trip < *whole.constant() ? Value() : masked(trip));
    return states;
  }
  Index bulk = builder.mul(builder.div(whole, count), count);
  states = builder.loop(0, bulk, count, states, [&](Index trip, ValueRange carried) {
    SmallVector<Value> next(carried);
    for (int64_t chain = 0; chain < count; ++chain)
      next = walkTrip(linear, trip, chain, chain, next, step, {});
    return next;
  });
  states = builder.loop(bulk, whole, 1, states, [&](Index trip, ValueRange carried) {
    return walkTrip(linear, trip, 0, 0, SmallVector<Value>(carried), step, {});
  });
  // The tail is a loop of at most one trip.
  return builder.loop(whole, all, 1, states, [&](Index trip, ValueRange carried) {
    return walkTrip(linear, trip, 0, 0, SmallVector<Value>(carried), step, masked(trip));
  });
}

/// The last axis is shorter than there are partial states: those go on along the axis before.
SmallVector<Value> RowSpace::walkShort(size_t depth, Index linear, ValueRange initial, Step step) {
  size_t axis = reduced[depth];
  int64_t length = *constantValue(extent(reduced.back())), trips = alongRow ? llvm::divideCeil(length, width) : length;
  int64_t count = chains(), steps = llvm::divideCeil(count, trips);
  Value mask = alongRow && length % width ? builder.maskBelow(length % width, width) : Value();
  Index extentHere = evaluator.materialize(extent(axis));
  linear = builder.mul(linear, extentHere);
  auto walk = [&](Index first, ValueRange carried, int64_t taken) {
    SmallVector<Value> states(carried);
    AffineExpr variable = evaluator.variable(first, extent(axis));
    for (int64_t number = 0; number < taken * trips; ++number) {
      int64_t trip = number % trips, ahead = number / trips;
      indices[axis] = variable + ahead;
      Index before = builder.mul(builder.add(builder.add(linear, first), ahead), trips);
      states = walkTrip(before, trip, 0, number % count, states, step, trip + 1 == trips ? mask : Value());
    }
    return states;
  };
  Index bulk = builder.mul(builder.div(extentHere, steps), steps);
  SmallVector<Value> states = builder.loop(
      0, bulk, steps, initial, [&](Index first, ValueRange carried) { return walk(first, carried, steps); });
  return builder.loop(bulk, extentHere, 1, states,
                      [&](Index first, ValueRange carried) { return walk(first, carried, 1); });
}

SmallVector<Value> RowSpace::walkAxes(size_t depth, Index linear, ValueRange states, Step step) {
  if (depth + 1 >= reduced.size())
    return walkInner(linear, states, step);
  auto last = constantValue(extent(reduced.back()));
  int64_t trips = last ? (alongRow ? llvm::divideCeil(*last, width) : *last) : 0;
  if (depth + 2 == reduced.size() && trips > 0 && trips < chains())
    return walkShort(depth, linear, states, step);
  size_t axis = reduced[depth];
  Index count = evaluator.materialize(extent(axis));
  return builder.loop(0, count, 1, states, [&](Index iv, ValueRange carried) {
    indices[axis] = evaluator.variable(iv, extent(axis));
    return walkAxes(depth + 1, builder.add(builder.mul(linear, count), iv), carried, step);
  });
}

SmallVector<Value> RowSpace::fold(ArrayRef<Value> initial, Step step, Combine combine) {
  SmallVector<Value> states;
  for (int64_t i = 0; i < chains() * vectorCount; ++i)
    states.append(initial.begin(), initial.end());
  states = walkAxes(0, 0, states, step);
  size_t perChain = vectorCount * initial.size();
  for (int64_t count = chains(); count > 1; count = (count + 1) / 2)
    for (int64_t chain = 0; chain + (count + 1) / 2 < count; ++chain) {
      size_t other = chain + (count + 1) / 2;
      for (size_t vector = 0; vector < perChain; vector += initial.size()) {
        auto part = [&](size_t number) { return ArrayRef(states).slice(number * perChain + vector, initial.size()); };
        SmallVector<Value> both = combine(part(chain), part(other));
        llvm::copy(both, states.begin() + chain * perChain + vector);
      }
    }
  states.resize(perChain);
  if (piece > 1)
    combinePieces(states, initial.size(), combine);
  return states;
}

/// Every lane gets what its piece's lanes combine to: `size` values for each vector.
void RowSpace::combinePieces(SmallVectorImpl<Value> &states, size_t size, Combine combine) {
  for (int64_t distance = 1; distance < piece; distance *= 2) {
    SmallVector<int64_t> exchanged;
    for (int64_t lane = 0; lane < width; ++lane)
      exchanged.push_back(lane ^ distance);
    for (size_t first = 0; first < states.size(); first += size) {
      SmallVector<Value> own(ArrayRef<Value>(states).slice(first, size)), other;
      for (Value value : own)
        other.push_back(builder.create<vector::ShuffleOp>(value, value, exchanged));
      llvm::copy(combine(own, other), states.begin() + first);
    }
  }
}

void RowSpace::visit(llvm::function_ref<void(const Cell &)> body) {
  walkAxes(0, 0, {}, [&](const Cell &cell, ValueRange) {
    body(cell);
    return SmallVector<Value>();
  });
}

Value RowSpace::guard(const Cell &cell, Value value, Value neutral) {
  if (!alongRow || !cell.lanes.mask)
    return value;
  return builder.create<arith::SelectOp>(cell.lanes.mask, value, neutral);
}

Value RowSpace::guard(const Cell &cell, Value value, double neutral) {
  return guard(cell, value, builder.constant(value.getType(), neutral));
}

Value combineLanes(KernelBuilder &builder, Value vector, llvm::function_ref<Value(Value, Value)> combine) {
  for (int64_t lanes = cast<VectorType>(vector.getType()).getNumElements() / 2; lanes > 0; lanes /= 2) {
    SmallVector<int64_t> low = llvm::to_vector(llvm::seq<int64_t>(0, lanes)), high;
    for (int64_t lane : low)
      high.push_back(lane + lanes);
    vector = combine(builder.create<vector::ShuffleOp>(vector, vector, low),
                     builder.create<vector::ShuffleOp>(vector, vector, high));
  }
  return builder.create<vector::ExtractOp>(vector, int64_t(0));
}

} // namespace ingot::cpu
