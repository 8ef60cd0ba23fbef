//===- RecurrentBackward.cpp - Gradients of LSTM, GRU and RNN layers ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the last step to the first: dh, the gradient that arrives at h, becomes the gradients dz of the gates unit by
// unit; their product with the transposed recurrence weights is the dh of the step before. Steps behind a sequence's
// end give the gates nothing and hand dh on.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Recurrence.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

class Backward : public Recurrence {
public:
  Backward(Emission &emission, RecurrentLayer layer, Value sequenceGradient, Value lastHGradient, Value gatesGradient,
           Value initialHGradient)
      : Recurrence(emission, std::move(layer)), sequenceGradient(sequenceGradient), lastHGradient(lastHGradient),
        gatesGradient(gatesGradient), initialHGradient(initialHGradient),
        gatesPitch(llvm::alignTo(weightGates * hidden, panelLanes) + panelLanes) {}

protected:
  virtual void reserveStates() {}
  virtual void initializeStates(const Units &) {}
  virtual void storeStates(const Units &) {}
  virtual void emitStep(const Step &step) = 0;

  void emitRows() override {
    stateH = reserve(rows * padded);
    gates = reserve(rows * gatesPitch);
    reserveStates();
    forEachUnits([&](const Units &units) {
      for (int64_t row = 0; row < rows; ++row)
        put(readState(lastHGradient, row, units), placeOf(stateH, row, units));
      initializeStates(units);
    });
    builder.loop(0, stepCount, 1, [&](Index number) {
      Index step = builder.sub(builder.sub(stepCount, 1), number);
      isFirst = builder.less(step, 1);
      previous = stepAt(builder.max(builder.sub(step, 1), 0));
      emitStep(stepAt(step));
    });
    forEachUnits([&](const Units &units) {
      for (int64_t row = 0; row < rows; ++row)
        writeState(initialHGradient, get(placeOf(stateH, row, units)), row, units);
      storeStates(units);
    });
  }

  Index placeOf(int64_t state, int64_t row, const Units &units) {
    return builder.add(units.first, state + row * padded);
  }

  /// A saved state [T, B, D, H] one step earlier; before the first the initial state [D, B, H].
  Real readPrevious(Value states, Value initial, int64_t row, const Units &units) {
    return real(builder.choose(
        isFirst, vectorType, [&] { return readState(initial, row, units); },
        [&] { return readStep(states, previous, row, std::nullopt, units); }));
  }

  /// What arrives at a row's h: from later steps and from the sequence.
  Real arriving(const Step &step, int64_t row, const Units &units) {
    Real later = real(get(placeOf(stateH, row, units)));
    Real here = real(readStep(sequenceGradient, step, row, std::nullopt, units));
    return real(whileActive(step, row, (later + here).get(), later.get()));
  }
  /// What of it reaches the old h without a product; all when the sequence has ended.
  void putPassed(const Step &step, int64_t row, const Units &units, Real dh, Real passed) {
    put(whileActive(step, row, passed.get(), dh.get()), placeOf(stateH, row, units));
  }

  /// The gradient of a gate: a result, and an operand of the product that follows.
  void putGate(const Step &step, int64_t row, int64_t gate, const Units &units, Real dz,
               std::optional<Real> forProduct = std::nullopt) {
    Value zero = number(0).get(), result = whileActive(step, row, dz.get(), zero);
    writeStep(gatesGradient, result, step, row, gate, units);
    Value factor = forProduct ? whileActive(step, row, forProduct->get(), zero) : result;
    put(factor, builder.add(units.first, gates + row * gatesPitch + gate * hidden), units.lanes.mask);
  }
  Real readGate(const Step &step, int64_t row, int64_t gate, const Units &units) {
    return real(readStep(layer.gates, step, row, gate, units));
  }
  /// The derivative of function `which` of a gate where the result is `y`. There is none at its argument's limits: what
  /// has their values was limited, or the function is level there.
  Real slope(int64_t which, Real y) {
    const ActivationFunction &function = layer.functions[which];
    Real free = function.slope(y);
    if (layer.clip <= 0)
      return free;
    Real low = function(number(-layer.clip)), high = function(number(layer.clip));
    return select(y.is(Compare::OEQ, low) | y.is(Compare::OEQ, high), number(0), free);
  }

  /// The gates [first, first + count) times their weights, for each block of units `body(row, units, sum)`; the sums
  /// start from the scratch memory at `start`, or from zero.
  void multiplyGates(const Step &step, int64_t first, int64_t count, std::optional<int64_t> start,
                     llvm::function_ref<void(int64_t row, const Units &units, Real sum)> body) {
    int64_t together = blocksTogether(1), blockSize = weightGates * hidden * panelLanes;
    SmallVector<int64_t> offsets;
    for (int64_t b = 0; b < together; ++b)
      offsets.push_back(b * blockSize + first * hidden * panelLanes);
    fetch(gates, rows * gatesPitch);
    forEachBlock(step.number, together, [&](Index block) {
      Sums sums;
      SmallVector<Units> units;
      for (int64_t b = 0; b < together; ++b)
        units.push_back(unitsAt(builder.add(block, b)));
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t b = 0; b < together; ++b)
          sums.push_back(start ? get(placeOf(*start, row, units[b])) : number(0).get());
      sums = multiply(gates + first * hidden, gatesPitch, count * hidden, builder.mul(block, blockSize), offsets,
                      panelLanes, std::move(sums));
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t b = 0; b < together; ++b)
          body(row, units[b], real(sums[row * together + b]));
    });
  }
  /// dh of the step before = what passed + dz R'.
  void propagate(const Step &step, int64_t count) {
    multiplyGates(step, 0, count, stateH,
                  [&](int64_t row, const Units &units, Real sum) { put(sum.get(), placeOf(stateH, row, units)); });
  }

  void forEachCell(llvm::function_ref<void(int64_t row, const Units &units)> body) {
    forEachUnits([&](const Units &units) {
      for (int64_t row = 0; row < rows; ++row)
        body(row, units);
    });
  }

  Value sequenceGradient, lastHGradient, gatesGradient, initialHGradient;
  int64_t gatesPitch, stateH = 0, gates = 0;
  Step previous;
  Value isFirst;
};

//===----------------------------------------------------------------------===//
// LSTM
//===----------------------------------------------------------------------===//

class LstmGradient : public Backward {
public:
  LstmGradient(Emission &emission, RecurrentLayer layer, LstmGradientOp op)
      : Backward(emission, std::move(layer), op.getSequenceGradient(), op.getLastHGradient(), op.getGatesGradient(),
                 op.getInitialHGradient()),
        op(op), hasPeepholes(!isZero(op.getPeepholes())) {}

private:
  void reserveStates() override { stateC = reserve(rows * padded); }
  void initializeStates(const Units &units) override {
    for (int64_t row = 0; row < rows; ++row)
      put(readState(op.getLastCGradient(), row, units), placeOf(stateC, row, units));
  }
  void storeStates(const Units &units) override {
    for (int64_t row = 0; row < rows; ++row)
      writeState(op.getInitialCGradient(), get(placeOf(stateC, row, units)), row, units);
  }

  void emitStep(const Step &step) override {
    forEachCell([&](int64_t row, const Units &units) { emitCell(step, row, units); });
    propagate(step, 4);
  }

  Real peephole(Real sum, int64_t which, Real dz, const Units &units) {
    return hasPeepholes ? fma(real(readWeights(op.getPeepholes(), which, units)), dz, sum) : sum;
  }

  // h = o k(C'), C' = f C + i g   =>   do = dh k(C'), dC' += dh o k'(C'), di = dC' g, dg = dC' i, df = dC' C, dC = dC'
  // f
  void emitCell(const Step &step, int64_t row, const Units &units) {
    Real input = readGate(step, row, 0, units), output = readGate(step, row, 1, units);
    Real forget = readGate(step, row, 2, units), candidate = readGate(step, row, 3, units);
    Real old = readPrevious(op.getCells(), op.getInitialC(), row, units);
    Real squashed = layer.functions[2](real(readStep(op.getCells(), step, row, std::nullopt, units)));
    Real dh = arriving(step, row, units), later = real(get(placeOf(stateC, row, units)));
    Real dOutput = dh * squashed * slope(0, output);
    Real dCell = fma(dh * output, layer.functions[2].slope(squashed), later);
    dCell = peephole(dCell, 1, dOutput, units);
    Real slopeOfInput = slope(0, input);
    Real dInput = dCell * (op.getInputForget() ? candidate - old : candidate) * slopeOfInput;
    Real dForget = op.getInputForget() ? number(0) : dCell * old * slope(0, forget);
    Real dCandidate = dCell * input * slope(1, candidate);
    Real dOld = peephole(peephole(dCell * forget, 0, dInput, units), 2, dForget, units);
    put(whileActive(step, row, dOld.get(), later.get()), placeOf(stateC, row, units));
    putPassed(step, row, units, dh, number(0));
    const Real sums[] = {dInput, dOutput, dForget, dCandidate};
    for (auto [gate, dz] : llvm::enumerate(sums))
      putGate(step, row, gate, units, dz);
  }

  LstmGradientOp op;
  bool hasPeepholes;
  int64_t stateC = 0;
};

//===----------------------------------------------------------------------===//
// GRU
//===----------------------------------------------------------------------===//

class GruGradient : public Backward {
public:
  GruGradient(Emission &emission, RecurrentLayer layer, GruGradientOp op)
      : Backward(emission, std::move(layer), op.getSequenceGradient(), op.getLastHGradient(), op.getGatesGradient(),
                 op.getInitialHGradient()),
        op(op) {}

private:
  // h' = (1 - z) n + z h   =>   dz = dh' (h - n), dn = dh' (1 - z), dh = dh' z
  // n = g(x + r q), q = h R + b   =>   dr = dn q, dq = dn r;     n = g(x + (r h) R + b)   =>   d(r h) = dn R'
  void emitStep(const Step &step) override {
    bool isLinear = op.getLinearBeforeReset();
    forEachCell([&](int64_t row, const Units &units) {
      Real z = readGate(step, row, 0, units), n = readGate(step, row, 2, units);
      Real old = readPrevious(op.getSequence(), op.getInitialH(), row, units), dh = arriving(step, row, units);
      Real dn = dh * (number(1) - z) * slope(1, n);
      putPassed(step, row, units, dh, dh * z);
      putGate(step, row, 0, units, dh * (old - n) * slope(0, z));
      if (!isLinear)
        return putGate(step, row, 2, units, dn);
      Real r = readGate(step, row, 1, units);
      putGate(step, row, 1, units, dn * readGate(step, row, 3, units) * slope(0, r));
      putGate(step, row, 2, units, dn, dn * r);
    });
    if (!isLinear)
      emitReset(step);
    propagate(step, isLinear ? 3 : 2);
  }

  // d(r h) = dn R'   =>   dr = d(r h) h, dh += d(r h) r
  void emitReset(const Step &step) {
    multiplyGates(step, 2, 1, std::nullopt, [&](int64_t row, const Units &units, Real product) {
      Real r = readGate(step, row, 1, units);
      Real old = readPrevious(op.getSequence(), op.getInitialH(), row, units);
      putGate(step, row, 1, units, product * old * slope(0, r));
      Real passed = real(get(placeOf(stateH, row, units)));
      // The product is 0 in a sequence that has ended, but what r holds there is nobody's number.
      put(whileActive(step, row, fma(product, r, passed).get(), passed.get()), placeOf(stateH, row, units));
    });
  }

  GruGradientOp op;
};

//===----------------------------------------------------------------------===//
// RNN
//===----------------------------------------------------------------------===//

class RnnGradient : public Backward {
public:
  RnnGradient(Emission &emission, RecurrentLayer layer, RnnGradientOp op)
      : Backward(emission, std::move(layer), op.getSequenceGradient(), op.getLastHGradient(), op.getGatesGradient(),
                 op.getInitialHGradient()) {}

private:
  void emitStep(const Step &step) override {
    forEachCell([&](int64_t row, const Units &units) {
      Real dh = arriving(step, row, units);
      putGate(step, row, 0, units, dh * slope(0, readGate(step, row, 0, units)));
      putPassed(step, row, units, dh, number(0));
    });
    propagate(step, 1);
  }
};

template <typename Op>
RecurrentLayer backwardLayer(Op op) {
  RecurrentLayer layer = describeLayer(op, op.getActivated());
  if (auto clip = op->template getAttrOfType<FloatAttr>("ingot.clip"))
    layer.clip = clip.getValueAsDouble();
  layer.isBackward = true;
  return layer;
}

} // namespace

Division emitLstmGradient(Emission &emission, LstmGradientOp op) {
  return LstmGradient(emission, backwardLayer(op), op).emit();
}
Division emitGruGradient(Emission &emission, GruGradientOp op) {
  return GruGradient(emission, backwardLayer(op), op).emit();
}
Division emitRnnGradient(Emission &emission, RnnGradientOp op) {
  return RnnGradient(emission, backwardLayer(op), op).emit();
}

} // namespace ingot::cpu
