//===- Attention.h - Attention without a matrix of scores -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMITTERS_ATTENTION_H
#define INGOT_CODEGEN_CPU_EMITTERS_ATTENTION_H

#include "codegen/cpu/Emitter.h"
#include "codegen/cpu/Schedule.h"
#include "codegen/scalar/Real.h"
#include <limits>

namespace ingot::cpu {

/// What a score is where a query does not see a key.
inline constexpr double unseen = -std::numeric_limits<double>::infinity();

/// The greater of two; a NaN in the second stays.
inline Real greater(Real a, Real b) { return select(a.is(Compare::OGT, b), a, b); }

/// An attention being emitted; see attention.cpp.
class AttentionKernel {
public:
  AttentionKernel(Emission &emission, AttentionOp op);
  /// Whether the operands can be read by address arithmetic. Emits nothing.
  bool analyze();
  Division emit();

private:
  /// Matrices read in place: in the batch under way, row r and column c lie at base + r * row + c * column. `half` is
  /// their type in memory if it is not float32: caches of bfloat16 or float16.
  struct Matrix {
    mlir::Value tensor;
    mlir::Type half = {};
    mlir::AffineExpr rowStride, columnStride; // over symbols
    mlir::Value pointer;
    Index base, row, column;
  };
  /// Neighbouring queries that are computed together, `vectors` times 16 of which the first `count` exist.
  struct QueryBlock {
    Index firstVector;
    int64_t vectors;
    Index count;
    /// Which queries of the last vector exist; null when all do.
    mlir::Value lastMask;
    Index first, keyEnd;
    /// Per vector: the last key that each query may see (vector<16xi32>), with causal attention.
    llvm::SmallVector<mlir::Value> lastKeys;
    int64_t width() const;
  };
  /// `rows` queries from `query` on (of the block) by `vectors` panels of the values' columns.
  struct OutputTile {
    Index query;
    int64_t rows;
    Index panel;
    int64_t vectors;
    mlir::Value lastMask;
  };
  /// Where things lie in scratch memory, in floats.
  struct Scratch {
    int64_t packed, scores, outputs, greatest, top, sums, factors;
  };

  // AttentionProblem.cpp
  bool analyze(Matrix &matrix);
  void enterBatch(Index batch);
  void schedule();
  std::optional<Access> place(mlir::Value tensor, llvm::ArrayRef<mlir::AffineExpr> batchPoint, mlir::AffineExpr row,
                              mlir::AffineExpr column);
  bool canStreamQueries() const;
  Index keyEndFor(Index lastQuery);

  // attention.cpp
  void emitItem(Index item);
  void emitQueryBlock(Index firstVector, int64_t vectors);
  void packQueries(const QueryBlock &block);
  void emitKeyBlock(const QueryBlock &block, Index firstKey, Index count, bool isOnly);
  void emitScores(const QueryBlock &block, Index firstKey, Index key, int64_t rows);
  mlir::Value hideLater(mlir::Value score, Index key, mlir::Value lastKeys);
  void emitPowers(const QueryBlock &block, Index count, bool isOnly);
  void emitOutputs(const QueryBlock &block, Index firstKey, Index count, const OutputTile &tile, bool isOnly);
  void storeBlock(const QueryBlock &block);
  Real reciprocalOf(Real sum);
  void storeOutput(Index query, Index panel, mlir::Value element, mlir::Value mask);
  void forPanels(int64_t vectors, llvm::function_ref<void(Index panel, int64_t vectors, mlir::Value lastMask)> body);

  // AttentionRows.cpp
  void emitQueries(Index count);
  void emitQuery(Index query);
  llvm::SmallVector<mlir::Value> loadQuery(Index query);
  llvm::SmallVector<mlir::Value> attendBlock(llvm::ArrayRef<mlir::Value> query, Index queryNumber, Index firstKey,
                                             Index count, mlir::ValueRange state);
  mlir::Value scoresOf(llvm::ArrayRef<mlir::Value> query, Index queryNumber, Index firstKey, Index left);

  /// `score` as the mask has it, for the key and query at this point; one of the two counts lanes.
  mlir::Value masked(mlir::Value score, mlir::AffineExpr key, mlir::AffineExpr query, const Lanes &lanes);
  Real vector(double number);
  Real vector(mlir::Value value) { return Real(at, value); }
  mlir::Value loadScratch(int64_t region, Index offset);
  void storeScratch(mlir::Value value, int64_t region, Index offset);

  AttentionOp op;
  Evaluator &evaluator;
  KernelBuilder &builder;
  Place at;
  const Target &target;
  Index begin, end;
  mlir::Value scratchMemory;

  // The problem.
  Matrix queries, keys, values;
  llvm::SmallVector<mlir::AffineExpr> batch;
  mlir::AffineExpr queryExtent, keyExtent;
  int64_t depth = 0, width = 0; // of a query or key, and of a value
  double scale, fill;

  // The schedule.
  int64_t vectorLimit = 1, keyLimit = 0;
  Scratch scratch{};
  Division division;

  // Run-time values.
  Point batchPoint;
  Index queryCount, keyCount, causalOffset, blocks;
};

/// Calls `body` for pieces of at most `limit` of `count` things: balanced sizes when their number is known, else full
/// pieces and then powers of two.
void forPieces(KernelBuilder &builder, Index count, int64_t limit,
               llvm::function_ref<void(Index first, int64_t size)> body);

} // namespace ingot::cpu

#endif
