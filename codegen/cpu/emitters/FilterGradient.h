//===- FilterGradient.h - Gradients of convolutions' filters ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMITTERS_FILTERGRADIENT_H
#define INGOT_CODEGEN_CPU_EMITTERS_FILTERGRADIENT_H

#include "codegen/cpu/Emitter.h"
#include "codegen/cpu/emitters/PanelProduct.h"
#include "codegen/cpu/emitters/WindowAxis.h"

namespace ingot::cpu {

/// A conv_filter_gradient being emitted; see filterGradient.cpp.
class FilterGradient {
public:
  FilterGradient(Emission &emission, ConvFilterGradientOp op);
  /// Whether the channels are known and the operands can be read by address arithmetic. Emits nothing.
  bool analyze();
  Division emit();

private:
  /// A channels-last operand in memory: strides in elements, images first, channels last.
  struct Operand {
    mlir::Value tensor, pointer;
    llvm::SmallVector<mlir::AffineExpr> strideExprs;
    llvm::SmallVector<Index> strides;
    Index base;

    Index image() const { return strides.front(); }
    Index pixel(size_t axis) const { return strides[axis + 1]; }
    Index channel() const { return strides.back(); }
  };
  /// A row of the result's block: a tap of the last axis, counted from the tile's, and a channel of the group.
  struct Row {
    int64_t tap;
    Index channel;
  };
  /// A block of the result that stays in registers: rows times vectors of 16 filters.
  struct Tile {
    Index group, filter; // `filter` counts inside of the group
    int64_t vectors = 1;
    mlir::Value lastMask;
    llvm::SmallVector<Index> taps;
    llvm::SmallVector<Row> rows;
  };
  /// What is summed before it is added to the result: lines [line, lastLine) of images [image, lastImage).
  struct Chunk {
    Index image, lastImage, line, lastLine;
  };

  bool analyzeOperand(Operand &operand);
  void mergePixels();
  void schedule();
  void scheduleChunks();
  void enter();

  void forTile(Index item, llvm::function_ref<void(const Tile &)> body);
  void forRows(Index block, llvm::function_ref<void(llvm::ArrayRef<Row>)> body);
  void forFilters(Index group, llvm::function_ref<void(Index filter, int64_t vectors, mlir::Value lastMask)> body);
  void emitItems(Index first, Index last);
  void clear(Index tiles);
  void addChunk(const Tile &tile, const Chunk &chunk, Index place);
  void storeTile(const Tile &tile, Index place);

  Index inputStart(const Tile &tile) const;
  WindowAxis::Range outputsOf(size_t axis, Index tap, const Chunk &chunk) const;
  Sums sumAxis(const Tile &tile, const Chunk &chunk, size_t axis, Index inputAt, Index gradientAt, Sums sums);
  Sums sumLine(const Tile &tile, const Chunk &chunk, Index inputAt, Index gradientAt, Sums sums);
  Sums sumInside(const Tile &tile, Index from, Index to, Index inputAt, Index gradientAt, Sums sums);
  Sums sumPixels(const Tile &tile, Index from, Index to, bool isEdge, Index inputAt, Index gradientAt, Sums sums);
  mlir::Value inputVector(const Tile &tile, Index at, int64_t vector, mlir::Value isInside);

  ConvFilterGradientOp op;
  Evaluator &evaluator;
  KernelBuilder &builder;
  const Target &target;
  Index begin, end;
  mlir::Value scratch;
  KernelChoice measured;

  // The problem.
  Operand input, gradient;
  llvm::SmallVector<WindowAxis> axes;
  mlir::AffineExpr images;
  int64_t groups = 1, channels = 1, filters = 1; // channels and filters of one group
  bool isDepthwise = false;                      // one channel for each filter: lanes run over both
  bool joinsTaps = false;                        // rows are (tap of the last axis, channel)

  // The schedule.
  Block block{1, 1};
  llvm::SmallVector<Run> rowRuns;
  int64_t rowBlocks = 1, tapItems = 1, filterGroups = 1, tilesAtOnce = 1, imagesPerChunk = 1, linesPerChunk = 1;
  Division division;

  // Run-time values.
  llvm::SmallVector<Index> inputExtents, outputExtents;
  Index imageCount;
};

} // namespace ingot::cpu

#endif
