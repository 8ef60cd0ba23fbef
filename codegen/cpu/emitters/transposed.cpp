//===- transposed.cpp - Pointwise kernels across axes ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A transposition reads along one axis (`across`) and writes along another (the last). A tile of 16 x 16 elements is
// computed with the lanes across, transposed in registers, and stored with the lanes along the last axis. The last tile
// of an axis starts early enough to end with the axis, so there are no partial tiles; elements in two tiles are
// computed twice, with the same value.
//
// Where the last axis is short (the channels of an image) and `across` is next to it, the vectors across, one for each
// index of the last axis, are interleaved into as many that lie one behind the other in the result.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Transposed.h"
#include "codegen/cpu/emitters/PanelProduct.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

constexpr int64_t tile = panelLanes;
/// Of a last axis that is interleaved; there are as many shuffles for each vector.
constexpr int64_t longestInterleaved = 8;

/// The elements of vectors a, b, c, ... in the order a0, b0, c0, ..., a1, b1, c1, ...
SmallVector<Value> interleave(KernelBuilder &builder, ArrayRef<Value> vectors) {
  int64_t count = vectors.size();
  SmallVector<Value> result;
  for (int64_t number = 0; number < count; ++number) {
    Value joined = vectors[0];
    for (int64_t source = 1; source < count; ++source) {
      SmallVector<int64_t> chosen;
      for (int64_t lane = 0; lane < tile; ++lane) {
        int64_t place = number * tile + lane, from = place % count;
        bool isFirst = source == 1 && from == 0;
        chosen.push_back(from == source ? tile + place / count : isFirst ? place / count : lane);
      }
      joined = builder.create<vector::ShuffleOp>(joined, vectors[source], chosen);
    }
    result.push_back(joined);
  }
  return result;
}

class TransposedEmitter {
public:
  TransposedEmitter(Emission &emission, const IterationSpace &space, size_t across, int64_t acrossExtent,
                    int64_t lastExtent)
      : emission(emission), evaluator(emission.evaluator), builder(emission.builder), space(space), across(across),
        last(space.axes.size() - 1), acrossExtent(acrossExtent), lastExtent(lastExtent) {
    for (size_t axis = 0; axis < last; ++axis)
      if (axis != across) {
        outerAxes.push_back(axis);
        outer.push_back(space.axes[axis]);
      }
  }

  Division emit() {
    AffineExpr rows = product(outer, builder.op().getContext());
    int64_t strips = llvm::divideCeil(acrossExtent, tile);
    AffineExpr items = simplifyDimension(rows * strips);
    builder.loop(emission.begin, emission.end, 1, [&](Index item) {
      AffineExpr number = evaluator.variable(item, items);
      indices.assign(space.axes.size(), evaluator.constant(0));
      AffineExpr row = evaluator.simplify(number.floorDiv(strips));
      for (auto [axis, index] : llvm::zip(outerAxes, reshapePoint(row, rows, outer, evaluator.extents())))
        indices[axis] = evaluator.variable(evaluator.materialize(index), space.axes[axis]);
      Index strip = evaluator.materialize(evaluator.simplify(number % strips));
      if (lastExtent < tile)
        return emitInterleaved(strip);
      builder.loop(0, int64_t(llvm::divideCeil(lastExtent, tile)), 1, [&](Index column) { emitTile(strip, column); });
    });
    return {items, std::max<int64_t>(1, 16000 / (tile * lastExtent * operations()))};
  }

private:
  /// For each element, of about 0.03 ns, with the transposition.
  int64_t operations() const {
    return 4 + llvm::count_if(evaluator.getKernel().getBody().front(),
                              [](Operation &op) { return op.hasTrait<Pointwise>(); });
  }

  /// Where tile `number` of an axis begins, and how many of its elements the tile before has done.
  std::pair<AffineExpr, Index> start(Index number, int64_t extent) {
    Index begin = builder.min(builder.mul(number, tile), extent - tile);
    Index done = extent % tile ? builder.sub(builder.mul(number, tile), begin) : Index(0);
    return {evaluator.variable(begin, evaluator.constant(extent - tile + 1)), done};
  }

  /// Lanes from `first` on; null when these are all.
  Value maskFrom(Index first) {
    if (first.is(0))
      return {};
    Value below = builder.maskBelow(first, tile);
    return builder.create<arith::XOrIOp>(below, builder.constant(below.getType(), 1));
  }

  /// For each result, the vectors along `across` at `count` indices of the last axis.
  SmallVector<SmallVector<Value>> evaluateAcross(AffineExpr lastStart, int64_t count, const Lanes &lanes) {
    unsigned results = evaluator.getKernel().getNumResults();
    SmallVector<SmallVector<Value>> values(results);
    for (int64_t i = 0; i < count; ++i) {
      indices[last] = lastStart + i;
      Point point = space.point(indices, evaluator.extents());
      evaluator.evaluateTogether([&] {
        for (unsigned number = 0; number < results; ++number)
          values[number].push_back(evaluator.evaluate(evaluator.result(number), point, &lanes));
      });
    }
    return values;
  }

  /// All of the last axis, for a tile of `across`.
  void emitInterleaved(Index strip) {
    auto [acrossStart, acrossDone] = start(strip, acrossExtent);
    Lanes lanes = evaluator.lanes(tile);
    indices[across] = acrossStart + lanes.variable;
    SmallVector<SmallVector<Value>> values = evaluateAcross(evaluator.constant(0), lastExtent, lanes);
    Index done = builder.mul(acrossDone, lastExtent);
    for (auto [number, vectors] : llvm::enumerate(values))
      for (auto [part, vector] : llvm::enumerate(interleave(builder, vectors))) {
        lanes.mask = done.is(0) ? Value() : maskFrom(builder.sub(done, int64_t(part) * tile));
        AffineExpr place = acrossStart * lastExtent + int64_t(part) * tile + lanes.variable;
        indices[across] = place.floorDiv(lastExtent);
        indices[last] = place % lastExtent;
        evaluator.store(vector, number, space.point(indices, evaluator.extents()), &lanes);
      }
  }

  void emitTile(Index strip, Index column) {
    auto [acrossStart, acrossDone] = start(strip, acrossExtent);
    auto [lastStart, lastDone] = start(column, lastExtent);
    Lanes lanes = evaluator.lanes(tile);
    unsigned results = evaluator.getKernel().getNumResults();
    indices[across] = acrossStart + lanes.variable;
    SmallVector<SmallVector<Value>> values = evaluateAcross(lastStart, tile, lanes);
    lanes.mask = maskFrom(lastDone);
    indices[last] = lastStart + lanes.variable;
    for (SmallVector<Value> &rows : values)
      transpose16(builder, rows);
    for (int64_t i = 0; i < tile; ++i) {
      indices[across] = acrossStart + i;
      auto storeRow = [&] {
        for (unsigned number = 0; number < results; ++number)
          evaluator.store(values[number][i], number, space.point(indices, evaluator.extents()), &lanes);
      };
      if (acrossDone.is(0))
        storeRow();
      else
        builder.ifThen(builder.less(acrossDone, i + 1), storeRow);
    }
  }

  Emission &emission;
  Evaluator &evaluator;
  KernelBuilder &builder;
  const IterationSpace &space;
  size_t across, last;
  int64_t acrossExtent, lastExtent;
  SmallVector<size_t> outerAxes;
  SmallVector<AffineExpr> outer;
  SmallVector<AffineExpr> indices;
};

} // namespace

FailureOr<Division> emitTransposed(Emission &emission, const IterationSpace &space) {
  std::optional<size_t> across = space.transposedAxis();
  if (!across)
    return failure();
  auto acrossExtent = constantValue(space.axes[*across]), lastExtent = constantValue(space.axes.back());
  if (!acrossExtent || !lastExtent || *acrossExtent < tile)
    return failure();
  bool isInterleaved = *lastExtent <= longestInterleaved && *across + 2 == space.axes.size();
  if (*lastExtent < tile && !isInterleaved)
    return failure();
  return TransposedEmitter(emission, space, *across, *acrossExtent, *lastExtent).emit();
}

} // namespace ingot::cpu
