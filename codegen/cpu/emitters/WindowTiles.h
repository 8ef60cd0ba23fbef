//===- WindowTiles.h - Windows over maps, channel by channel ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What depthwise convolutions and pools have in common: each output element combines the elements of one channel that
// lie in its window. Lanes are 16 neighbouring channels; a tile of output pixels loads each input vector once.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMITTERS_WINDOWTILES_H
#define INGOT_CODEGEN_CPU_EMITTERS_WINDOWTILES_H

#include "codegen/cpu/Emitter.h"
#include "codegen/cpu/Schedule.h"
#include "codegen/cpu/emitters/ComputedLines.h"
#include "codegen/cpu/emitters/Linear.h"
#include "codegen/cpu/emitters/WindowAxis.h"

namespace ingot::cpu {

/// Input and output [N, spatial..., C].
struct WindowProblem {
  mlir::Value input, output;
  llvm::SmallVector<WindowAxis> axes;
  /// Of a transposed convolution: the axes of its other phases, none of which has more outputs.
  llvm::SmallVector<llvm::SmallVector<WindowAxis>> otherPhases;
};

/// The windows of a convolution with a filter of known extents.
WindowProblem windowsOf(ConvOp op, Evaluator &evaluator);

class WindowTiles {
public:
  WindowTiles(Emission &emission, WindowProblem problem);
  virtual ~WindowTiles() = default;
  /// Whether the input can be read by address arithmetic, or is computed by a convolution. Emits nothing.
  bool analyze();
  Division emit();

protected:
  /// An output pixel of a tile that an element of the input is combined with, as the phase's tap `tap`.
  struct Use {
    int64_t pixel;
    Index tap;
  };
  struct Element {
    mlir::Value vector;
    llvm::SmallVector<Use> uses;
  };

  /// Called before the pixels of each block of channels of each phase. `channel` is the first of the result.
  virtual void enterChannels(Index channel, mlir::Value mask) {}
  virtual mlir::Value start() = 0;
  /// `tap` is the row-major number of the window's element.
  virtual mlir::Value combine(mlir::Value sum, mlir::Value element, Index tap) = 0;
  /// Combines all elements of a line, each with the sums that use it. For kernels that loop over the window's lines.
  virtual void combineLine(llvm::MutableArrayRef<mlir::Value> sums, llvm::ArrayRef<Element> elements);
  /// `taps` are, for each axis, those that lie inside the input; `q` the output's counters.
  virtual mlir::Value finish(mlir::Value sum, llvm::ArrayRef<WindowAxis::Range> taps, llvm::ArrayRef<Index> q) {
    return sum;
  }
  mlir::VectorType vectorType() const;

  WindowProblem problem;
  Evaluator &evaluator;
  KernelBuilder &builder;
  const Target &target;
  /// Neighbouring channels of the result that are computed together, and those of the input that they need. At most 16.
  int64_t blockResults = panelLanes, blockInputs = panelLanes;
  /// The window's lines are a loop, in place of code for each; a tile has this many pixels of one line. 0: they are
  /// not.
  int64_t loopedTile = 0;

private:
  /// Neighbouring positions of one axis that are computed together; `known` when at compile time.
  struct Span {
    Index start;
    int64_t count;
    std::optional<int64_t> known;
  };
  /// `count` spans of `size`; the only span of a piece that touches the edge is `known`.
  struct Piece {
    int64_t start, size, count;
    std::optional<int64_t> known;
  };

  bool mayUnroll() const;
  bool analyzeMemory();
  void addLineAxis();
  void schedule();
  void scheduleLines();
  void emitItem(Index item);
  void forPhases(Index line, llvm::function_ref<void()> body);
  mlir::Value emitComputedItem(Index item, mlir::Value done);
  void forChannels(llvm::function_ref<void()> body);
  void emitMap(Index lineItem);
  void emitLine(const Span &y);
  void emitTile(const Span &y, const Span &x);
  // WindowLoops.cpp
  void emitLoopedTile(Index y, const Span &x);
  void emitLoopLine(Index y);
  void emitLoopTile(Index y, Index x, int64_t count, bool isClipped);
  WindowAxis::Range tapsInside(const WindowAxis &axis, const Span &span, int64_t position) const;
  void store(mlir::Value sum, Index y, Index x, llvm::ArrayRef<WindowAxis::Range> taps);
  llvm::SmallVector<Piece> piecesOf(const WindowAxis &axis, int64_t size) const;
  /// The first line of tile `number` of all lines.
  Index startOfTile(Index number);
  /// How many lines of the input a tile's windows reach over.
  int64_t reach() const;
  /// The channels of a block of the input as float32, from `offset` on.
  mlir::Value load(Index offset);
  /// The input's offset of (y, x)'s window position (0, 0); with computed lines, only along the line.
  Index origin(Index y, Index x);

  Emission &emission;
  Index begin, end;
  llvm::SmallVector<mlir::AffineExpr> strideExprs;
  llvm::SmallVector<Index> strides, extents;
  Division division;
  int64_t tileRows = 1, tileColumns = 1, channelCount = 1, resultCount = 1;
  bool isUnrolled = true;
  /// An item is the whole map of a block of channels, or one tile's lines of all channels.
  bool wholeMap = true;
  /// When not null, the input is not in memory.
  std::unique_ptr<ComputedLines> lines;
  /// With these, where the lines of a tile begin; those before the map are not there.
  llvm::SmallVector<Index> lineOffsets;

  Index images, image, firstBlock, lastBlock, channel, mapBase, inputBase;
  mlir::Value input, mask, inputMask;
};

} // namespace ingot::cpu

#endif
