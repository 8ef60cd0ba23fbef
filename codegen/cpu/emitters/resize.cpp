//===- resize.cpp - Kernels of resize -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the axes sample does not depend on each other, so it is found once for each row, and along rows for sixteen
// elements at a time (see ResampledAxis.h):
//
//   for row in [begin, end):                 all axes but the last: a few rows of the input, with weights
//     for block of lanes along the row:      their sum; if the last axis is resized, of its samples
//
// Sums over rows come first: neighbouring outputs share them.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/ResampledAxis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

constexpr int64_t lanes = panelLanes;

class ResizeEmitter {
public:
  ResizeEmitter(Emission &emission, ResizeOp op)
      : emission(emission), nest(emission), evaluator(nest.evaluator), builder(nest.builder), op(op),
        math(builder, getElementTypeOrSelf(op.getType())), taps(op, evaluator), dims(evaluator.dims(op.getOutput())),
        last(dims.size() - 1) {
    for (size_t axis = 0; axis < dims.size(); ++axis)
      known.push_back(taps.isResized(axis) ? ResampledAxis::of(op, axis, evaluator) : std::nullopt);
    if (known[last])
      runs = known[last]->runs();
  }

  Division emit() {
    ArrayRef<AffineExpr> outer = ArrayRef(dims).drop_back();
    AffineExpr rows = product(outer, op.getContext());
    builder.loop(emission.begin, emission.end, 1, [&](Index item) {
      AffineExpr row = evaluator.variable(item, rows);
      Point point;
      for (auto [axis, index] : llvm::enumerate(reshapePoint(row, rows, outer, evaluator.extents())))
        point.push_back(evaluator.variable(evaluator.materialize(index), dims[axis]));
      emitRow(point);
    });
    return {rows, std::max<int64_t>(1, 500 / nanosecondsOfRow())};
  }

private:
  /// A row of the input (its last index is open) that counts for a row of the output; a null weight is 1.
  struct Part {
    Point from;
    Value weight;
  };

  // An estimate, on one core.
  int64_t nanosecondsOfRow() {
    int64_t blocks = roughly(dims[last]) / lanes + 1, samples = op.getMode() == ResizeMode::Nearest  ? 1
                                                                : op.getMode() == ResizeMode::Linear ? 2
                                                                                                     : 4;
    int64_t parts = 1;
    for (size_t axis = 0; axis < last; ++axis)
      parts *= taps.isResized(axis) ? samples : 1;
    if (!taps.isResized(last))
      return blocks * (1 + parts);
    return blocks * (runs ? 1 + parts + samples : 20 * parts * samples);
  }

  // Rows -------------------------------------------------------------------------------------------------------------

  void emitRow(Point point) {
    SmallVector<Part> parts{{Point(), Value()}};
    for (size_t axis = 0; axis < last; ++axis)
      parts = extended(parts, tapsAt(axis, point[axis]));
    for (Part &part : parts)
      part.from.push_back(AffineExpr());
    point.push_back(AffineExpr());
    if (runs)
      return emitRuns(parts, point);
    Index length = evaluator.materialize(dims[last]), rest = builder.mod(length, lanes);
    Index whole = builder.div(length, lanes);
    builder.loop(0, whole, 1, [&](Index block) { emitSampledApart(parts, point, block, {}); });
    auto tail = [&] { emitSampledApart(parts, point, whole, builder.maskBelow(rest, lanes)); };
    if (!rest.constant())
      builder.ifThen(builder.less(0, rest), tail);
    else if (!rest.is(0))
      tail();
  }

  SmallVector<Part> extended(ArrayRef<Part> parts, ArrayRef<Tap> along) {
    SmallVector<Part> result;
    for (const Part &part : parts)
      for (const Tap &tap : along) {
        Part &next = result.emplace_back(part);
        next.from.push_back(tap.index);
        if (tap.weight)
          next.weight = part.weight ? builder.create<arith::MulFOp>(part.weight, tap.weight).getResult() : tap.weight;
      }
    return result;
  }

  /// What an output's element along an axis other than the last is made of.
  SmallVector<Tap> tapsAt(size_t axis, AffineExpr index) {
    if (!known[axis])
      return taps.at(axis, index);
    SmallVector<Tap> result;
    Index place = evaluator.materialize(index);
    Type i32 = builder.op().getI32Type(), i64 = builder.op().getI64Type();
    for (size_t tap = 0; tap < known[axis]->taps(); ++tap) {
      Value narrow = builder.load(table(known[axis]->indicesOf(tap)), i32, place);
      Value from = builder.create<arith::ExtSIOp>(i64, narrow);
      result.push_back({evaluator.computed(from, evaluator.dims(op.getInput())[axis]), {}});
      if (known[axis]->isWeighted())
        result.back().weight = builder.load(table(known[axis]->weightsOf(tap)), builder.op().getF32Type(), place);
    }
    return result;
  }

  template <typename T>
  Value table(ArrayRef<T> numbers) {
    Type element = std::is_same_v<T, float> ? Type(builder.op().getF32Type()) : Type(builder.op().getI32Type());
    return evaluator.table(DenseElementsAttr::get(RankedTensorType::get({int64_t(numbers.size())}, element), numbers));
  }

  // Vectors of a row -------------------------------------------------------------------------------------------------

  /// sum + weight * element, all vectors; the weight may be a scalar, and null is 1, the sum null for nothing yet.
  Value accumulated(Value sum, Value element, Value weight) {
    if (!weight)
      return sum ? math.add(sum, math.widen(element)) : element;
    if (!isa<VectorType>(weight.getType()))
      weight = builder.splat(weight, lanes);
    element = math.widen(element);
    return sum ? math.madd(element, weight, sum) : math.mul(element, weight);
  }

  /// The sum of all parts' elements at `index`.
  Value sumOfParts(ArrayRef<Part> parts, AffineExpr index, const Lanes &vector) {
    Value sum;
    for (const Part &part : parts) {
      Point from(part.from);
      from.back() = index;
      sum = accumulated(sum, evaluator.evaluate(op.getInput(), from, &vector), part.weight);
    }
    return sum;
  }

  void storeBlock(Value sum, Point point, Index block, Value mask) {
    Lanes vector = evaluator.lanes(lanes, mask);
    point[last] = evaluator.variable(block, simplifyDimension(dims[last].ceilDiv(lanes))) * lanes + vector.variable;
    // Elements that were only copied were not widened.
    bool isWide = getElementTypeOrSelf(sum.getType()) != signless(getElementTypeOrSelf(op.getType()));
    nest.storeResult(op.getOutput(), isWide ? math.narrow(sum) : sum, point, &vector);
  }

  static Type signless(Type element) {
    auto integer = dyn_cast<IntegerType>(element);
    return integer ? IntegerType::get(element.getContext(), integer.getWidth()) : element;
  }

  /// A block whose lanes sample elements of their own.
  void emitSampledApart(ArrayRef<Part> parts, const Point &point, Index block, Value mask) {
    Lanes vector = evaluator.lanes(lanes, mask);
    AffineExpr start = evaluator.variable(block, simplifyDimension(dims[last].ceilDiv(lanes))) * lanes;
    Value sum;
    for (const Tap &tap : known[last] ? tablesAt(builder.mul(block, lanes)) : taps.at(last, start, &vector))
      sum = accumulated(sum, sumOfParts(parts, tap.index, vector), tap.weight);
    storeBlock(sum, point, block, mask);
  }

  /// The last axis's taps of the outputs from `first` on.
  SmallVector<Tap> tablesAt(Index first) {
    SmallVector<Tap> result;
    auto wide = VectorType::get({lanes}, builder.op().getI64Type());
    for (size_t tap = 0; tap < known[last]->taps(); ++tap) {
      Value narrow = builder.loadVector(table(known[last]->indicesOf(tap)), builder.op().getI32Type(), first, lanes);
      Value from = builder.create<arith::ExtSIOp>(wide, narrow);
      result.push_back({evaluator.computed(from, evaluator.dims(op.getInput())[last]), weightsAt(tap, first)});
    }
    return result;
  }

  Value weightsAt(size_t tap, Index first) {
    if (!known[last]->isWeighted())
      return {};
    return builder.loadVector(table(known[last]->weightsOf(tap)), builder.op().getF32Type(), first, lanes);
  }

  // Blocks that are shuffles of neighbours ---------------------------------------------------------------------------

  void emitRuns(ArrayRef<Part> parts, const Point &point) {
    int64_t length = *constantValue(dims[last]);
    for (const SampledRun &run : *runs)
      builder.loop(0, run.trips, 1, [&](Index trip) {
        for (int64_t number = run.first; number < run.first + run.period; ++number) {
          SampledBlock block = known[last]->block(number);
          Index base = builder.add(builder.mul(trip, run.step), block.base);
          Index place = builder.add(builder.mul(trip, run.period), number);
          bool isCut = number + 1 == run.first + run.period && run.end() * lanes > length;
          Value mask = isCut ? builder.maskBelow(builder.sub(length, builder.mul(place, lanes)), lanes) : Value();
          emitShuffled(parts, point, place, base, block, mask);
        }
      });
  }

  void emitShuffled(ArrayRef<Part> parts, const Point &point, Index block, Index base, const SampledBlock &pattern,
                    Value mask) {
    SmallVector<Value> loaded;
    for (int number = 0; number < pattern.vectors; ++number) {
      int64_t present = known[last]->inputExtent() - number * lanes;
      Lanes vector = evaluator.lanes(lanes, present < lanes ? builder.maskBelow(present, lanes) : Value());
      AffineExpr first = evaluator.variable(builder.add(base, number * lanes), evaluator.dims(op.getInput())[last]);
      loaded.push_back(sumOfParts(parts, first + vector.variable, vector));
    }
    Value sum;
    for (auto [tap, chosen] : llvm::enumerate(pattern.shuffles)) {
      Value samples = builder.create<vector::ShuffleOp>(loaded.front(), loaded.back(), chosen);
      sum = accumulated(sum, samples, weightsAt(tap, builder.mul(block, lanes)));
    }
    storeBlock(sum, point, block, mask);
  }

  Emission &emission;
  LoopNest nest;
  Evaluator &evaluator;
  KernelBuilder &builder;
  ResizeOp op;
  Arithmetic math;
  ResizeTaps taps;
  SmallVector<AffineExpr> dims;
  size_t last;
  /// What the axes sample, where it is known; nothing for axes that are copied or open.
  SmallVector<std::optional<ResampledAxis>> known;
  std::optional<SmallVector<SampledRun>> runs;
};

} // namespace

// In float64, which no table has, the plain loops do.
FailureOr<Division> emitResize(Emission &emission) {
  auto op = dyn_cast_or_null<ResizeOp>(emission.root);
  if (!op || cast<RankedTensorType>(op.getType()).getRank() == 0 || getElementTypeOrSelf(op.getType()).isF64())
    return failure();
  return ResizeEmitter(emission, op).emit();
}

} // namespace ingot::cpu
