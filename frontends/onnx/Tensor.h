//===- Tensor.h - What a name of an ONNX graph stands for -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_FRONTENDS_ONNX_TENSOR_H
#define INGOT_FRONTENDS_ONNX_TENSOR_H

#include "dialects/ingot/Shape.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/Value.h"
#include "onnx/onnx_pb.h"

namespace ingot::frontend {

/// A small tensor of whole numbers whose elements are known as expressions over the model's symbols: what the Shape
/// operator gives, and what exporters compute from it (sometimes in floating point). All are in the importer's one
/// SymbolScope.
struct Known {
  llvm::SmallVector<int64_t> shape;
  llvm::SmallVector<mlir::AffineExpr> elements;
  mlir::Type element;

  mlir::RankedTensorType type() const { return mlir::RankedTensorType::get(shape, element); }
  /// The elements as numbers, if all are.
  std::optional<llvm::SmallVector<int64_t>> numbers() const;
  int64_t rank() const { return shape.size(); }
};

/// Larger tensors are data even when their contents are known.
inline constexpr int64_t kKnownLimit = 1024;
/// The same for floating-point ones, of which only those matter that scale a size; and the largest number that all hold
/// exactly.
inline constexpr int64_t kKnownFloatLimit = 16;
inline constexpr int64_t kExactFloat = 1 << 24;

/// Whether the expression is certain to be >= 0, given that symbols are.
bool isNonNegative(mlir::AffineExpr expr);

/// A name's meaning. At least one of `value`, `initializer` and `known` is set; the value is made when first needed, so
/// that tensors that only describe shapes leave no trace.
struct Tensor {
  std::string name;
  mlir::Value value;
  const ::onnx::TensorProto *initializer = nullptr;
  /// Where the initializer stands when that is in a node, not in the graph's list: then it is no parameter of the
  /// model.
  std::optional<mlir::Location> node;
  std::optional<Known> known;
  bool isKnownTried = false;
};

} // namespace ingot::frontend

#endif
