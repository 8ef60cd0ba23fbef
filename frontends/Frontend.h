//===- Frontend.h - Model files become ingot IR: the only door --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// importOnnx reads a model and returns a module with one function @main over tensors of the ingot dialect. Everything
// that is wrong with the file is reported through the context's diagnostic engine; each operation's location says which
// ONNX node it comes from, and findNode reads that back.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_FRONTENDS_FRONTEND_H
#define INGOT_FRONTENDS_FRONTEND_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringMap.h"
#include <optional>
#include <string>
#include <vector>

namespace ingot {

/// The sizes that a named dimension may take; `max` -1 means unbounded.
struct DimensionRange {
  int64_t min = 0;
  int64_t max = -1;
  bool isFixed() const { return min == max; }
};

struct ImportOptions {
  /// Dimensions by name (--dim batch=8, --dim batch=1..64): fixed ones become constants, others get bounds.
  llvm::StringMap<DimensionRange> dims;
  /// The module's name; the file's stem when empty.
  std::string name;
  /// Further outputs of @main, after the model's own: tensors of the graph by their names.
  std::vector<std::string> outputs;
  /// Real initializers stay named constants even where their contents are known, so that they can be trained.
  bool keepParameters = false;
  /// What behaves differently while training (batch normalisation, dropout) is imported as it behaves afterwards.
  /// Running statistics still have their successors among the outputs, which are the statistics themselves. The module
  /// is marked ingot.evaluation, so that the pass ingot-build-train-step makes the evaluation that belongs to a step.
  bool isEvaluation = false;
};

/// Reads a model: binary protobuf, or text when the name ends in .textproto, .pbtxt or .onnxtxt (protobuf's text
/// format) or in .onnxtext (ONNX's own syntax). Null after an error, which has been reported.
///
/// The weights stay in the parsed file, which lives as long as `context` does.
mlir::OwningOpRef<mlir::ModuleOp> importOnnx(llvm::StringRef path, const ImportOptions &options,
                                             mlir::MLIRContext *context);

/// A tensor in memory, for a model file.
struct TensorContents {
  std::string name;
  int32_t onnxType; ///< TensorProto.DataType
  std::vector<int64_t> dims;
  llvm::ArrayRef<char> bytes; ///< dense and row-major
};

/// An output that has been trained for numbers with mean 0 and deviation 1 is to be y * deviation + mean: for each
/// element of a row of it, or of its last axis, or all alike where there is one number.
struct OutputScaling {
  std::string output;
  std::vector<double> mean, deviation; ///< equally many
};

/// What changes in a model file beside its weights.
struct ExportChanges {
  /// The model leaves training mode: batch normalisation uses its running statistics, whose successors are no outputs
  /// any more, and dropout lets everything through.
  bool forInference = false;
  /// What the product of X.lora_B and X.lora_A is multiplied by.
  double loraScale = 1;
  std::optional<OutputScaling> scaling;
};

/// Writes the model in `path` to `output`, with these tensors as the contents of its initializers of the same names;
/// `X.lora_B` and `X.lora_A` are an increment of X instead, loraScale B A, and what the model has no initializer for
/// is left out. An error, which has been reported, when a type or shape differs,
/// when no name is the model's, or when a file cannot be read or written; then an older `output` is as it was.
mlir::LogicalResult exportOnnx(llvm::StringRef path, llvm::ArrayRef<TensorContents> weights,
                               const ExportChanges &changes, llvm::StringRef output, mlir::MLIRContext *context);

/// The ONNX node that an operation comes from.
struct NodeLocation {
  llvm::StringRef file; ///< as given to importOnnx
  llvm::StringRef name; ///< the node's name, or "MatMul#12"
  llvm::StringRef op;   ///< "MatMul", with the domain in front when it is not ONNX's own
  int64_t opset = 0;    ///< the version of the operator set that the model names
  unsigned index = 0;   ///< among the nodes of its graph
};

/// The node named in `location`, wherever it lies in it (a pass may have fused or wrapped it).
std::optional<NodeLocation> findNode(mlir::Location location);

/// The model file named in `location`, or "".
llvm::StringRef findFile(mlir::Location location);

/// `node "encoder/attn/MatMul" (MatMul-13, #12)`, the way messages name a node.
std::string describe(const NodeLocation &node);

/// The node or else the tensor of the file that `location` names (`tensor "conv1.weight"`), or "".
std::string describe(mlir::Location location);

/// One ONNX operator that can be imported, from an operator-set version on.
struct ImportableOperator {
  llvm::StringRef name;
  int since;
  llvm::StringRef family;
};
std::vector<ImportableOperator> importableOperators();

} // namespace ingot

#endif
