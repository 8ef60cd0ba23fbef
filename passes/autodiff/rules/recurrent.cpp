//===- recurrent.cpp - Gradient rules: recurrent -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An operation of its own runs the steps backwards and gives the gradient dz of the gates. What is summed over all
// steps is an ordinary product for each direction: with z = gates + h R,
//
//   dR[d] = sum over t, b of h[t - 1, b, d]' dz[t, b, d]
//
// Differentiated again, a layer of known length is written out step by step (UnrolledLayer.h).
//
//===----------------------------------------------------------------------===//
#include "passes/autodiff/UnrolledLayer.h"

using namespace mlir;

namespace ingot {
namespace {

/// The states of a layer one step earlier in each direction's order, and sums over all steps.
template <typename Op>
class Steps {
public:
  Steps(Op op, Gradient &g) : dims(g.dims(op.getGates())), op(op), g(g) { directions = *constantValue(dims[2]); }

  /// One direction of [T, B, D, ...] or, with `axis` 0, of [D, ...]; the axis goes.
  Value direction(Value tensor, int64_t axis, int64_t which) {
    if (!tensor)
      return {};
    SmallVector<AffineExpr> extents = g.dims(tensor), starts(extents.size(), number(0));
    starts[axis] = number(which);
    extents[axis] = number(1);
    Value piece = directions == 1 ? tensor : g.slice(tensor, starts, SmallVector<int64_t>(extents.size(), 1), extents);
    extents.erase(extents.begin() + axis);
    return g.reshape(piece, extents);
  }

  /// Of one direction, [T, B, H], what `states` [T, B, D, H] held before each step: `initial` [D, B, H] before the
  /// first.
  Value before(Value states, Value initial, int64_t which) {
    Value own = direction(states, 2, which), first = direction(initial, 0, which);
    first = g.reshape(first, {number(1), dims[1], dims[4]});
    bool isReverse = op.getDirection() == Direction::Reverse || which == 1;
    AffineExpr zero = number(0), rest = simplifyDimension(dims[0] - 1);
    Value kept = g.slice(own, {isReverse ? number(1) : zero, zero, zero}, {1, 1, 1}, {rest, dims[1], dims[4]});
    if (isReverse && !op.getLengths().empty())
      return fromEnds(kept, first);
    SmallVector<Value> parts{isReverse ? kept : first, isReverse ? first : kept};
    return g.make<ConcatOp>(ValueRange(parts), int64_t(0));
  }

  /// sum over t, b of a[t, b, d, :]' dz[t, b, d, gates, :] for the gates [first, first + count), [1, H, count, H].
  Value product(Value a, Value dz, int64_t which, int64_t first, int64_t count) {
    Value own = direction(dz, 2, which);
    SmallVector<AffineExpr> extents = g.dims(own), starts(4, number(0));
    AffineExpr rows = dims[0] * dims[1], columns = dims[4] * count;
    if (constantValue(extents[2]) != count) {
      starts[2] = number(first);
      extents[2] = number(count);
      own = g.slice(own, starts, {1, 1, 1, 1}, extents);
    }
    Value sum = g.make<MatmulOp>(g.transposeLast(g.reshape(a, {rows, dims[4]})), g.reshape(own, {rows, columns}));
    return g.reshape(sum, {number(1), dims[4], number(count), dims[4]});
  }

  /// [1, ...] of each direction as [D, ...].
  Value join(ArrayRef<Value> parts, int64_t axis = 0) {
    return parts.size() == 1 ? parts[0] : g.make<ConcatOp>(ValueRange(parts), axis);
  }
  /// The rule for each direction, joined.
  Value forEachDirection(llvm::function_ref<Value(int64_t which)> body) {
    SmallVector<Value> parts;
    for (int64_t which = 0; which < directions; ++which) {
      parts.push_back(body(which));
      if (!parts.back())
        return {};
    }
    return join(parts);
  }
  /// dR when all gates are multiplied by the same states.
  Value weights(Value dz, Value states, Value initial) {
    int64_t gates = *constantValue(g.dims(dz)[3]);
    return forEachDirection(
        [&](int64_t which) { return product(before(states, initial, which), dz, which, 0, gates); });
  }
  /// Gate `which` of [T, B, D, G, H].
  Value gate(Value tensor, int64_t which) {
    SmallVector<AffineExpr> extents = g.dims(tensor), starts(extents.size(), number(0));
    starts[3] = number(which);
    extents[3] = number(1);
    return g.slice(tensor, starts, {1, 1, 1, 1, 1}, extents);
  }
  AffineExpr number(int64_t value) { return g.scope().constant(value); }

  SmallVector<AffineExpr> dims; // T, B, D, G, H

private:
  /// A reversed sequence starts at its own last step: there the initial state comes before, elsewhere the state of the
  /// next position, which is 0 behind the end.
  Value fromEnds(Value kept, Value first) {
    SmallVector<AffineExpr> column{dims[0], dims[1], number(1)};
    Type type = getElementTypeOrSelf(op.getLengths().front());
    Value lengths = g.reshape(op.getLengths().front(), {number(1), dims[1], number(1)});
    Value isLast = g.equal(g.make<AddOp>(g.iota(column, 0, type), g.scalar(1, type)), lengths);
    Value next = g.pad(kept, {0, 0, 0}, {1, 0, 0});
    return g.select(isLast, first, next);
  }

  Op op;
  Gradient &g;
  int64_t directions;
};

/// Whether each function's result tells its derivative. With these numbers two arguments of different slopes have one
/// result: functions that fall and rise, or are level on one side.
bool isToldByResults(ArrayAttr names, ArrayRef<double> parameters) {
  for (auto [number, name] : llvm::enumerate(names.getAsValueRange<StringAttr>())) {
    Activation kind = *symbolizeActivation(name);
    double alpha = parameters[2 * number];
    if (((kind == Activation::LeakyRelu || kind == Activation::Elu) && alpha <= 0) ||
        (kind == Activation::ScaledTanh && alpha == 0))
      return false;
  }
  return true;
}

/// Where the gradient of a layer is differentiated, something arrives at what the layer kept for it, its results from
/// `firstKept` on. Then the layer's gradient is that of its steps; so it is with functions whose derivatives their
/// results do not tell.
template <typename Op>
bool isDoneByUnrolling(Op op, unsigned firstKept, Gradient &g) {
  SmallVector<Value> arriving;
  for (unsigned number = 0; number < op->getNumResults(); ++number)
    arriving.push_back(g.reachesOutput(number) ? g.ofOutput(number) : Value());
  bool isAgain = llvm::any_of(ArrayRef(arriving).drop_front(firstKept), [](Value value) { return bool(value); });
  if (!isAgain && isToldByResults(op.getActivations(), op.getParameters()))
    return false;
  SmallVector<Value> leaves = g.leaves(op->getOperands()), outputs, cotangents;
  for (auto [output, cotangent] : llvm::zip(unrolled(op, leaves, g), arriving)) {
    if (!cotangent)
      continue;
    outputs.push_back(output);
    cotangents.push_back(cotangent);
  }
  if (!g.hasFailed())
    for (auto [number, gradient] : llvm::enumerate(g.pullBack(outputs, cotangents, leaves)))
      g.toInput(number, gradient);
  return true;
}

/// The gradient of a layer's gradient: twice that of its steps. Contributions go to the layer's operands, past what it
/// kept. `arriving` is the first of the operands that arrived at the layer's results, `departing` says by which of the
/// layer's operands the results are gradients.
template <typename Op, typename GradientOp>
void secondRule(GradientOp op, Gradient &g, unsigned arriving, ArrayRef<unsigned> departing) {
  Value kept = op.getActivated();
  if (auto reshape = kept.getDefiningOp<ReshapeOp>())
    kept = reshape.getInput();
  auto layer = kept.getDefiningOp<Op>();
  if (!layer)
    return g.notSupported("a recurrent layer's gradient without the layer");
  size_t count = departing.size(); // a sequence arrives beside each state, gates leave
  SmallVector<Value> leaves = g.leaves(layer->getOperands());
  SmallVector<Value> cotangents = g.leaves(op->getOperands().slice(arriving, count));
  SmallVector<Value> results = unrolled(layer, leaves, g);
  if (g.hasFailed())
    return;
  SmallVector<Value> first = g.pullBack(ArrayRef(results).take_front(count), cotangents, leaves), outputs, seeds;
  if (g.hasFailed())
    return;
  for (auto [number, operand] : llvm::enumerate(departing)) {
    outputs.push_back(first[operand]);
    seeds.push_back(g.ofOutput(number));
  }
  SmallVector<Value> wrt = leaves;
  wrt.append(cotangents);
  SmallVector<Value> gradients = g.pullBack(outputs, seeds, wrt);
  if (g.hasFailed())
    return;
  for (auto [operand, gradient] : llvm::zip(layer->getOperands(), gradients))
    g.toValue(operand, gradient);
  for (size_t i = 0; i < count; ++i)
    g.toInput(arriving + i, gradients[leaves.size() + i]);
}

/// The operation that runs the layer backwards learns its `clip`.
template <typename Op, typename GradientOp>
void keepClip(Op op, GradientOp gradient) {
  if (op.getClip().convertToDouble() > 0)
    gradient->setAttr("ingot.clip", op.getClipAttr());
}

// i C + ..., with peepholes z_i += p_i C, z_f += p_f C, z_o += p_o C'   =>   dp = sum over t, b of dz * C
Value peepholeGradient(LstmOp op, Steps<LstmOp> &steps, Value dz, Gradient &g) {
  return steps.forEachDirection([&](int64_t which) {
    Value old = steps.before(op.getCells(), op.getInitialC(), which);
    Value now = steps.direction(op.getCells(), 2, which);
    SmallVector<Value> parts;
    for (auto [gate, state] : {std::pair<int64_t, Value>{0, old}, {1, now}, {2, old}}) {
      Value own = steps.direction(steps.gate(dz, gate), 2, which); // [T, B, 1, H]
      own = g.reshape(own, {steps.dims[0], steps.dims[1], steps.dims[4]});
      parts.push_back(g.reshape(g.sum(g.mul(own, state), {0, 1}), {steps.number(1), steps.number(1), steps.dims[4]}));
    }
    return steps.join(parts, 1);
  });
}

void lstmRule(LstmOp op, Gradient &g) {
  if (isDoneByUnrolling(op, 3, g))
    return;
  auto gradient =
      g.makeAll<LstmGradientOp>(op.getActivated(), op.getRecurrence(), op.getCells(), op.getInitialC(),
                                op.getPeepholes(), g.ofOutput(0), g.ofOutput(1), g.ofOutput(2), op.getLengths(),
                                op.getDirection(), op.getActivations(), op.getParameters(), op.getInputForget());
  keepClip(op, gradient);
  Steps<LstmOp> steps(op, g);
  Value dz = gradient.getGatesGradient();
  g.toInput(0, dz);
  if (g.wantsInput(1))
    g.toInput(1, steps.weights(dz, op.getSequence(), op.getInitialH()));
  g.toInput(2, gradient.getInitialHGradient());
  g.toInput(3, gradient.getInitialCGradient());
  if (g.wantsInput(4))
    g.toInput(4, peepholeGradient(op, steps, dz, g));
}

// With linear_before_reset the hidden gate's recurrence sees dz_h r; without, its factor is r h, which was kept.
void gruRule(GruOp op, Gradient &g) {
  if (isDoneByUnrolling(op, 2, g))
    return;
  auto gradient = g.makeAll<GruGradientOp>(op.getActivated(), op.getRecurrence(), op.getSequence(), op.getInitialH(),
                                           g.ofOutput(0), g.ofOutput(1), op.getLengths(), op.getDirection(),
                                           op.getActivations(), op.getParameters(), op.getLinearBeforeReset());
  keepClip(op, gradient);
  Steps<GruOp> steps(op, g);
  Value dz = gradient.getGatesGradient(), hiddenGate = steps.gate(dz, 2);
  g.toInput(0, dz);
  bool isLinear = op.getLinearBeforeReset();
  if (isLinear)
    hiddenGate = g.mul(hiddenGate, steps.gate(op.getActivated(), 1));
  if (g.wantsInput(1))
    g.toInput(1, steps.forEachDirection([&](int64_t which) {
      Value old = steps.before(op.getSequence(), op.getInitialH(), which);
      Value kept = steps.direction(steps.gate(op.getActivated(), 3), 2, which);
      SmallVector<Value> parts{steps.product(old, dz, which, 0, 2),
                               steps.product(isLinear ? old : kept, hiddenGate, which, 0, 1)};
      return steps.join(parts, 2);
    }));
  g.toInput(2, gradient.getInitialHGradient());
  if (g.wantsInput(3))
    g.toInput(3, g.reshape(g.sum(hiddenGate, {0, 1}), {steps.dims[2], steps.dims[4]}));
}

void rnnRule(RnnOp op, Gradient &g) {
  if (isDoneByUnrolling(op, 2, g))
    return;
  Steps<RnnOp> steps(op, g);
  Value activated = g.reshape(op.getSequence(), steps.dims);
  auto gradient = g.makeAll<RnnGradientOp>(activated, op.getRecurrence(), g.ofOutput(0), g.ofOutput(1), op.getLengths(),
                                           op.getDirection(), op.getActivations(), op.getParameters());
  keepClip(op, gradient);
  g.toInput(0, gradient.getGatesGradient());
  if (g.wantsInput(1))
    g.toInput(1, steps.weights(gradient.getGatesGradient(), op.getSequence(), op.getInitialH()));
  g.toInput(2, gradient.getInitialHGradient());
}

} // namespace

void recurrentGradients(GradientRules &rules) {
  rules.add<LstmOp>(lstmRule);
  rules.add<GruOp>(gruRule);
  rules.add<RnnOp>(rnnRule);
  rules.add<LstmGradientOp>([](LstmGradientOp op, Gradient &g) { secondRule<LstmOp>(op, g, 5, {0, 2, 3}); });
  rules.add<GruGradientOp>([](GruGradientOp op, Gradient &g) { secondRule<GruOp>(op, g, 4, {0, 2}); });
  rules.add<RnnGradientOp>([](RnnGradientOp op, Gradient &g) { secondRule<RnnOp>(op, g, 2, {0, 2}); });
}

} // namespace ingot
