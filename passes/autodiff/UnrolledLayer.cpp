//===- UnrolledLayer.cpp - Recurrent layers step by step ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The formulas are those of dialects/ingot/ops/recurrent.td. A direction that runs from the ends has its sequences
// turned around before and its results after; in a sequence that has ended, states stay and results are 0.
//
//===----------------------------------------------------------------------===//
#include "passes/autodiff/UnrolledLayer.h"

using namespace mlir;

namespace ingot {
namespace {

/// More would take too long to compile.
constexpr int64_t mostSteps = 512;

/// What one step makes of its gates and the states: new states, of which the first is the layer's result, and the
/// columns of `activated`.
struct StepResult {
  SmallVector<Value> states, activated;
};

template <typename Op>
class Unrolled {
public:
  Unrolled(Op op, ValueRange operands, Gradient &g) : op(op), operands(operands, op), g(g) {
    dims = g.dims(op.getGates());
    steps = constantValue(dims[0]).value_or(0);
    directions = *constantValue(dims[2]);
    if (!op.getLengths().empty())
      lengths = this->operands.getLengths().front();
  }

  bool isPossible() {
    if (steps >= 1 && steps <= mostSteps)
      return true;
    g.notSupported(
        "a recurrent layer that is written out step by step, over as many steps as a symbol says or more than " +
        Twine(mostSteps) + " (" + describe(op.getGates().getType()) + " gates)");
    return false;
  }

  /// For each direction `step(which, x, states)` with x [B, G, H] and states [B, H] that begin as `initial`
  /// [D, B, H]. `sequences[i]` becomes [T, B, D, H] of state i, `last[i]` its end [D, B, H], `activated` [T, B, D, K,
  /// H].
  void run(ArrayRef<Value> initial,
           llvm::function_ref<StepResult(int64_t which, Value x, ArrayRef<Value> states)> step) {
    SmallVector<SmallVector<Value>> sequenceParts(initial.size()), lastParts(initial.size());
    SmallVector<Value> activatedParts;
    for (int64_t which = 0; which < directions; ++which) {
      bool isReverse = op.getDirection() == Direction::Reverse || which == 1;
      Value gates = direction(operands.getGates(), 2, which); // [T, B, G, H]
      if (isReverse)
        gates = turned(gates);
      SmallVector<Value> states;
      for (Value state : initial)
        states.push_back(direction(state, 0, which));
      SmallVector<SmallVector<Value>> kept(initial.size());
      SmallVector<Value> columns;
      for (int64_t number = 0; number < steps; ++number) {
        StepResult result = step(which, piece(gates, 0, number), states);
        Value isActive = lengths ? activeRows(number) : Value();
        for (auto [index, state] : llvm::enumerate(result.states)) {
          Value shown = isActive ? g.where(isActive, state) : state;
          states[index] = isActive ? g.select(isActive, state, states[index]) : state;
          kept[index].push_back(shown);
        }
        columns.push_back(stack(result.activated, 1));
      }
      auto back = [&](ArrayRef<Value> parts) { // [T, B, 1, ...]
        Value joined = stack(parts, 0);
        return inserted(isReverse ? turned(joined) : joined, 2);
      };
      for (size_t index = 0; index < initial.size(); ++index) {
        sequenceParts[index].push_back(back(kept[index]));
        lastParts[index].push_back(inserted(states[index], 0));
      }
      activatedParts.push_back(back(columns));
    }
    for (size_t index = 0; index < initial.size(); ++index) {
      sequences.push_back(join(sequenceParts[index], 2));
      last.push_back(join(lastParts[index], 0));
    }
    activated = join(activatedParts, 2);
  }

  /// x + h R for the gates [first, first + count): [B, count, H].
  Value plusRecurrence(Value x, Value h, int64_t which, int64_t first, int64_t count) {
    AffineExpr hidden = dims[4];
    Value weights = range(direction(operands.getRecurrence(), 0, which), 1, first, count); // [H, count, H]
    Value product = g.make<MatmulOp>(h, g.reshape(weights, {hidden, hidden * count}));
    return g.add(range(x, 1, first, count), g.reshape(product, {dims[1], number(count), hidden}));
  }

  /// Function `which` of the layer; gates' arguments are limited.
  Value function(int64_t which, Value x, bool isGate = true) {
    double clip = op.getClip().convertToDouble();
    if (isGate && clip > 0)
      x = g.make<MinOp>(g.make<MaxOp>(x, g.scalar(-clip, x)), g.scalar(clip, x));
    ArrayRef<double> parameters = op.getParameters().slice(2 * which, 2);
    StringRef name = cast<StringAttr>(op.getActivations()[which]).getValue();
    return apply(*symbolizeActivation(name), x, parameters[0], parameters[1]);
  }

  /// One index of an axis, which goes.
  Value piece(Value tensor, int64_t axis, int64_t index) {
    SmallVector<AffineExpr> extents = g.dims(tensor);
    Value own = range(tensor, axis, index, 1);
    extents.erase(extents.begin() + axis);
    return g.reshape(own, extents);
  }
  Value direction(Value tensor, int64_t axis, int64_t which) { return piece(tensor, axis, which); }

  typename Op::Adaptor named() { return operands; }

  SmallVector<Value> sequences, last;
  Value activated;

private:
  AffineExpr number(int64_t value) { return g.scope().constant(value); }

  Value range(Value tensor, int64_t axis, int64_t first, int64_t count) {
    SmallVector<AffineExpr> extents = g.dims(tensor), starts(extents.size(), number(0));
    if (constantValue(extents[axis]) == count)
      return tensor;
    starts[axis] = number(first);
    extents[axis] = number(count);
    return g.slice(tensor, starts, SmallVector<int64_t>(extents.size(), 1), extents);
  }

  Value inserted(Value tensor, int64_t axis) {
    SmallVector<AffineExpr> extents = g.dims(tensor);
    extents.insert(extents.begin() + axis, number(1));
    return g.reshape(tensor, extents);
  }
  Value join(ArrayRef<Value> parts, int64_t axis) {
    return parts.size() == 1 ? parts[0] : g.make<ConcatOp>(ValueRange(parts), axis);
  }
  /// The parts along a new axis.
  Value stack(ArrayRef<Value> parts, int64_t axis) {
    return join(llvm::map_to_vector(parts, [&](Value part) { return inserted(part, axis); }), axis);
  }

  /// [B, 1]: the sequences that have not ended before step `index`.
  Value activeRows(int64_t index) {
    return g.less(g.scalar(double(index), lengths), g.reshape(lengths, {dims[1], number(1)}));
  }

  /// [T, B, ...] from each sequence's own end to its beginning; what lies behind the end stays there.
  Value turned(Value tensor) {
    if (!lengths)
      return reversed(tensor);
    Type i64 = IntegerType::get(g.getContext(), 64);
    SmallVector<AffineExpr> plane{dims[0], dims[1]}, column{dims[0], dims[1], number(1)};
    Value time = g.iota(plane, 0, i64), ends = g.cast(g.reshape(lengths, {number(1), dims[1]}), i64);
    Value position = g.select(g.less(time, ends), g.sub(g.add(ends, -1), time), time);
    SmallVector<Value> tuple{g.reshape(position, column), g.iota(column, 1, i64)};
    return g.make<GatherNdOp>(tensor, g.make<ConcatOp>(ValueRange(tuple), int64_t(2)), int64_t(0));
  }
  Value reversed(Value tensor) {
    SmallVector<AffineExpr> extents = g.dims(tensor), starts(extents.size(), number(0));
    SmallVector<int64_t> strides(extents.size(), 1);
    starts[0] = number(steps - 1);
    strides[0] = -1;
    return g.slice(tensor, starts, strides, extents);
  }

  Value apply(Activation kind, Value x, double alpha, double beta) {
    auto isNegative = [&] { return g.less(x, g.scalar(0, x)); };
    switch (kind) {
    case Activation::Sigmoid:
      return g.make<SigmoidOp>(x);
    case Activation::Tanh:
      return g.make<TanhOp>(x);
    case Activation::Relu:
      return g.make<ReluOp>(x);
    case Activation::Affine:
      return g.add(g.mul(x, alpha), beta);
    case Activation::LeakyRelu:
      return g.select(isNegative(), g.mul(x, alpha), x);
    case Activation::ThresholdedRelu:
      return g.where(g.less(g.scalar(alpha, x), x), x);
    case Activation::ScaledTanh:
      return g.mul(g.make<TanhOp>(g.mul(x, beta)), alpha);
    case Activation::HardSigmoid:
      return g.make<MinOp>(g.make<ReluOp>(g.add(g.mul(x, alpha), beta)), g.scalar(1, x));
    case Activation::Elu:
      return g.select(isNegative(), g.mul(g.add(g.exp(g.make<MinOp>(x, g.scalar(0, x))), -1), alpha), x);
    case Activation::Softsign:
      return g.div(x, g.add(g.make<AbsOp>(x), 1));
    case Activation::Softplus: { // max(x, 0) + ln(1 + e^-|x|)
      Value tail = g.log(g.add(g.exp(g.neg(g.make<AbsOp>(x))), 1));
      return g.add(g.make<MaxOp>(x, g.scalar(0, x)), tail);
    }
    }
    return {};
  }

  Op op;
  typename Op::Adaptor operands;
  Gradient &g;
  SmallVector<AffineExpr> dims; // T, B, D, G, H
  int64_t steps, directions;
  Value lengths;
};

} // namespace

SmallVector<Value> unrolled(LstmOp op, ValueRange operands, Gradient &g) {
  Unrolled<LstmOp> layer(op, operands, g);
  if (!layer.isPossible())
    return {};
  auto step = [&](int64_t which, Value x, ArrayRef<Value> states) {
    Value z = layer.plusRecurrence(x, states[0], which, 0, 4), old = states[1];
    Value peepholes = layer.direction(layer.named().getPeepholes(), 0, which);
    auto gate = [&](int64_t number, int64_t peephole, Value cell) {
      Value seen = g.mul(layer.piece(peepholes, 0, peephole), cell);
      return layer.function(0, g.add(layer.piece(z, 1, number), seen));
    };
    Value input = gate(0, 0, old), candidate = layer.function(1, layer.piece(z, 1, 3));
    Value forget = op.getInputForget() ? g.sub(1, input) : gate(2, 2, old);
    Value cell = g.add(g.mul(forget, old), g.mul(input, candidate)), output = gate(1, 1, cell);
    Value h = g.mul(output, layer.function(2, cell, /*isGate=*/false));
    return StepResult{{h, cell}, {input, output, forget, candidate}};
  };
  layer.run({layer.named().getInitialH(), layer.named().getInitialC()}, step);
  return {layer.sequences[0], layer.last[0], layer.last[1], layer.activated, layer.sequences[1]};
}

SmallVector<Value> unrolled(GruOp op, ValueRange operands, Gradient &g) {
  Unrolled<GruOp> layer(op, operands, g);
  if (!layer.isPossible())
    return {};
  auto step = [&](int64_t which, Value x, ArrayRef<Value> states) {
    Value old = states[0], both = layer.plusRecurrence(x, old, which, 0, 2);
    Value z = layer.function(0, layer.piece(both, 1, 0)), r = layer.function(0, layer.piece(both, 1, 1));
    Value bias = layer.direction(layer.named().getBias(), 0, which), kept, sum;
    if (op.getLinearBeforeReset()) {
      Value none = g.filled(0, x);
      kept = g.add(layer.piece(layer.plusRecurrence(none, old, which, 2, 1), 1, 0), bias);
      sum = g.add(layer.piece(x, 1, 2), g.mul(r, kept));
    } else {
      kept = g.mul(r, old);
      sum = g.add(layer.piece(layer.plusRecurrence(x, kept, which, 2, 1), 1, 0), bias);
    }
    Value n = layer.function(1, sum);
    Value h = g.add(g.mul(g.sub(1, z), n), g.mul(z, old));
    return StepResult{{h}, {z, r, n, kept}};
  };
  layer.run({layer.named().getInitialH()}, step);
  return {layer.sequences[0], layer.last[0], layer.activated};
}

SmallVector<Value> unrolled(RnnOp op, ValueRange operands, Gradient &g) {
  Unrolled<RnnOp> layer(op, operands, g);
  if (!layer.isPossible())
    return {};
  auto step = [&](int64_t which, Value x, ArrayRef<Value> states) {
    Value h = layer.function(0, layer.piece(layer.plusRecurrence(x, states[0], which, 0, 1), 1, 0));
    return StepResult{{h}, {h}};
  };
  layer.run({layer.named().getInitialH()}, step);
  return {layer.sequences[0], layer.last[0]};
}

} // namespace ingot
