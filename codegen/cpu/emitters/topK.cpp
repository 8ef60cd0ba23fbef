//===- topK.cpp - The first elements of rows, by a heap -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For a known k and elements of up to 32 bits. A heap in scratch memory keeps the k best elements so far, the worst of
// them on top:
//
//   for item in [begin, end):                a row
//     heap = k keys that come after all others
//     for sixteen neighbours of the row:
//       if one comes before the top:         seldom, soon: k ln(n / k) of n elements in random order
//         for each that does: put it in the top's place, sift it down
//     for last in [k - 1, 0):                the worst goes to the end, until all are in order
//       swap top and last, sift the top down
//
// A key is one number for the order of elements: the upper half grows as the value gets better and is 0 for NaN, the
// lower half falls with the index.
//
//===----------------------------------------------------------------------===//
#include "codegen/loops/Loops.h"
#include "codegen/scalar/Real.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

constexpr int64_t mostScratch = 4 << 20, lowerHalf = 0xFFFFFFFF;

/// The upper halves of keys.
class Ranks {
public:
  Ranks(KernelBuilder &builder, TopKOp op)
      : place{builder.op(), builder.getLoc()}, element(getElementTypeOrSelf(op.getInput().getType())),
        isLargest(op.getLargest()) {}

  /// Unsigned integers of 32 bits, greater for better values, equal for equal ones.
  Value of(Value values, Arithmetic &math) {
    Type i32 = place.builder.getI32Type();
    if (isa<FloatType>(element)) {
      Real x(place, math.widen(values));
      Bits bits = (x + 0.0).bits(); // the zeros are equal
      Bits signs = bits >> 31, rank = bits ^ (signs | signs.like(signed32(0x80000000)));
      return place.create<arith::SelectOp>(x.isNan().get(), rank.like(0).get(), directed(rank).get());
    }
    bool isUnsigned = element.isUnsignedInteger() || element.isInteger(1);
    Type wide = withElement(values.getType(), i32);
    if (values.getType() != wide)
      values = isUnsigned ? place.create<arith::ExtUIOp>(wide, values) : place.create<arith::ExtSIOp>(wide, values);
    Bits bits(place, values);
    return directed(isUnsigned ? bits : bits ^ bits.like(signed32(0x80000000))).get();
  }

private:
  static int64_t signed32(uint32_t bits) { return int64_t(int32_t(bits)); }
  Bits directed(Bits rank) { return isLargest ? rank : rank ^ rank.like(-1); }

  Place place;
  Type element;
  bool isLargest;
};

/// The k greatest keys in scratch memory, and behind them room for sixteen ranks.
class Heap {
public:
  Heap(KernelBuilder &builder, Value scratch, int64_t count)
      : builder(builder), place{builder.op(), builder.getLoc()}, keys(scratch), count(count) {}

  static int64_t scratchBytes(int64_t count) { return count * 8 + panelLanes * 4; }

  Bits load(Index at) { return {place, builder.load(keys, i64(), at)}; }

  void clear() {
    builder.loop(0, count, 1, [&](Index at) { store(number(0), at); });
  }

  /// Bit l is on if rank l of these might enter.
  Value mayEnter(Value ranks, const Lanes &lanes) {
    Bits top = load(0);
    Value topRank = place.create<arith::TruncIOp>(builder.op().getI32Type(), top.shiftRightUnsigned(32).get());
    Truth isBetter = Bits(place, ranks).is(IntCompare::ugt, {place, builder.splat(topRank, lanes.count)});
    isBetter = isBetter | Truth(place, builder.splat(top.is(IntCompare::eq, 0).get(), lanes.count));
    if (lanes.mask)
      isBetter = isBetter & Truth(place, lanes.mask);
    Type word = builder.op().getIntegerType(unsigned(lanes.count));
    Value words = builder.create<vector::BitCastOp>(VectorType::get({1}, word), isBetter.get());
    return builder.create<vector::ExtractOp>(words, ArrayRef<int64_t>{0});
  }

  /// Lets those of the `ranks` that are on in `mask` enter that come before the top; rank 0 is of element `first`.
  void enter(Value ranks, Value mask, Index first) {
    builder.storeVector(ranks, keys, count * 2);
    Value hits = builder.create<arith::ExtUIOp>(i64(), builder.create<math::CtPopOp>(mask));
    builder.loop(0, hits, 1, mask, [&](Index, ValueRange carried) {
      Bits left(place, carried[0]);
      Index lane =
          builder.create<arith::ExtUIOp>(i64(), builder.create<math::CountTrailingZerosOp>(left.get())).getResult();
      Bits key =
          keyOf(builder.load(keys, builder.op().getI32Type(), builder.add(lane, count * 2)), builder.add(first, lane));
      builder.ifThen(key.is(IntCompare::ugt, load(0)).get(), [&] { siftDown(key, count); });
      return SmallVector<Value>{(left & (left - left.like(1))).get()};
    });
  }

  /// The best first.
  void sort() {
    builder.loop(1, count, 1, [&](Index done) {
      Index last = builder.sub(count, done);
      Bits key = load(last);
      store(load(0), last);
      siftDown(key, last);
    });
  }

  /// Of a sorted heap.
  Index indexOf(Index rank) {
    Bits low = load(rank) & number(lowerHalf);
    return (number(lowerHalf) - low).get();
  }

private:
  Type i64() { return builder.op().getI64Type(); }
  Bits number(int64_t value) { return {place, builder.value(value)}; }
  void store(Bits key, Index at) { builder.store(key.get(), keys, at); }

  Bits keyOf(Value rank, Index index) {
    Bits high = Bits(place, builder.create<arith::ExtUIOp>(i64(), rank)) << 32;
    return high | (number(lowerHalf) - Bits(place, builder.value(index)));
  }

  /// Puts `key` in the top's place of the first `size` keys, and in order with those below. Levels that are left when
  /// it has found its place change nothing.
  void siftDown(Bits key, Index size) {
    Index last = builder.sub(size, 1);
    SmallVector<Value> found =
        builder.loop(0, int64_t(llvm::Log2_64(count)), 1, builder.value(0), [&](Index, ValueRange carried) {
          Index parent = carried[0], left = builder.add(builder.mul(parent, 2), 1);
          Index lower = builder.min(left, last), upper = builder.min(builder.add(left, 1), last);
          Bits first = load(lower), second = load(upper);
          Truth isSecond = second.is(IntCompare::ult, first);
          Bits worse = choose(isSecond, second, first);
          Truth moves = Truth(place, builder.less(left, size)) & worse.is(IntCompare::ult, key);
          store(choose(moves, worse, key), parent);
          Bits below = choose(isSecond, {place, builder.value(upper)}, {place, builder.value(lower)});
          return SmallVector<Value>{choose(moves, below, {place, builder.value(parent)}).get()};
        });
    store(key, found[0]);
  }

  Bits choose(Truth condition, Bits then, Bits otherwise) {
    return {place, place.create<arith::SelectOp>(condition.get(), then.get(), otherwise.get())};
  }

  KernelBuilder &builder;
  Place place;
  Value keys;
  int64_t count;
};

} // namespace

FailureOr<Division> emitTopK(Emission &emission) {
  auto op = dyn_cast_or_null<TopKOp>(emission.root);
  if (!op || elementBytes(getElementTypeOrSelf(op.getInput().getType())) > 4)
    return failure();
  LoopNest nest(emission);
  Evaluator &evaluator = nest.evaluator;
  KernelBuilder &builder = nest.builder;
  int64_t axis = op.getAxis();
  SmallVector<AffineExpr> dims = evaluator.dims(op.getInput());
  AffineExpr extent = dims[axis];
  std::optional<int64_t> count = constantValue(evaluator.dims(op.getValues())[axis]);
  if (!count || *count < 1 || Heap::scratchBytes(*count) > mostScratch)
    return failure();
  Place place{builder.op(), builder.getLoc()};
  Arithmetic math(builder, getElementTypeOrSelf(op.getInput().getType()));
  Ranks ranks(builder, op);
  Heap heap(builder, emission.scratch, *count);
  Division division = nest.forEachPoint(dims, axis, false, roughly(extent), [&](Point point, const Lanes *) {
    heap.clear();
    Index length = evaluator.materialize(extent);
    AffineExpr blocks = simplifyDimension(extent.ceilDiv(panelLanes));
    builder.loop(0, evaluator.materialize(blocks), 1, [&](Index block) {
      Index first = builder.mul(block, panelLanes);
      bool areWhole = length.constant() && *length.constant() % panelLanes == 0;
      Lanes lanes =
          evaluator.lanes(panelLanes, areWhole ? Value() : builder.maskBelow(builder.sub(length, first), panelLanes));
      point[axis] = evaluator.variable(block, blocks) * panelLanes + lanes.variable;
      Value found = ranks.of(evaluator.evaluate(op.getInput(), point, &lanes), math);
      Value mask = heap.mayEnter(found, lanes);
      builder.ifThen(Bits(place, mask).is(IntCompare::ne, 0).get(), [&] { heap.enter(found, mask, first); });
    });
    heap.sort();
    builder.loop(0, *count, 1, [&](Index rank) {
      Index index = heap.indexOf(rank);
      point[axis] = evaluator.variable(index, extent);
      Value value = evaluator.evaluate(op.getInput(), point);
      point[axis] = evaluator.variable(rank, evaluator.constant(*count));
      evaluator.bind(op.getIndices(), builder.value(index));
      evaluator.bind(op.getValues(), value);
      evaluator.storeResults(op.getValues(), point);
      evaluator.storeResults(op.getIndices(), point);
      evaluator.unbind(op.getValues());
      evaluator.unbind(op.getIndices());
    });
  });
  division.scratchBytes = Heap::scratchBytes(*count);
  division.choices = {{"elements kept", std::to_string(*count)}};
  return division;
}

} // namespace ingot::cpu
