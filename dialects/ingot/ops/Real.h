//===- Real.h - Shape rules of functions of real numbers --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_DIALECTS_INGOT_OPS_REAL_H
#define INGOT_DIALECTS_INGOT_OPS_REAL_H

#include "dialects/ingot/Ingot.h"

namespace ingot {

/// That a tensor's elements are floating-point numbers.
inline mlir::LogicalResult checkReal(std::optional<mlir::Location> where, mlir::Value input) {
  mlir::Type element = mlir::getElementTypeOrSelf(input);
  if (mlir::isa<mlir::FloatType>(element))
    return mlir::success();
  return reject(where, "needs floating-point elements, but they are ", element);
}

} // namespace ingot

#endif
