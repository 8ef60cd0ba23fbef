//===- index.cpp - Gradient rules: index -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/GradientRules.h"

using namespace mlir;

namespace ingot {
namespace {

/// Index tuples that name the batch axes too: [batch..., i..., k] becomes [batch..., i..., batch_axes + k].
Value fullTuples(GatherNdOp op, Gradient &g) {
  Type i64 = IntegerType::get(g.getContext(), 64);
  SmallVector<AffineExpr> column = g.dims(op.getIndices());
  column.back() = g.scope().constant(1);
  SmallVector<Value> parts;
  for (int64_t axis = 0; axis < int64_t(op.getBatchAxes()); ++axis)
    parts.push_back(g.iota(column, axis, i64));
  parts.push_back(g.cast(op.getIndices(), i64));
  return parts.size() == 1 ? op.getIndices() : g.make<ConcatOp>(ValueRange(parts), column.size() - 1);
}

/// The two scatter operations differ only in how they name places.
struct Places {
  std::function<Value(Value)> gather;
  std::function<Value(Value, Value, ScatterKind)> scatter;
};

/// y = x * (the product of the updates at each place)   =>   du = dy * y / u there. By an update of 0 it is the product
/// of the others: not 0 where that update is the only one of its place. (Derivatives of this one leave out what two
/// zeros at one place make of each other.)
Value factorGradient(Value x, Value u, Value y, const Places &places, Gradient &g) {
  Value zero = g.scalar(0, u), one = g.scalar(1, u), isZero = g.equal(u, zero);
  Value zeros = places.scatter(g.filled(0, x), g.cast(isZero, getElementTypeOrSelf(u)), ScatterKind::Add);
  Value others = places.scatter(x, g.select(isZero, one, u), ScatterKind::Multiply);
  Value rest = g.select(g.less(one, zeros), g.scalar(0, y), others); // what is left without one of its zeros
  Value slope = g.select(isZero, places.gather(rest), g.div(places.gather(y), g.select(isZero, one, u)));
  return g.mul(places.gather(g.ofOutput()), slope);
}

/// y = x with u put at some places. Where places repeat, `replace` credits each update as if it had been the last.
void scattered(ScatterKind kind, Value x, Value u, Value y, const Places &places, Gradient &g) {
  Value dy = g.ofOutput(), there = places.gather(dy);
  Type element = getElementTypeOrSelf(x);
  switch (kind) {
  case ScatterKind::Replace: // dx = dy with zeros at the places, du = dy at the places
    g.toInput(0, places.scatter(dy, g.filled(0, u), ScatterKind::Replace));
    return g.toInput(2, there);
  case ScatterKind::Add: // dx = dy, du = dy at the places
    g.toInput(0, dy);
    return g.toInput(2, there);
  case ScatterKind::Multiply:
    g.toInput(0, g.mul(dy, places.scatter(g.filled(1, x), u, ScatterKind::Multiply)));
    return g.toInput(2, factorGradient(x, u, y, places, g));
  case ScatterKind::Max:
  case ScatterKind::Min: { // what equals y shares dy
    Value isX = g.cast(g.equal(x, y), element), isU = g.cast(g.equal(u, places.gather(y)), element);
    Value share = g.div(dy, places.scatter(isX, isU, ScatterKind::Add));
    g.toInput(0, g.mul(isX, share));
    return g.toInput(2, g.mul(isU, places.gather(share)));
  }
  }
}

} // namespace

void indexGradients(GradientRules &rules) {
  // y[a, i, b] = x[a, index[i], b]   =>   dx[a, index[i], b] += dy[a, i, b]
  rules.add<GatherOp>([](GatherOp op, Gradient &g) {
    g.toInput(0, g.scatterAdd(g.ofOutput(), op.getIndices(), op.getAxis(), g.dims(op.getInput())));
  });
  // y[i] = x[i with i_axis = index[i]]   =>   dx there += dy[i]
  rules.add<GatherElementsOp>([](GatherElementsOp op, Gradient &g) {
    g.toInput(0, g.make<ScatterElementsOp>(g.filled(0, op.getInput()), op.getIndices(), g.ofOutput(), op.getAxis(),
                                           ScatterKind::Add));
  });
  // y[i] = x[tuple[i]]   =>   dx[tuple[i]] += dy[i]
  rules.add<GatherNdOp>([](GatherNdOp op, Gradient &g) {
    g.toInput(0, g.make<ScatterNdOp>(g.filled(0, op.getInput()), fullTuples(op, g), g.ofOutput(), ScatterKind::Add));
  });
  rules.add<ScatterElementsOp>([](ScatterElementsOp op, Gradient &g) {
    Places places;
    places.gather = [&](Value from) { return g.make<GatherElementsOp>(from, op.getIndices(), op.getAxis()); };
    places.scatter = [&](Value onto, Value updates, ScatterKind kind) {
      return g.make<ScatterElementsOp>(onto, op.getIndices(), updates, op.getAxis(), kind);
    };
    scattered(op.getKind(), op.getInput(), op.getUpdates(), op.getOutput(), places, g);
  });
  rules.add<ScatterNdOp>([](ScatterNdOp op, Gradient &g) {
    Places places;
    places.gather = [&](Value from) { return g.make<GatherNdOp>(from, op.getIndices(), 0); };
    places.scatter = [&](Value onto, Value updates, ScatterKind kind) {
      return g.make<ScatterNdOp>(onto, op.getIndices(), updates, kind);
    };
    scattered(op.getKind(), op.getInput(), op.getUpdates(), op.getOutput(), places, g);
  });
  // y = the greatest elements of x, at i   =>   dx[i] = dy
  rules.add<TopKOp>([](TopKOp op, Gradient &g) {
    g.toInput(0, g.make<ScatterElementsOp>(g.filled(0, op.getInput()), op.getIndices(), g.ofOutput(), op.getAxis(),
                                           ScatterKind::Add));
  });
}

} // namespace ingot
