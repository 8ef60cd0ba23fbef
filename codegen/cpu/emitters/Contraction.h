//===- Contraction.h - Matrix products in register blocks -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMITTERS_CONTRACTION_H
#define INGOT_CODEGEN_CPU_EMITTERS_CONTRACTION_H

#include "codegen/cpu/Emitter.h"
#include "codegen/cpu/emitters/Linear.h"
#include "codegen/cpu/emitters/PanelProduct.h"

namespace ingot::cpu {

/// output[batch..., rows..., column] = sum over k of lhs[batch..., rows..., k] * rhs[batch..., k, column], where
/// several row axes count as one. `panels`, when not null, is the rhs as an argument packed to [batch..., column / 16,
/// k, 16].
struct Product {
  mlir::Value lhs, rhs, output;
  mlir::BlockArgument panels;
  llvm::SmallVector<mlir::AffineExpr> batch, rows;
  mlir::AffineExpr columns, depth;
  /// When not null, what the lhs is multiplied by before: [batch..., 1..., k], the same for all rows of a batch.
  mlir::Value scale = {};
  /// When not empty, how far apart neighbouring rows lie in the lhs, for each row axis.
  llvm::SmallVector<int64_t> rowSteps = {};
  /// When not empty, the axis of the output that each of `batch` and then `rows` is; otherwise they are in order.
  llvm::SmallVector<int64_t> axes = {};
  /// When not 0, the rows, whose number is a multiple of it, are computed as batches of so many.
  int64_t rowsTogether = 0;
};

/// Rows whose number is open are better computed as batches of so many, or more, than as one matrix: their blocks are
/// of known sizes then, and fill the registers well enough.
inline constexpr int64_t leastRowsTogether = 8;

/// Whether all batches of a product have the matrix `rhs` in common.
bool isShared(Evaluator &evaluator, mlir::Value rhs);

/// Sets which of the `leading` axes of the output (all but the last) are batches and which rows; see
/// ContractionRows.cpp. The lhs, rhs, and output of `product` are set. Emits nothing.
void chooseRows(Evaluator &evaluator, llvm::ArrayRef<mlir::AffineExpr> leading, Product &product);

/// A matrix product being emitted; see contraction.cpp.
class Contraction {
public:
  Contraction(Emission &emission, Product product);
  /// Whether the operands can be read by address arithmetic. Emits nothing.
  bool analyze();
  Division emit();

private:
  /// In which order weights are read.
  struct Order {
    /// 1 where groups and pieces are walked from the last to the first, else 0.
    Index isBackward = 0;
    /// Into how many parts the reduction is cut, and how many steps each but the last has.
    int64_t pieces = 1, pieceSteps = 0;
  };
  enum class RhsForm { panels, inPlace, scratch };
  /// Neighbouring panels that one block computes.
  struct Group {
    Index panel;
    int64_t vectors;
    mlir::Value lastMask;
  };

  bool analyzeLhs(llvm::ArrayRef<mlir::AffineExpr> batchProbe);
  std::optional<Access> lhsAt(llvm::ArrayRef<mlir::AffineExpr> outputPoint, mlir::AffineExpr depth);
  std::optional<Access> rhsAt(llvm::ArrayRef<mlir::AffineExpr> batchPoint, mlir::AffineExpr depth,
                              mlir::AffineExpr column);
  Point rowPoint(mlir::AffineExpr row) const;
  Point outputPoint(llvm::ArrayRef<mlir::AffineExpr> point) const;

  void enterBatch(Index batchIndex);
  void forGroup(Index group, llvm::function_ref<void(const Group &)> body);
  void emitRowBlock(Index rowBlock, const Group &columns);
  void emitBlock(Index row, int64_t count, const Group &group);
  void storeBlock(llvm::ArrayRef<Point> rows, const Group &group, llvm::ArrayRef<mlir::Value> sums);
  ColumnVectors columnsOf(const Group &group, int64_t rows);
  void emitItem(Index item);
  // ContractionSchedule.cpp
  void schedule();
  int64_t cachedRows() const;
  int64_t chooseChunk() const;
  void describeAlternatives(std::optional<int64_t> rows, std::optional<int64_t> panels);
  Index chunkAtRunTime();
  // ContractionFewRows.cpp
  int64_t chooseFewRows() const;
  void emitFewRows(int64_t mostRows);
  void emitExactly(int64_t least, int64_t most, const Group &columns);
  // ContractionOrder.cpp
  void chooseOrder(int64_t mostSums);
  Index inOrder(Index turn, Index first, Index end);
  Sums accumulateInOrder(const BroadcastRows &rows, const ColumnVectors &columns, int64_t unroll);
  // ContractionScale.cpp
  bool analyzeScale(llvm::ArrayRef<mlir::AffineExpr> batchProbe);
  std::optional<Access> scaleAt(llvm::ArrayRef<mlir::AffineExpr> batchPoint, mlir::AffineExpr depth);
  // ContractionPacking.cpp
  void emitPackedItem(Index item);
  void packColumns(Index column, Index destination);

  Product problem;
  Emission &emission;
  Evaluator &evaluator;
  KernelBuilder &builder;
  const Target &target;
  Index begin, end;
  mlir::Value scratch;
  KernelChoice measured;

  // The problem, over symbols. The rows of a batch of `problem`, and how many batches of `rowExtent` rows they are.
  mlir::AffineExpr allRows, rowExtent, parts, batchCount;
  bool sharesRhs;
  mlir::AffineExpr lhsRowStride, lhsDepthStride, rhsDepthStride, rhsColumnStride; // lhsRowStride: null when not linear
  RhsForm rhsForm = RhsForm::panels;
  Storage storage = Storage::Float32; // of the panels
  bool hasByteRows = false;           // ReduceRows.cpp

  // The schedule.
  Block block{1, 1};
  Division division;
  bool isGroupMajor = false;
  /// The most row blocks for which all panel groups are computed before it is the next ones' turn (0: all rows).
  int64_t chunkBlocks = 0;
  /// Blocks are unrolled as if they had at least so many vectors.
  int64_t unrollVectors = 0;
  Order order;

  // Run-time values.
  /// Which of so many blocks that read a panel group, before it is the next one's turn, the current one is.
  Index pass, passCount = 1;
  Index rowBlocks, rowBlock, chunk, groups, batches, depth, firstRow, rowCount, columnCount, rowStride, depthStride,
      rhsPitch, columnStride;
  Point batchPoint;
  mlir::Value lhs, rhs, scale;
  Index scaleBase, lhsBase, rhsBase, firstPanel;
};

} // namespace ingot::cpu

#endif
