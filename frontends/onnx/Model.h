//===- Model.h - A model file in memory -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_FRONTENDS_ONNX_MODEL_H
#define INGOT_FRONTENDS_ONNX_MODEL_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MemoryBuffer.h"
#include "onnx/onnx_pb.h"
#include <memory>

namespace ingot::frontend {

/// A parsed model and the files that its external tensors lie in. Weights are not copied out of it: the constants that
/// refer to it share its ownership, and a tensor's bytes go with the last of them.
class Model : public std::enable_shared_from_this<Model> {
public:
  /// Parses `path`; null after an error, which has been reported.
  static std::shared_ptr<Model> open(llvm::StringRef path, mlir::MLIRContext *context);

  const ::onnx::ModelProto &proto() const { return model; }
  llvm::StringRef path() const { return file; }
  mlir::MLIRContext *getContext() const { return context; }

  /// The type of a tensor of the file, or null after an error at `where`.
  mlir::RankedTensorType type(const ::onnx::TensorProto &tensor, mlir::Location where) const;
  /// Its contents; large ones are views of the file.
  mlir::ElementsAttr contents(const ::onnx::TensorProto &tensor, mlir::Location where);
  /// Its bytes in memory order, i1 as one byte each; `storage` holds them when the file does not.
  std::optional<llvm::ArrayRef<char>> bytes(const ::onnx::TensorProto &tensor, mlir::Location where,
                                            std::vector<char> &storage);

private:
  mlir::LogicalResult parse();
  std::shared_ptr<void> shareBytes(const ::onnx::TensorProto &tensor);
  std::optional<llvm::ArrayRef<char>> externalBytes(const ::onnx::TensorProto &tensor, mlir::Location where);
  llvm::MemoryBuffer *openExternal(llvm::StringRef location, mlir::InFlightDiagnostic &error);

  mlir::MLIRContext *context = nullptr;
  std::string file;
  ::onnx::ModelProto model;
  llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> externals;
  /// What keeps the raw_data of a tensor that constants refer to.
  llvm::DenseMap<const ::onnx::TensorProto *, std::weak_ptr<void>> shared;
};

/// The element type of TensorProto.DataType `type`, or null with the reason in `reason`.
mlir::Type elementType(int32_t type, mlir::MLIRContext *context, std::string &reason);
/// The other way round, for schemas that ask.
int32_t onnxType(mlir::Type element);

} // namespace ingot::frontend

#endif
