//===- Graph.h - Walks a model's graph and builds the module ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Knows names, scopes, operator-set versions and function calls, but no operator.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_FRONTENDS_ONNX_GRAPH_H
#define INGOT_FRONTENDS_ONNX_GRAPH_H

#include "frontends/Frontend.h"
#include "frontends/onnx/Model.h"
#include "frontends/onnx/Tensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringSet.h"
#include <map>

namespace ingot::frontend {

/// Names and their tensors; an inner scope sees the outer one's.
class Scope {
public:
  explicit Scope(Scope *parent = nullptr) : parent(parent) {}
  /// The tensor of that name, or null.
  std::shared_ptr<Tensor> find(llvm::StringRef name) {
    auto found = tensors.find(name);
    return found != tensors.end() ? found->second : parent ? parent->find(name) : nullptr;
  }
  void add(llvm::StringRef name, std::shared_ptr<Tensor> tensor) { tensors[name] = std::move(tensor); }
  bool has(llvm::StringRef name) const { return tensors.count(name); }

private:
  llvm::StringMap<std::shared_ptr<Tensor>> tensors;
  Scope *parent;
};

/// Domain -> version of the operator set.
using Opsets = std::map<std::string, int64_t>;

class Graph {
public:
  Graph(std::shared_ptr<Model> model, const ImportOptions &options);

  /// The whole model as a module, or null after an error.
  mlir::OwningOpRef<mlir::ModuleOp> import();

  // What operators may use, through Node.
  mlir::OpBuilder &getBuilder() { return builder; }
  Model &getModel() { return *model; }
  bool isEvaluation() const { return options.isEvaluation; }
  SymbolScope &getSymbols() { return symbols; }
  /// The tensor as a value, made now if need be; null after an error.
  mlir::Value value(Tensor &tensor, mlir::Location where);
  /// Its type, without making the value; null after an error.
  mlir::RankedTensorType type(Tensor &tensor, mlir::Location where);
  /// Its contents, if it is a small integer tensor with known ones.
  const Known *known(Tensor &tensor, mlir::Location where);
  /// The contents as a value: ingot.constant or ingot.dimensions.
  mlir::Value materialize(const Known &known, mlir::Location where);
  /// Notes that the model is right only where `expr` >= 0; narrows a symbol's range if that says it all.
  void require(mlir::AffineExpr expr);
  /// Whether that is so for all sizes that the model is known to be given.
  bool isCertain(mlir::AffineExpr expr);
  /// While training, what an initializer becomes from step to step: one more output, NAME.next, unless the model has an
  /// output of that name.
  void addSuccessor(const std::shared_ptr<Tensor> &initializer, mlir::Value next);
  /// A symbol that no other dimension has.
  mlir::AffineExpr freshSymbol(llvm::StringRef name);

private:
  using Nodes = google::protobuf::RepeatedPtrField<::onnx::NodeProto>;

  mlir::LogicalResult importInputs(Scope &scope);
  mlir::FailureOr<mlir::RankedTensorType> inputType(const ::onnx::ValueInfoProto &input);
  mlir::FailureOr<mlir::AffineExpr> inputDimension(const ::onnx::TensorShapeProto::Dimension &dim,
                                                   llvm::StringRef tensor, int axis);
  mlir::LogicalResult importInitializers(const ::onnx::GraphProto &graph, Scope &scope);
  mlir::LogicalResult importNodes(const Nodes &nodes, Scope &scope, const Opsets &opsets,
                                  std::optional<mlir::Location> caller);
  mlir::LogicalResult importNode(const ::onnx::NodeProto &node, Scope &scope, const Opsets &opsets,
                                 mlir::Location where);
  mlir::LogicalResult importCall(const ::onnx::NodeProto &node, const ::onnx::FunctionProto &body, Scope &scope,
                                 mlir::Location where);
  /// The branch that a condition known at import selects.
  mlir::LogicalResult importIf(const ::onnx::NodeProto &node, Scope &scope, const Opsets &opsets, mlir::Location where);
  const ::onnx::FunctionProto *findFunction(const ::onnx::NodeProto &node) const;
  /// The body that the operator's schema gives, into `body`.
  bool schemaBody(const ::onnx::NodeProto &node, Scope &scope, int64_t opset, ::onnx::FunctionProto &body,
                  mlir::Location where);
  mlir::LogicalResult importOutputs(Scope &scope);
  /// Those that the options name.
  mlir::LogicalResult importInnerOutputs(Scope &scope, llvm::function_ref<void(const std::string &, mlir::Value)> add);
  mlir::LogicalResult checkOutput(const ::onnx::ValueInfoProto &declared, mlir::Value value);
  mlir::LogicalResult checkOpsets();
  mlir::LogicalResult checkSupported();
  mlir::LogicalResult checkDimensionNames();
  /// Writes the symbols with their bounds, and what is required of them.
  mlir::LogicalResult describeSymbols(mlir::ModuleOp module);

  std::shared_ptr<Model> model;
  const ImportOptions &options;
  mlir::MLIRContext *context;
  mlir::OpBuilder builder;
  SymbolScope symbols;
  llvm::StringMap<DimensionRange> ranges;
  llvm::SmallVector<mlir::AffineExpr> requirements;
  std::map<std::string, mlir::Value> successors;
  /// The names of the inputs' dimensions that are no numbers in the file, also of those that an option pins.
  llvm::SmallVector<std::string> openDims;
  /// Function bodies with a caller's attributes in place.
  std::vector<std::shared_ptr<::onnx::FunctionProto>> bodies;
  mlir::func::FuncOp function;
  mlir::Operation *lastConstant = nullptr;
  unsigned callDepth = 0, nodeCount = 0;
};

} // namespace ingot::frontend

#endif
