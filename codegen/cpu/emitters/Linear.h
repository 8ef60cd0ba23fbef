//===- Linear.h - Operands that are linear in loop counters -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMITTERS_LINEAR_H
#define INGOT_CODEGEN_CPU_EMITTERS_LINEAR_H

#include "codegen/cpu/Evaluator.h"

namespace ingot::cpu {

/// A counter to analyse index maps with: it has a range, but no value that code could use.
mlir::AffineExpr probe(Evaluator &evaluator, mlir::AffineExpr extent);

/// How far `offset` moves per step of `variable`: an expression over symbols alone. Null when it is not linear in it.
mlir::AffineExpr strideOf(mlir::AffineExpr offset, mlir::AffineExpr variable);

/// The axis' counters of a point number, row-major: linear index -> one expression per axis. Axes of extent 1 are 0.
Point delinearize(mlir::AffineExpr linear, llvm::ArrayRef<mlir::AffineExpr> extents);

/// The same at run time: declares one variable per axis.
Point delinearize(Evaluator &evaluator, Index linear, llvm::ArrayRef<mlir::AffineExpr> extents);

/// `point` of a result broadcast from `tensor`'s leading axes: drops axes that `tensor` lacks, 0 where its extent is 1.
Point broadcastPoint(llvm::ArrayRef<mlir::AffineExpr> point, llvm::ArrayRef<mlir::AffineExpr> extents);

} // namespace ingot::cpu

#endif
