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
  llvm::SmallVector<int64_t> shape, strides, dilations, low, high;
  bool isSameUpper = false, isSameLower = false;

  /// From a window's first element to its last, dilation included.
  int64_t extent(size_t axis) const { return (shape[axis] - 1) * dilations[axis] + 1; }
  /// `kernel` is the window where the node has no kernel_shape.
  static mlir::FailureOr<Window> read(Node &node, llvm::ArrayRef<mlir::AffineExpr> kernel);
  /// Replaces auto_pad SAME_* by amounts, for an input of these spatial sizes.
  mlir::LogicalResult resolve(Node &node, llvm::ArrayRef<mlir::AffineExpr> sizes);
};

/// [N, C, spatial...] -> [N, spatial..., C] and back.
mlir::Value toChannelsLast(Node &node, mlir::Value value);
mlir::Value toChannelsFirst(Node &node, mlir::Value value);

} // namespace ingot::frontend

#endif
