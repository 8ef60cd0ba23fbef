//===- RecurrentForward.cpp - LSTM, GRU and RNN layers ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The state h lies in scratch memory twice, since a step needs all of the old one until its last unit is done.
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Recurrence.h"

using namespace mlir;

namespace ingot::cpu {
namespace {

class Forward : public Recurrence {
public:
  Forward(Emission &emission, RecurrentLayer layer, Value initialH, Value sequence, Value lastH)
      : Recurrence(emission, std::move(layer)), initialH(initialH), sequence(sequence), lastH(lastH) {}

protected:
  virtual void reserveStates() {}
  virtual void initializeStates(const Units &) {}
  virtual void storeStates(const Units &) {}
  virtual void emitStep(const Step &step) = 0;

  void emitRows() override {
    stateH = reserve(2 * rows * padded);
    reserveStates();
    forEachUnits([&](const Units &units) {
      for (int64_t row = 0; row < rows; ++row)
        put(readState(initialH, row, units), builder.add(units.first, stateH + row * padded));
      initializeStates(units);
    });
    builder.loop(0, stepCount, 1, [&](Index number) {
      Index parity = builder.mul(builder.mod(number, 2), rows * padded);
      current = builder.add(parity, stateH);
      following = builder.sub(stateH + rows * padded, parity);
      fetch(current, rows * padded);
      emitStep(stepAt(number));
    });
    Index end = builder.add(builder.mul(builder.mod(stepCount, 2), rows * padded), stateH);
    forEachUnits([&](const Units &units) {
      for (int64_t row = 0; row < rows; ++row)
        writeState(lastH, get(builder.add(end, builder.add(units.first, row * padded))), row, units);
      storeStates(units);
    });
  }

  /// Where a row of the old state and of the new one lie.
  Index oldState(int64_t row, const Units &units) {
    return builder.add(current, builder.add(units.first, row * padded));
  }
  /// The new h of a row: for the next step and for the sequence.
  void putState(const Step &step, int64_t row, const Units &units, Real h) {
    Index place = builder.add(following, builder.add(units.first, row * padded));
    Value old = step.isActive[row] ? get(oldState(row, units)) : Value();
    put(whileActive(step, row, h.get(), old), place);
    writeStep(sequence, whileActive(step, row, h.get(), number(0).get()), step, row, std::nullopt, units);
  }

  /// gates + h R for the gates [first, first + count) of `together` blocks; the sum of gate g, block b of a row is at
  /// (row * together + b) * count + g. `bias`, where given, takes the place of the gates.
  Sums multiplyGates(const Step &step, Index block, int64_t together, int64_t first, int64_t count, Index from,
                     llvm::function_ref<Value(int64_t row, int64_t gate, const Units &units)> start) {
    int64_t pitch = weightGates * panelLanes;
    Sums sums;
    SmallVector<int64_t> offsets;
    Step next = stepAt(builder.add(step.number, 1));
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t b = 0; b < together; ++b) {
        Units units = unitsAt(builder.add(block, b));
        for (int64_t gate = first; gate < first + count; ++gate) {
          sums.push_back(start(row, gate, units));
          prefetchStep(layer.gates, next, row, gate, units);
          if (row == 0)
            offsets.push_back(b * hidden * pitch + gate * panelLanes);
        }
      }
    return multiply(from, padded, hidden, builder.mul(block, hidden * pitch), offsets, pitch, std::move(sums));
  }
  Value readGate(const Step &step, int64_t row, int64_t gate, const Units &units) {
    return readStep(layer.gates, step, row, gate, units);
  }

  Value initialH, sequence, lastH;
  int64_t stateH = 0;
  Index current, following;
};

//===----------------------------------------------------------------------===//
// LSTM
//===----------------------------------------------------------------------===//

class Lstm : public Forward {
public:
  Lstm(Emission &emission, RecurrentLayer layer, LstmOp op)
      : Forward(emission, std::move(layer), op.getInitialH(), op.getSequence(), op.getLastH()), op(op),
        hasPeepholes(!isZero(op.getPeepholes())) {}

private:
  void reserveStates() override { stateC = reserve(rows * padded); }
  void initializeStates(const Units &units) override {
    for (int64_t row = 0; row < rows; ++row)
      put(readState(op.getInitialC(), row, units), builder.add(units.first, stateC + row * padded));
  }
  void storeStates(const Units &units) override {
    for (int64_t row = 0; row < rows; ++row)
      writeState(op.getLastC(), get(builder.add(units.first, stateC + row * padded)), row, units);
  }

  void emitStep(const Step &step) override {
    int64_t together = blocksTogether(4);
    forEachBlock(step.number, together, [&](Index block) {
      Sums sums =
          multiplyGates(step, block, together, 0, 4, current, [&](int64_t row, int64_t gate, const Units &where) {
            return readGate(step, row, gate, where);
          });
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t b = 0; b < together; ++b)
          emitCell(step, row, unitsAt(builder.add(block, b)), ArrayRef<Value>(sums).slice((row * together + b) * 4, 4));
    });
  }

  Real gate(Value sum, std::optional<int64_t> peephole, Real c, const ActivationFunction &function,
            const Units &units) {
    Real x = real(sum);
    if (hasPeepholes && peephole)
      x = fma(real(readWeights(op.getPeepholes(), peephole, units)), c, x);
    return function(clipped(x));
  }

  // i, o, f, c:  C' = f C + i g;  h = o k(C')
  void emitCell(const Step &step, int64_t row, const Units &units, ArrayRef<Value> sums) {
    Index place = builder.add(units.first, stateC + row * padded);
    Real c = real(get(place));
    Real input = gate(sums[0], 0, c, layer.functions[0], units);
    Real forget = op.getInputForget() ? number(1) - input : gate(sums[2], 2, c, layer.functions[0], units);
    Real candidate = gate(sums[3], std::nullopt, c, layer.functions[1], units);
    Real cell = fma(forget, c, input * candidate);
    Real output = gate(sums[1], 1, cell, layer.functions[0], units);
    Real h = output * layer.functions[2](cell);
    Value kept = whileActive(step, row, cell.get(), c.get());
    put(kept, place);
    putState(step, row, units, h);
    const Real stored[] = {input, output, forget, candidate};
    for (auto [index, value] : llvm::enumerate(stored))
      writeStep(op.getActivated(), value.get(), step, row, index, units);
    writeStep(op.getCells(), kept, step, row, std::nullopt, units);
  }

  LstmOp op;
  bool hasPeepholes;
  int64_t stateC = 0;
};

//===----------------------------------------------------------------------===//
// GRU
//===----------------------------------------------------------------------===//

class Gru : public Forward {
public:
  Gru(Emission &emission, RecurrentLayer layer, GruOp op)
      : Forward(emission, std::move(layer), op.getInitialH(), op.getSequence(), op.getLastH()), op(op) {}

private:
  void reserveStates() override {
    if (op.getLinearBeforeReset())
      return;
    update = reserve(rows * padded);
    resetH = reserve(rows * padded);
  }

  void emitStep(const Step &step) override {
    if (op.getLinearBeforeReset())
      return emitLinearStep(step);
    emitGates(step);
    emitCandidates(step);
  }

  Value readBias(const Units &units) { return readWeights(op.getBias(), std::nullopt, units); }

  /// h' = (1 - z) n + z h
  void emitState(const Step &step, int64_t row, const Units &units, Real z, Real n) {
    Real h = real(get(oldState(row, units)));
    putState(step, row, units, fma(z, h - n, n));
    writeStep(op.getActivated(), z.get(), step, row, 0, units);
    writeStep(op.getActivated(), n.get(), step, row, 2, units);
  }

  // n = g(x_h + r (h R_h + b)): one product for all gates.
  void emitLinearStep(const Step &step) {
    int64_t together = blocksTogether(3);
    forEachBlock(step.number, together, [&](Index block) {
      Sums sums =
          multiplyGates(step, block, together, 0, 3, current, [&](int64_t row, int64_t gate, const Units &where) {
            return gate == 2 ? readBias(where) : readGate(step, row, gate, where);
          });
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t b = 0; b < together; ++b)
          emitLinearCell(step, row, unitsAt(builder.add(block, b)),
                         ArrayRef<Value>(sums).slice((row * together + b) * 3, 3));
    });
  }

  void emitLinearCell(const Step &step, int64_t row, const Units &units, ArrayRef<Value> sums) {
    Real z = layer.functions[0](clipped(real(sums[0]))), r = layer.functions[0](clipped(real(sums[1])));
    Real q = real(sums[2]), n = layer.functions[1](clipped(fma(r, q, real(readGate(step, row, 2, units)))));
    emitState(step, row, units, z, n);
    writeStep(op.getActivated(), r.get(), step, row, 1, units);
    writeStep(op.getActivated(), q.get(), step, row, 3, units);
  }

  // z and r, of which r h must be complete before the candidates.
  void emitGates(const Step &step) {
    int64_t together = blocksTogether(2);
    forEachBlock(step.number, together, [&](Index block) {
      Sums sums =
          multiplyGates(step, block, together, 0, 2, current, [&](int64_t row, int64_t gate, const Units &where) {
            return readGate(step, row, gate, where);
          });
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t b = 0; b < together; ++b) {
          Units units = unitsAt(builder.add(block, b));
          Value *both = &sums[(row * together + b) * 2];
          Real z = layer.functions[0](clipped(real(both[0]))), r = layer.functions[0](clipped(real(both[1])));
          Real product = r * real(get(oldState(row, units)));
          put(z.get(), builder.add(units.first, update + row * padded));
          put(product.get(), builder.add(units.first, resetH + row * padded));
          writeStep(op.getActivated(), r.get(), step, row, 1, units);
          writeStep(op.getActivated(), product.get(), step, row, 3, units);
        }
    });
  }

  // n = g(x_h + (r h) R_h + b)
  void emitCandidates(const Step &step) {
    int64_t together = blocksTogether(1);
    fetch(resetH, rows * padded);
    forEachBlock(step.number, together, [&](Index block) {
      Sums sums = multiplyGates(step, block, together, 2, 1, resetH, [&](int64_t row, int64_t, const Units &where) {
        return (real(readGate(step, row, 2, where)) + real(readBias(where))).get();
      });
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t b = 0; b < together; ++b) {
          Units units = unitsAt(builder.add(block, b));
          Real n = layer.functions[1](clipped(real(sums[row * together + b])));
          emitState(step, row, units, real(get(builder.add(units.first, update + row * padded))), n);
        }
    });
  }

  GruOp op;
  int64_t update = 0, resetH = 0;
};

//===----------------------------------------------------------------------===//
// RNN
//===----------------------------------------------------------------------===//

class Rnn : public Forward {
public:
  Rnn(Emission &emission, RecurrentLayer layer, RnnOp op)
      : Forward(emission, std::move(layer), op.getInitialH(), op.getSequence(), op.getLastH()) {}

private:
  void emitStep(const Step &step) override {
    int64_t together = blocksTogether(1);
    forEachBlock(step.number, together, [&](Index block) {
      Sums sums =
          multiplyGates(step, block, together, 0, 1, current, [&](int64_t row, int64_t gate, const Units &where) {
            return readGate(step, row, gate, where);
          });
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t b = 0; b < together; ++b)
          putState(step, row, unitsAt(builder.add(block, b)),
                   layer.functions[0](clipped(real(sums[row * together + b]))));
    });
  }
};

template <typename Op>
RecurrentLayer forwardLayer(Op op) {
  RecurrentLayer layer = describeLayer(op, op.getGates());
  layer.clip = op.getClip().convertToDouble();
  return layer;
}

} // namespace

Division emitLstm(Emission &emission, LstmOp op) { return Lstm(emission, forwardLayer(op), op).emit(); }
Division emitGru(Emission &emission, GruOp op) { return Gru(emission, forwardLayer(op), op).emit(); }
Division emitRnn(Emission &emission, RnnOp op) { return Rnn(emission, forwardLayer(op), op).emit(); }

} // namespace ingot::cpu
