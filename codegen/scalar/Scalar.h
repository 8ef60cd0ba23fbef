//===- Scalar.h - Pointwise operations on scalars and vectors ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one lowering of every pointwise operation, for all targets: operands are scalars or vectors of one length, and so
// is the result. Transcendental functions of float32 are emitted as polynomials of at most 4 ulp error.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_SCALAR_SCALAR_H
#define INGOT_CODEGEN_SCALAR_SCALAR_H

#include "mlir/IR/Builders.h"

namespace ingot {

/// Emits pointwise `op` (of the ingot dialect) on already loaded `operands`. `isUnsigned` semantics are taken from the
/// op's tensor types. Null when `op` has no scalar form.
mlir::Value emitScalar(mlir::OpBuilder &builder, mlir::Location loc, mlir::Operation *op, mlir::ValueRange operands);

/// e^x, for emitters that need it inside a row (softmax); float32 scalars or vectors.
mlir::Value emitExp(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);
/// The same for x <= 0 alone, in fewer operations.
mlir::Value emitExpOfNonPositive(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);
mlir::Value emitLog(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x);

} // namespace ingot

#endif
