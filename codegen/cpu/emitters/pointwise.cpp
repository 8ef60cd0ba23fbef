//===- pointwise.cpp - Kernels without a root, and rows of caches ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element by element over the results, 16 lanes at a time along the last axis that remains after merging axes (see
// IterationSpace.h):
//
//   for item in [begin, end):           a row, or a piece of one
//     for block of lanes in piece:      4 vectors, then single ones, then one under a mask
//       results[...] = f(operands[...])
//
// An append walks over its rows alone, and stores them at their place in the cache.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Emitter.h"
#include "codegen/cpu/IterationSpace.h"
#include "codegen/cpu/emitters/Transposed.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

constexpr int64_t lanes = panelLanes;
/// A row is cut into pieces of so many blocks of lanes.
constexpr int64_t pieceBlocks = 256;
/// A last axis shorter than this is walked together with the others, though then indices are computed lane by lane.
constexpr int64_t shortestRow = 6;

/// Results of one shape, computed together.
struct Group {
  SmallVector<unsigned> results;
  SmallVector<Value> tensors;
  /// What puts `tensors`, its rows, into the result; or null.
  AppendOp append = {};
};

SmallVector<Group> groupResults(Evaluator &evaluator) {
  SmallVector<Group> groups;
  SmallVector<SmallVector<AffineExpr>> shapes;
  for (unsigned number = 0; number < evaluator.getKernel().getNumResults(); ++number) {
    SmallVector<AffineExpr> dims = evaluator.dims(evaluator.result(number));
    size_t index = llvm::find(shapes, dims) - shapes.begin();
    if (index == shapes.size()) {
      shapes.push_back(dims);
      groups.emplace_back();
    }
    groups[index].results.push_back(number);
    groups[index].tensors.push_back(evaluator.result(number));
  }
  return groups;
}

class PointwiseEmitter {
public:
  PointwiseEmitter(Emission &emission, const Group &group)
      : evaluator(emission.evaluator), builder(emission.builder), group(group), space(evaluator, group.tensors) {
    MLIRContext *context = builder.op().getContext();
    auto shortRow = space.axes.empty() ? std::optional<int64_t>(1) : constantValue(space.axes.back());
    if (space.axes.size() != 1 && shortRow && *shortRow < shortestRow) {
      space.axes = {product(space.dims, context)};
      space.first = {0};
    }
    rowLength = space.axes.back();
    rows = product(ArrayRef(space.axes).drop_back(), context);
    auto length = constantValue(rowLength);
    bool isCut = !length || *length > pieceBlocks * lanes;
    pieces = isCut ? simplifyDimension(rowLength.ceilDiv(pieceBlocks * lanes)) : evaluator.constant(1);
  }

  AffineExpr items() const { return simplifyDimension(rows * pieces); }

  int64_t grain() const {
    int64_t most = pieceBlocks * lanes, elements = std::min(constantValue(rowLength).value_or(most), most);
    int64_t operations = 2;
    for (Operation &op : evaluator.getKernel().getBody().front())
      operations += op.hasTrait<Pointwise>() ? 1 : 0;
    // About 0.03 ns for one operation on one element; splitting pays above half a microsecond.
    return std::max<int64_t>(1, 16000 / std::max<int64_t>(1, elements * operations));
  }

  void emit(Index begin, Index end) {
    builder.loop(begin, end, 1, [&](Index item) {
      AffineExpr number = evaluator.variable(item, items()), row = number, piece = evaluator.constant(0);
      if (constantValue(pieces) != 1) {
        row = evaluator.simplify(number.floorDiv(pieces));
        piece = evaluator.simplify(number % pieces);
      }
      // Indices are computed once for the piece.
      row = evaluator.variable(evaluator.materialize(row), rows);
      emitPiece(row, evaluator.materialize(piece));
    });
  }

private:
  void emitPiece(AffineExpr row, Index piece) {
    SmallVector<AffineExpr> indices;
    if (space.axes.size() > 1) {
      ArrayRef<AffineExpr> outer = ArrayRef(space.axes).drop_back();
      for (auto [index, extent] : llvm::zip(reshapePoint(row, rows, outer, evaluator.extents()), outer))
        indices.push_back(evaluator.variable(evaluator.materialize(index), extent));
    }
    Index first = builder.mul(piece, pieceBlocks);
    Index length = builder.sub(evaluator.materialize(rowLength), builder.mul(first, lanes));
    if (constantValue(pieces) != 1)
      length = builder.min(length, pieceBlocks * lanes);
    Index whole = builder.add(first, builder.div(length, lanes)), rest = builder.mod(length, lanes);
    Index bulk = builder.add(first, builder.mul(builder.div(length, unroll() * lanes), unroll()));
    builder.loop(first, bulk, unroll(), [&](Index block) { emitVectors(indices, block, unroll(), {}); });
    builder.loop(bulk, whole, 1, [&](Index block) { emitVectors(indices, block, 1, {}); });
    auto tail = [&] { emitVectors(indices, whole, 1, builder.maskBelow(rest, lanes)); };
    if (!rest.constant())
      builder.ifThen(builder.less(0, rest), tail);
    else if (!rest.is(0))
      tail();
  }

  /// Vectors in one trip: short computations wait for memory, long ones fill the pipeline alone.
  int64_t unroll() const { return evaluator.getKernel().getBody().front().getOperations().size() <= 12 ? 4 : 2; }

  /// Blocks of lanes are counted, not elements, so that it is plain that a block is aligned: then reshapes keep whole
  /// vectors together.
  void emitVectors(ArrayRef<AffineExpr> outer, Index block, int64_t count, Value mask) {
    AffineExpr start = evaluator.variable(block, simplifyDimension(rowLength.ceilDiv(lanes)));
    for (int64_t i = 0; i < count; ++i) {
      Lanes vector = evaluator.lanes(lanes, mask);
      SmallVector<AffineExpr> indices(outer);
      indices.push_back((start + i) * lanes + vector.variable);
      Point point = space.point(indices, evaluator.extents());
      SmallVector<Value> elements;
      evaluator.evaluateTogether([&] {
        for (Value tensor : group.tensors)
          elements.push_back(evaluator.evaluate(tensor, point, &vector));
      });
      if (AppendOp append = group.append)
        point[append.getAxis()] = evaluator.getSymbols().adopt(append.getStart()).front() + point[append.getAxis()];
      // Only now: a result may have an operand's place.
      for (auto [number, element] : llvm::zip(group.results, elements))
        evaluator.store(element, number, point, &vector);
    }
  }

  Evaluator &evaluator;
  KernelBuilder &builder;
  const Group &group;
  IterationSpace space;
  AffineExpr rowLength, rows, pieces;
};

} // namespace

FailureOr<Division> emitPointwise(Emission &emission) {
  auto append = dyn_cast_or_null<AppendOp>(emission.root);
  if (emission.root && !append)
    return failure();
  Division division{emission.evaluator.constant(1)};
  SmallVector<Group> groups;
  if (append)
    groups.push_back({{0}, {append.getRows()}, append});
  else
    groups = groupResults(emission.evaluator);
  if (groups.size() == 1 && !append) {
    IterationSpace space(emission.evaluator, groups[0].tensors);
    if (FailureOr<Division> transposed = emitTransposed(emission, space); succeeded(transposed))
      return transposed;
  }
  for (auto [index, group] : llvm::enumerate(groups)) {
    PointwiseEmitter emitter(emission, group);
    if (index == 0) {
      division.items = emitter.items();
      division.grain = emitter.grain();
      emitter.emit(emission.begin, emission.end);
      continue;
    }
    // Rare: results of other shapes are done by whoever does the first item.
    KernelBuilder &builder = emission.builder;
    builder.ifThen(builder.less(emission.begin, 1),
                   [&] { emitter.emit(0, emission.evaluator.materialize(emitter.items())); });
  }
  return division;
}

} // namespace ingot::cpu
