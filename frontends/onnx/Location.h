//===- Location.h - Where in the model an operation comes from --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The only place that builds locations: FusedLoc<{op, opset}>[NameLoc("name", FileLineColLoc("model.onnx", index, 0))].
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_FRONTENDS_ONNX_LOCATION_H
#define INGOT_FRONTENDS_ONNX_LOCATION_H

#include "mlir/IR/Location.h"
#include "onnx/onnx_pb.h"

namespace ingot::frontend {

mlir::Location fileLocation(mlir::MLIRContext *context, llvm::StringRef file);

/// A tensor of the file (an input or initializer): NameLoc("conv1.weight", FileLineColLoc(file, 0, 0)).
mlir::Location tensorLocation(mlir::MLIRContext *context, llvm::StringRef file, llvm::StringRef name);

mlir::Location nodeLocation(mlir::MLIRContext *context, llvm::StringRef file, const ::onnx::NodeProto &node,
                            unsigned index, int64_t opset);

/// A node within a function called from `caller`: errors name the caller, the inner node follows in the location.
mlir::Location innerLocation(mlir::Location caller, const ::onnx::NodeProto &node);

/// "MatMul", or "com.microsoft.FusedConv" outside ONNX's own domain.
std::string qualifiedName(const ::onnx::NodeProto &node);

} // namespace ingot::frontend

#endif
