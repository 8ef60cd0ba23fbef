//===- Axis.h - Shape rules along an axis -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_DIALECTS_INGOT_OPS_AXIS_H
#define INGOT_DIALECTS_INGOT_OPS_AXIS_H

#include "dialects/ingot/Ingot.h"

namespace ingot {

/// That a tensor of this rank has the axis, which counts from 0.
inline mlir::LogicalResult checkAxis(std::optional<mlir::Location> where, int64_t axis, int64_t rank) {
  if (axis < 0 || axis >= rank)
    return reject(where, "axis ", axis, " is out of range for rank ", rank);
  return mlir::success();
}

/// The input's type, of an operation that works along its axes.
inline mlir::LogicalResult inferAlongAxes(std::optional<mlir::Location> where, mlir::Value input,
                                          llvm::ArrayRef<int64_t> axes, llvm::SmallVectorImpl<mlir::Type> &types) {
  auto type = mlir::cast<mlir::RankedTensorType>(input.getType());
  for (int64_t axis : axes)
    if (failed(checkAxis(where, axis, type.getRank())))
      return mlir::failure();
  types.push_back(type);
  return mlir::success();
}

} // namespace ingot

#endif
