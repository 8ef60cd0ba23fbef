//===- ConstantValues.h - What follows from constants alone -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_SIMPLIFY_CONSTANTVALUES_H
#define INGOT_PASSES_SIMPLIFY_CONSTANTVALUES_H

#include "dialects/ingot/Ingot.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

namespace ingot {

/// Whether `value` is computed from constants alone, so that it can be evaluated when the model is compiled.
bool isKnown(mlir::Value value);

/// The number that every element of a constant has, if they are all equal. Looks through views.
std::optional<double> uniformValue(mlir::Value value);

/// Whether every element of `value` is about `number` (exporters round constants such as sqrt(2) in various ways).
bool isAbout(mlir::Value value, double number);

/// A rank-0 constant with the element type of `like`.
mlir::Value scalarLike(mlir::OpBuilder &builder, mlir::Location loc, double number, mlir::Value like);

/// `value` as a tensor with these dimensions; itself when it has them already.
mlir::Value reshapeTo(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value, mlir::RankedTensorType type);
mlir::Value reshapeTo(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value, llvm::ArrayRef<int64_t> shape);

inline mlir::RankedTensorType typeOf(mlir::Value value) { return llvm::cast<mlir::RankedTensorType>(value.getType()); }

/// An operation of type Op in place of one or more others: carries the locations of all.
mlir::Location fuseLocations(mlir::Operation *first, mlir::Operation *second);

} // namespace ingot

#endif
