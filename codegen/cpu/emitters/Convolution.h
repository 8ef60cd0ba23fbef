//===- Convolution.h - Direct convolutions ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMITTERS_CONVOLUTION_H
#define INGOT_CODEGEN_CPU_EMITTERS_CONVOLUTION_H

#include "codegen/cpu/Emitter.h"
#include "codegen/cpu/emitters/Linear.h"
#include "codegen/cpu/emitters/PanelProduct.h"
#include "codegen/cpu/emitters/WindowAxis.h"
#include <functional>

namespace ingot::cpu {

/// A convolution, transposed or not: input [N, spatial..., C], output [N, spatial..., F].
struct Window {
  mlir::Value input, filter, output;
  int64_t groups = 1, channels = 1, filters = 1; // channels and filters of one group
  /// The window's extent along each axis, as the filter has it.
  llvm::SmallVector<int64_t> extents;
  /// One list of axes for each phase (a plain convolution has one phase).
  llvm::SmallVector<llvm::SmallVector<WindowAxis>> phases;
};

/// One list of axes for each phase of the operation's strides. The window must be known.
llvm::SmallVector<llvm::SmallVector<WindowAxis>> transposedPhases(ConvTransposeOp op, Evaluator &evaluator);

/// The problem that a root poses, when its channels are known.
std::optional<Window> describeConvolution(mlir::Operation *root, Evaluator &evaluator);

/// A direct convolution being emitted; see convolution.cpp.
class Convolution {
public:
  Convolution(Emission &emission, Window window);
  /// Whether input and filter can be read by address arithmetic. Emits nothing.
  bool analyze();
  Division emit();

  /// Neighbouring panels of filters that one tile computes, or as many single filters (alongChannels).
  struct Group {
    Index panel, firstFilter, inputChannel;
    int64_t vectors;
    mlir::Value lastMask;
  };

  // As a part of another kernel, which takes the result line by line; a plain convolution (one phase).
  /// Takes 16 neighbouring elements of the result, bound in the evaluator: `point`, from filter `filter` of pixel `x`
  /// of the line.
  using Taker = std::function<void(llvm::ArrayRef<mlir::AffineExpr> point, const Lanes &lanes, Index filter, Index x)>;
  /// Prepares emitLineOf, whose results go to `taker`. Returns the schedule, whose items do not count.
  const Division &prepareLines(Taker taker);
  /// Into how many groups the filters are divided.
  int64_t groupCount() const { return groupsPerGroup * (window.groups / groupsTogether); }
  /// Calls `body` for panel group `index`: once for whole groups, once for one that the last filters leave.
  void forGroup(Index index, llvm::function_ref<void(const Group &)> body);
  void enterImage(Index number);
  /// Line `y` (of all axes but the last) of the image entered.
  void emitLineOf(const Group &group, llvm::ArrayRef<Index> y);

private:
  using Axes = llvm::ArrayRef<WindowAxis>;
  /// Output pixels [x, x + count) of the last axis; `known` is x if it is a constant.
  struct Tile {
    Index x;
    int64_t count;
    std::optional<int64_t> known;
    /// The tile may reach over the input's edge at run time: only with count == 1.
    bool isClipped = false;
  };

  /// An output pixel of a tile: where its sums are, and its input relative to the tile's.
  struct Pixel {
    size_t number;
    Index offset;
  };

  bool analyzeFilter();
  void schedule();
  void prepare();
  void emitItem(Index item);
  void emitLine(Axes axes, const Group &group);
  void emitKnownLine(Axes axes, const Group &group);
  void emitUnknownLine(Axes axes, const Group &group);
  void emitTile(Axes axes, const Group &group, const Tile &tile);
  Sums reduce(Axes axes, size_t axis, const Group &group, const Tile &tile, Index input, Index filter, Sums sums);
  Sums reduceLast(Axes axes, const Group &group, const Tile &tile, Index input, Index filter, Sums sums);
  Sums reduceTaps(Axes axes, const Group &group, llvm::ArrayRef<Pixel> pixels, Index tap, Index taps, Index input,
                  Index filter, Sums sums);
  // ConvolutionLines.cpp
  std::optional<Block> chooseLines(int64_t panels, Block chosen) const;
  void emitLines(Axes axes, const Group &group, Index tile);
  void emitLineTile(Axes axes, const Group &group, int64_t first, int64_t lines);
  Sums reduceLines(Axes axes, const Group &group, int64_t first, int64_t lines, Index input, Index filter, Sums sums);
  void storeTile(Axes axes, const Group &group, const Tile &tile, llvm::ArrayRef<mlir::Value> sums);
  // ConvolutionOrder.cpp
  void chooseOrder();
  std::pair<Index, Index> placeItem(Index item);
  // ConvolutionPrefetch.cpp
  void choosePrefetchOf(ColumnVectors &columns) const;
  std::optional<int64_t> distanceToNextPhase() const;
  // ConvolutionChannels.cpp
  Block chooseFewFilters() const;
  Block completePanels(Block chosen, std::optional<int64_t> pixels, int64_t panels) const;
  int64_t chooseGroupsTogether() const;
  Sums sumChannels(const Group &group, llvm::ArrayRef<mlir::Value> sums) const;
  void forFewFilters(Index group, llvm::function_ref<void(const Group &)> body);
  Sums reduceChannels(BroadcastRows rows, ColumnVectors columns, Index taps, Index tapStride, int64_t filterStep,
                      Sums sums, int64_t unroll);
  void storeLanes(Axes axes, const Group &group, const Tile &tile, llvm::ArrayRef<mlir::Value> sums);

  Window window;
  Evaluator &evaluator;
  KernelBuilder &builder;
  const Target &target;
  Index begin, end;
  KernelChoice measured;

  // Memory: strides in elements.
  enum class FilterForm { channelsLast, planar, alongChannels, inPlace };
  FilterForm form = FilterForm::channelsLast;
  Storage storage = Storage::Float32; // of the filter; else its pitches count words
  mlir::Value filterTensor;
  mlir::AffineExpr channelStrideExpr;
  llvm::SmallVector<mlir::AffineExpr> strideExprs;
  llvm::SmallVector<Index> strides, inputExtents;
  Index channelStride;
  llvm::SmallVector<int64_t> tapPitch;
  int64_t channelPitch = panelLanes, panelPitch = 0;
  /// Neighbouring channels that a panel's vector has for each of its filters (ConvolutionChannels.cpp).
  int64_t channelLanes = 1;
  int64_t panelFilters() const { return panelLanes / channelLanes; }

  // The schedule.
  Block block{1, 1};
  Division division;
  int64_t groupsPerGroup = 1;
  /// How many groups of the convolution, of one panel each, a tile computes.
  int64_t groupsTogether = 1;
  /// How many lines of a narrow map a tile takes whole (0: tiles are parts of one line).
  int64_t tileLines = 0;
  /// How many lines all panels and phases are computed for before it is the next ones' turn (0: all of all images).
  int64_t blockLines = 0;
  mlir::AffineExpr lineCount; // of the lines, or tiles of lines, of an image
  /// Null: results are stored as the kernel's.
  Taker taker;

  // Run-time values.
  Index imageCount, inputBase, image;
  size_t phaseNumber = 0;
  llvm::SmallVector<Index> line; // output counters q of all axes but the last
  mlir::Value input, filter;
};

} // namespace ingot::cpu

#endif
