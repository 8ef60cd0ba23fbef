//===- Recurrence.h - What recurrent kernels share --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One parallel item is one direction of one sequence; neighbouring items of a thread (rows) run side by side, through
// all steps, with their states in scratch memory. Where there are fewer of them than threads, a team of threads passes
// through the steps together: each has a part of the units, and the weights of these in its own cache. In each step the
// states are multiplied by the recurrence weights, panels of 16 columns with the columns of all gates side by side, and
// the sums go through the gates' functions in registers:
//
//   forward, 16 units j:    panel [k][gate][16 columns]        z[row][gate] = gates[row][gate] + sum_k h[row][k] *
//   panel backward, 16 units k:   panel [gate][j][16 columns]        dh[row]      = sum_gate,j dz[row][gate][j] * panel
//
// Constant weights come in that layout (see Packing.h); others are brought into it in scratch memory first.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMITTERS_RECURRENCE_H
#define INGOT_CODEGEN_CPU_EMITTERS_RECURRENCE_H

#include "codegen/cpu/Emitter.h"
#include "codegen/cpu/emitters/Activations.h"
#include "codegen/cpu/emitters/PanelProduct.h"

namespace ingot::cpu {

/// The operands and attributes that all operations of the family have.
struct RecurrentLayer {
  mlir::Operation *op;
  /// [T, B, D, G, H]: the gates, or what the gradient is made from.
  mlir::Value gates;
  mlir::Value recurrence;
  mlir::Value lengths; // null: all sequences have T steps
  Direction direction;
  llvm::SmallVector<ActivationFunction> functions;
  double clip = 0;
  bool isBackward = false;
};

class Recurrence {
public:
  Recurrence(Emission &emission, RecurrentLayer layer);
  virtual ~Recurrence() = default;
  Division emit();

protected:
  /// Emits all steps of the rows under way.
  virtual void emitRows() = 0;

  /// The rows' places in one step.
  struct Step {
    llvm::SmallVector<mlir::AffineExpr> positions; // along T
    llvm::SmallVector<mlir::Value> isActive;       // i1: the sequence has not ended; null: never ends
    Index number;
  };
  Step stepAt(Index number);

  /// 16 hidden units.
  struct Units {
    Lanes lanes;
    mlir::AffineExpr index;
    Index first;
  };
  Units unitsAt(Index block);

  // Elements. A null `gate` leaves that axis out.
  using Vectors = llvm::SmallVector<mlir::Value>;
  mlir::Value readStep(mlir::Value tensor, const Step &step, int64_t row, std::optional<int64_t> gate,
                       const Units &units);
  /// Fetches what readStep will read into the second-level cache.
  void prefetchStep(mlir::Value tensor, const Step &step, int64_t row, std::optional<int64_t> gate, const Units &units);
  mlir::Value readState(mlir::Value tensor, int64_t row, const Units &units);
  mlir::Value readWeights(mlir::Value tensor, std::optional<int64_t> gate, const Units &units);
  /// Stores to the operation's result, if anybody uses it.
  void writeStep(mlir::Value result, mlir::Value element, const Step &step, int64_t row, std::optional<int64_t> gate,
                 const Units &units);
  void writeState(mlir::Value result, mlir::Value element, int64_t row, const Units &units);
  bool isZero(mlir::Value tensor) const;

  /// Runs over [0, count) in the parts of the team's members. What it writes all may read afterwards.
  void share(int64_t count, llvm::function_ref<void(Index first, Index last)> body);

  /// Brings near what other members have written: all at once, where a product would wait for one line after the other.
  void fetch(Index place, int64_t elements);

  // Scratch memory of the team, in elements.
  int64_t reserve(int64_t elements);
  mlir::Value get(Index place);
  void put(mlir::Value vector, Index place, mlir::Value mask = {});

  /// sums[row * vectors + v] += sum over k < trips of the row's element * vector v's, for rows in scratch memory at
  /// `from` + row * `pitch` and vectors in the weights at `base` + offsets[v] + k * `vectorPitch`.
  Sums multiply(Index from, int64_t pitch, int64_t trips, Index base, llvm::ArrayRef<int64_t> offsets,
                int64_t vectorPitch, Sums sums);
  /// How many blocks of 16 units with `gates` vectors each are multiplied side by side. With them go as many rows as
  /// registers have room for.
  int64_t blocksTogether(int64_t gates) const;
  /// Runs over the blocks of units, `together` at a time, backwards in odd steps: so it meets the weights that the step
  /// before has left in the cache.
  void forEachBlock(Index step, int64_t together, llvm::function_ref<void(Index block)> body);
  /// Runs over all units, 16 at a time.
  void forEachUnits(llvm::function_ref<void(const Units &units)> body);

  // Arithmetic.
  Real real(mlir::Value value) const { return {at, value}; }
  Real number(double value) const { return {at, builder.constant(vectorType, value)}; }
  Real clipped(Real x) const { return layer.clip > 0 ? x.atLeast(-layer.clip).atMost(layer.clip) : x; }
  /// `value` in rows under way, else `otherwise`.
  mlir::Value whileActive(const Step &step, int64_t row, mlir::Value value, mlir::Value otherwise);

  Emission &emission;
  Evaluator &evaluator;
  KernelBuilder &builder;
  Place at;
  RecurrentLayer layer;
  mlir::Type element, vectorType;
  int64_t directions, weightGates, hidden, blocks, padded;
  mlir::AffineExpr steps, batch;
  Index stepCount;

  /// How many sequences are under way.
  int64_t rows = 0;

private:
  void chooseRows();
  void chooseMembers();
  int64_t grain() const;
  void describeTeam(Division &division) const;
  void enterTeam();
  mlir::Value nextPart(mlir::Value part);
  void emitDirection(Index which, Index begin, Index end);
  void emitBlock(Index start, int64_t together);
  bool fits(int64_t rowCount, int64_t vectors) const;
  ColumnVectors columnsAt(Index base, llvm::ArrayRef<int64_t> offsets, int64_t pitch);
  void packWeights();
  int64_t reserveOwn(int64_t elements);
  mlir::Value isReverse();

  int64_t reserved = 0, scratchElements = 0, packedAt = 0, ownElements = 0;
  /// How many threads may be a team; the sequences that run side by side.
  int64_t mostMembers = 1, mostRows = 1;
  Index members = 1;
  mlir::Value memory; // where the team's lies
  mlir::Value panels; // where the weights of all directions lie
  bool isPacked = false;

  Index direction, panelBase;
  mlir::AffineExpr directionVariable;
  llvm::SmallVector<mlir::AffineExpr> rowVariables;
  llvm::SmallVector<Index> lengths;
};

// RecurrentForward.cpp, RecurrentBackward.cpp
Division emitLstm(Emission &emission, LstmOp op);
Division emitGru(Emission &emission, GruOp op);
Division emitRnn(Emission &emission, RnnOp op);
Division emitLstmGradient(Emission &emission, LstmGradientOp op);
Division emitGruGradient(Emission &emission, GruGradientOp op);
Division emitRnnGradient(Emission &emission, RnnGradientOp op);

/// The layer of any operation of the family.
template <typename Op>
RecurrentLayer describeLayer(Op op, mlir::Value gates) {
  RecurrentLayer layer{op, gates, op.getRecurrence(), {}, op.getDirection(), {}};
  if (!op.getLengths().empty())
    layer.lengths = op.getLengths().front();
  layer.functions = readActivations(op.getActivations(), op.getParameters());
  return layer;
}

} // namespace ingot::cpu

#endif
