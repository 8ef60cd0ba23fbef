//===- Casts.h - Between element types --------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_SCALAR_CASTS_H
#define INGOT_CODEGEN_SCALAR_CASTS_H

#include "codegen/scalar/Real.h"

namespace ingot {

/// `value`, of a tensor with elements `from`, as an element of `to` (the sign of integers is in these types, not in the
/// value's). Float to integer truncates, saturates, and makes NaN 0; anything to i1 is "not 0".
mlir::Value convert(const Place &at, mlir::Value value, mlir::Type from, mlir::Type to);

/// float16 and bfloat16 to float32 and back, rounding to nearest even.
mlir::Value widenHalf(const Place &at, mlir::Value value);
mlir::Value narrowToHalf(const Place &at, mlir::Value value, mlir::Type half);

inline bool isHalf(mlir::Type element) { return element.isF16() || element.isBF16(); }

} // namespace ingot

#endif
