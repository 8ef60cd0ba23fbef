//===- Window.h - What convolutions and pools have in common ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_FRONTENDS_ONNX_WINDOW_H
#define INGOT_FRONTENDS_ONNX_WINDOW_H

#include "frontends/onnx/Node.h"

namespace ingot::frontend {

/// A window that moves over the spatial axes, as the attributes kernel_shape, strides, dilations, pads and auto_pad
/// say.
struct Window {
  /// An axis whose padding by auto_pad SAME_* depends on an open size: the input is padded by the most that any size
  /// needs, and of that as many elements are taken as the windows cover.
  struct OpenAxis {
    size_t axis;
    int64_t low, high;              ///< the most that is needed in front and behind
    mlir::AffineExpr start, extent; ///< what the windows cover
  };

  llvm::SmallVector<int64_t> shape, strides, dilations, low, high;
  bool isSameUpper = false, isSameLower = false;
  llvm::SmallVector<OpenAxis> open;

  /// From a window's first element to its last, dilation included.
  int64_t extent(size_t axis) const { return (shape[axis] - 1) * dilations[axis] + 1; }
  /// `kernel` is the window where the node has no kernel_shape.
  static mlir::FailureOr<Window> read(Node &node, llvm::ArrayRef<mlir::AffineExpr> kernel);
  /// Replaces auto_pad SAME_* by amounts, for an input of these spatial sizes. The input must then be `padded`.
  void resolve(Node &node, llvm::ArrayRef<mlir::AffineExpr> sizes);
  /// The input [N, spatial..., C] with what `low` and `high` leave to it: rank-0 `filling` around its open axes.
  mlir::Value padded(Node &node, mlir::Value input, mlir::Value filling) const;

private:
  void resolveOpen(Node &node, size_t axis, mlir::AffineExpr size);
};

/// [N, C, spatial...] -> [N, spatial..., C] and back.
mlir::Value toChannelsLast(Node &node, mlir::Value value);
mlir::Value toChannelsFirst(Node &node, mlir::Value value);

} // namespace ingot::frontend

#endif
