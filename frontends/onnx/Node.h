//===- Node.h - One node of the graph, typed --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an importer works with: inputs, attributes, results, and the making of operations. Making one from a null value
// gives null (the reason has been reported), so importers compose calls and only the last one says success or failure.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_FRONTENDS_ONNX_NODE_H
#define INGOT_FRONTENDS_ONNX_NODE_H

#include "dialects/ingot/Ingot.h"
#include "frontends/onnx/Graph.h"

namespace ingot::frontend {

class Node {
public:
  Node(Graph &graph, const ::onnx::NodeProto &proto, Scope &scope, int64_t opset, mlir::Location location)
      : graph(graph), proto(proto), scope(scope), opset(opset), location(location) {}

  llvm::StringRef type() const { return proto.op_type(); }
  int64_t version() const { return opset; }
  mlir::Location getLocation() const { return location; }
  mlir::MLIRContext *getContext() const { return location.getContext(); }
  SymbolScope &symbols() { return graph.getSymbols(); }
  Graph &getGraph() { return graph; }

  // Inputs. Index i counts optional ones that are left out.
  size_t inputCount() const { return proto.input_size(); }
  bool hasInput(size_t i) const { return i < inputCount() && !proto.input(i).empty(); }
  llvm::StringRef inputName(size_t i) const { return proto.input(i); }
  /// Null when left out, and after an error.
  mlir::Value input(size_t i);
  mlir::SmallVector<mlir::Value> inputs();
  mlir::RankedTensorType inputType(size_t i);
  mlir::Type elementType(size_t i = 0);
  int64_t rank(size_t i = 0);
  llvm::SmallVector<mlir::AffineExpr> dims(size_t i = 0);
  const Known *known(size_t i);
  /// The expressions in a one-dimensional integer input (a shape, axes, ...); an error when they are computed from
  /// data.
  mlir::FailureOr<llvm::SmallVector<mlir::AffineExpr>> expressions(size_t i);
  /// The same where they must be numbers.
  mlir::FailureOr<llvm::SmallVector<int64_t>> integers(size_t i);
  /// The numbers in a constant floating-point (or integer) input.
  mlir::FailureOr<llvm::SmallVector<double>> numbers(size_t i);
  std::shared_ptr<Tensor> inputTensor(size_t i) { return hasInput(i) ? scope.find(inputName(i)) : nullptr; }

  // Attributes: int64_t, bool, double, std::string, SmallVector<int64_t>, SmallVector<double>.
  bool hasAttribute(llvm::StringRef name) const { return findAttribute(name); }
  const ::onnx::AttributeProto *findAttribute(llvm::StringRef name) const;
  template <typename T>
  T attribute(llvm::StringRef name, T fallback = {}) const;

  /// An axis in [0, rank), from one that may count from the end.
  mlir::FailureOr<int64_t> axis(int64_t axis, int64_t rank);
  mlir::FailureOr<llvm::SmallVector<int64_t>> axes(llvm::ArrayRef<int64_t> axes, int64_t rank);

  // Results.
  size_t outputCount() const { return proto.output_size(); }
  bool hasOutput(size_t i) const { return i < outputCount() && !proto.output(i).empty(); }
  llvm::StringRef outputName(size_t i) const { return proto.output(i); }
  mlir::LogicalResult result(size_t i, mlir::Value value);
  mlir::LogicalResult result(mlir::Value value) { return result(0, value); }
  mlir::LogicalResult result(size_t i, Known known);
  /// Output i is input j itself.
  mlir::LogicalResult forward(size_t i, size_t j);
  mlir::LogicalResult constant(size_t i, const ::onnx::TensorProto &tensor);

  mlir::InFlightDiagnostic error() const { return mlir::emitError(location); }
  mlir::LogicalResult unsupported(const llvm::Twine &what) const { return error() << what << " is not supported yet"; }

  // Making operations.
  /// An operation whose result type follows from its operands.
  template <typename Op, typename... Args>
  mlir::Value make(Args &&...args) {
    if ((isNull(args) || ...))
      return {};
    mlir::OperationState state(location, Op::getOperationName());
    Op::build(graph.getBuilder(), state, placeholder(), std::forward<Args>(args)...);
    state.types.clear();
    if (failed(Op::inferReturnTypes(getContext(), location, state.operands,
                                    state.attributes.getDictionary(getContext()), state.getRawProperties(), {},
                                    state.types)))
      return {};
    return create(state);
  }
  /// An operation with `results` results, whose types follow from its operands; null after an error.
  template <typename Op, typename... Args>
  Op makeAll(unsigned results, Args &&...args) {
    if ((isNull(args) || ...))
      return {};
    mlir::OperationState state(location, Op::getOperationName());
    Op::build(graph.getBuilder(), state, mlir::TypeRange(llvm::SmallVector<mlir::Type>(results, placeholder())),
              std::forward<Args>(args)...);
    state.types.clear();
    if (failed(Op::inferReturnTypes(getContext(), location, state.operands,
                                    state.attributes.getDictionary(getContext()), state.getRawProperties(), {},
                                    state.types)))
      return {};
    mlir::Value first = create(state);
    return first ? first.getDefiningOp<Op>() : Op();
  }
  /// An operation with a given result type.
  template <typename Op, typename... Args>
  mlir::Value makeAs(mlir::Type type, Args &&...args) {
    if (!type || (isNull(args) || ...))
      return {};
    mlir::OperationState state(location, Op::getOperationName());
    Op::build(graph.getBuilder(), state, type, std::forward<Args>(args)...);
    return create(state);
  }
  /// A rank-0 constant.
  mlir::Value scalar(double number, mlir::Type element);
  mlir::Value scalarLike(double number, mlir::Value like);
  mlir::Value constant(mlir::ElementsAttr value);
  mlir::Value constantIntegers(llvm::ArrayRef<int64_t> numbers);

  llvm::SmallVector<mlir::AffineExpr> dimsOf(mlir::Value value);
  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<mlir::AffineExpr> dims);
  mlir::Value broadcast(mlir::Value value, llvm::ArrayRef<mlir::AffineExpr> dims);
  mlir::Value transpose(mlir::Value value, llvm::ArrayRef<int64_t> permutation);
  mlir::Value cast(mlir::Value value, mlir::Type element);
  /// The value, of integers as float64: what functions that ONNX defines for both are computed of.
  mlir::Value asReal(mlir::Value value);
  mlir::Value slice(mlir::Value value, llvm::ArrayRef<mlir::AffineExpr> start, llvm::ArrayRef<int64_t> step,
                    llvm::ArrayRef<mlir::AffineExpr> extent);
  mlir::Value squeeze(mlir::Value value, llvm::ArrayRef<int64_t> axes);
  mlir::Value unsqueeze(mlir::Value value, llvm::ArrayRef<int64_t> axes);
  mlir::Value reduce(ReduceKind kind, mlir::Value value, llvm::ArrayRef<int64_t> axes);
  /// The index along `axis` as a tensor of that shape.
  mlir::Value iota(llvm::ArrayRef<mlir::AffineExpr> dims, int64_t axis, mlir::Type element);
  /// A value of shape [C] as [C, 1, 1, ...], so that it broadcasts along axis 1 of a tensor of that rank.
  mlir::Value alongChannels(mlir::Value value, int64_t rank);

private:
  template <typename T>
  static bool isNull(const T &argument) {
    if constexpr (std::is_convertible_v<T, mlir::Value> && !std::is_pointer_v<T>)
      return !mlir::Value(argument);
    else if constexpr (std::is_convertible_v<const T &, llvm::ArrayRef<mlir::Value>>)
      return llvm::is_contained(llvm::ArrayRef<mlir::Value>(argument), mlir::Value());
    else
      return false;
  }
  mlir::Type placeholder() const;
  mlir::Value create(mlir::OperationState &state);

  Graph &graph;
  const ::onnx::NodeProto &proto;
  Scope &scope;
  int64_t opset;
  mlir::Location location;
};

/// Tries to compute the node's outputs as Known tensors; false when it takes data.
bool evaluateSymbolically(Node &node);

} // namespace ingot::frontend

#endif
