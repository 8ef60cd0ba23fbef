//===- ComputedLines.h - A window's input, computed on the way --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel may hold a convolution and the window that reads it (JoinWindows.cpp). Of the map between them only the
// lines lie in memory that the window needs at a time: in the thread's scratch memory, panel by panel of 16 channels,
//
//   [channels / 16][ring of lines][width][16]
//
// Line y is in place y mod ring. A thread that computes neighbouring tiles of lines computes each line once; where its
// part begins, the lines that the one before has computed too.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMITTERS_COMPUTEDLINES_H
#define INGOT_CODEGEN_CPU_EMITTERS_COMPUTEDLINES_H

#include "codegen/cpu/emitters/Convolution.h"

namespace ingot::cpu {

class ComputedLines {
public:
  /// For the window's input [N, H, W, C], or null when the kernel does not compute it by a convolution.
  static std::unique_ptr<ComputedLines> find(Emission &emission, mlir::Value input);

  /// The window reads `ring` neighbouring lines at a time. Returns the convolution's schedule.
  const Division &prepare(int64_t ring);
  int64_t scratchBytes() const;
  /// Floating-point operations for one line of all channels.
  double operationsOfLine() const;

  /// Lines are counted through all images. This is what a loop over tiles starts with.
  mlir::Value noLines();
  /// Emits what computes, for `image`, the lines [first, end) cut to the map, as far as `done` (noLines, or what this
  /// gave for the tile before) says that they are not there. Returns the new `done`.
  mlir::Value emit(Index image, Index first, Index end, mlir::Value done);

  mlir::Value pointer() const { return scratch; }
  /// Elements between panels, and between pixels.
  int64_t panelStride() const { return ring * lineStride(); }
  int64_t pixelStride() const { return panelLanes; }
  /// Where line `y`, which is not negative, begins in a panel.
  Index lineOffset(Index y);

private:
  ComputedLines(Emission &emission, mlir::Value input, Window window);
  int64_t lineStride() const { return width * panelLanes; }

  Evaluator &evaluator;
  KernelBuilder &builder;
  mlir::Value scratch, input;
  int64_t height, width, channels, ring = 0;
  double operations;
  Convolution convolution;
  Index lineBase; // where the line being computed is
};

} // namespace ingot::cpu

#endif
