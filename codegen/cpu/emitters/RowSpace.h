//===- RowSpace.h - A tensor as rows to be combined -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reductions, softmax and normalisations combine the elements along some axes (a row) and do the same for every point
// of the other axes. Vectors of 16 lanes lie along the axis that is contiguous in memory, which is one of two cases:
//
//   along a row:    lanes are 16 elements of one row; at the end the lanes are combined too
//   across rows:    lanes are 16 neighbouring rows; nothing is combined across lanes (column sums, mean over NHWC maps)
//
// A short last axis of a row (a group of eight channels) would leave lanes idle. Where rows lie one behind the other, a
// vector takes several rows' pieces, as if across rows, and at the end each piece's lanes are combined.
//
// How many partial sums there are follows from the shape alone, so results do not depend on how items are split.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMITTERS_ROWSPACE_H
#define INGOT_CODEGEN_CPU_EMITTERS_ROWSPACE_H

#include "codegen/cpu/Emitter.h"
#include "codegen/cpu/IterationSpace.h"

namespace ingot::cpu {

/// A vector of elements in the rows under way.
struct Cell {
  Point point;
  Lanes lanes;
  /// Which of the rows' vectors side by side (across rows; else 0).
  int64_t vector;
  /// Counts the cells of an item.
  Index number;
  /// The index along the innermost reduced axis of the first lane (along a row) or of all.
  Index position;
};

class RowSpace {
public:
  /// With `mayJoin` a vector may hold pieces of several rows; then one number for each row is a vector with equal
  /// lanes for each piece, as fold gives it.
  RowSpace(Emission &emission, mlir::Value input, llvm::ArrayRef<int64_t> reduced, bool mayJoin = false);

  /// Number of parallel items: a row, or some rows side by side.
  mlir::AffineExpr items() const { return itemCount; }
  /// Elements in one row.
  mlir::AffineExpr rowLength() const;
  /// Cells in one item, if known; and whether they are few enough to be unrolled, their values kept in registers.
  std::optional<int64_t> cells() const;
  bool isUnrolled() const;
  bool isAlongRow() const { return alongRow; }
  /// Vectors side by side: fold's results are this many times its initial state.
  int64_t vectors() const { return vectorCount; }
  /// Whether the elements are loaded from an argument, 16 with one instruction.
  bool isPlain() const { return plain; }

  /// Emits `body` for each item of the emission. It may be emitted twice.
  void forEachItem(llvm::function_ref<void()> body);

  /// `state` after `cell`.
  using Step = llvm::function_ref<llvm::SmallVector<mlir::Value>(const Cell &cell, mlir::ValueRange state)>;
  /// Two partial states in one.
  using Combine = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ValueRange a, mlir::ValueRange b)>;
  /// Runs over the cells of the item, with several partial states to hide latency. `initial` must be neutral.
  llvm::SmallVector<mlir::Value> fold(llvm::ArrayRef<mlir::Value> initial, Step step, Combine combine);
  /// Runs over the cells of the item.
  void visit(llvm::function_ref<void(const Cell &cell)> body);

  /// In a lane behind the row's end `neutral`, else `value`.
  mlir::Value guard(const Cell &cell, mlir::Value value, double neutral);
  mlir::Value guard(const Cell &cell, mlir::Value value, mlir::Value neutral);
  /// The point of the rows' combined elements (index 0 along reduced axes); its lanes when across rows.
  Point resultPoint(int64_t vector);
  const Lanes *resultLanes(int64_t vector) { return alongRow ? nullptr : &columns[vector]; }

private:
  using Walk = llvm::function_ref<void(const Cell &cell, int64_t chain)>;

  void chooseLaneAxis();
  void joinPieces();
  void combinePieces(llvm::SmallVectorImpl<mlir::Value> &states, size_t size, Combine combine);
  void chooseBlocks(bool isNarrow);
  void setKept(mlir::AffineExpr outer, llvm::function_ref<void()> body, mlir::Value mask, mlir::AffineExpr column);
  mlir::AffineExpr extent(size_t axis) const { return space.axes[axis]; }
  int64_t chains() const;
  llvm::SmallVector<mlir::Value> walkAxes(size_t depth, Index linear, mlir::ValueRange states, Step step);
  llvm::SmallVector<mlir::Value> walkShort(size_t depth, Index linear, mlir::ValueRange states, Step step);
  llvm::SmallVector<mlir::Value> walkInner(Index linear, mlir::ValueRange states, Step step);
  llvm::SmallVector<mlir::Value> walkTrip(Index linear, Index trip, int64_t offset, int64_t chain,
                                          llvm::SmallVector<mlir::Value> states, Step step, mlir::Value mask);
  Cell cellAt(Index linear, mlir::AffineExpr trip, Index tripIndex, int64_t vector, mlir::Value mask);

  Emission &emission;
  Evaluator &evaluator;
  KernelBuilder &builder;
  mlir::Value input;
  IterationSpace space;
  llvm::SmallVector<bool> isReduced;       // of the input's axes
  llvm::SmallVector<size_t> kept, reduced; // axes of `space`; the lane axis is in `kept` or last in `reduced`
  size_t laneAxis = 0;
  bool alongRow = true, plain = false;
  int64_t vectorCount = 1;
  int64_t piece = 1; // neighbouring lanes that belong to one row, when across rows
  mlir::AffineExpr itemCount, blocks;
  // Of the item under way.
  llvm::SmallVector<mlir::AffineExpr> indices;
  llvm::SmallVector<Lanes> columns;
};

/// The lanes of `vector` combined by halves: the same on every target.
mlir::Value combineLanes(KernelBuilder &builder, mlir::Value vector,
                         llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine);

} // namespace ingot::cpu

#endif
