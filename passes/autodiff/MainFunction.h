//===- MainFunction.h - Adding inputs and outputs to @main ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_AUTODIFF_MAINFUNCTION_H
#define INGOT_PASSES_AUTODIFF_MAINFUNCTION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include <optional>

namespace ingot {

/// Whether a tensor holds one floating-point number, as a loss must.
bool isOneReal(mlir::Value tensor);

/// @main of a module while inputs and outputs are added; its type follows when `finish` is called.
class MainFunction {
public:
  explicit MainFunction(mlir::ModuleOp module);
  bool isValid() const { return bool(function); }

  /// A builder before the return.
  mlir::OpBuilder builder();
  mlir::Location getLoc() { return function.getLoc(); }
  mlir::Block &body() { return function.getBody().front(); }

  unsigned inputCount() { return function.getNumArguments(); }
  mlir::Value input(unsigned i) { return function.getArgument(i); }
  llvm::StringRef inputName(unsigned i) { return name(function.getArgAttr(i, "ingot.name")); }
  std::optional<unsigned> findInput(llvm::StringRef name);
  /// A new last input. `role` (may be empty) becomes ingot.role.
  mlir::Value addInput(llvm::StringRef name, mlir::Type type, llvm::StringRef role);
  void setInputAttribute(unsigned i, llvm::StringRef name, mlir::Attribute value) {
    function.setArgAttr(i, name, value);
  }

  void removeInputAttribute(unsigned i, llvm::StringRef name) { function.removeArgAttr(i, name); }
  /// Input `i` holds numbers of classes, of so many if that is known, of which `ignored` counts nothing in the loss.
  void describeClasses(unsigned i, std::optional<int64_t> classes, int64_t ignored);

  llvm::StringRef inputRole(unsigned i) { return name(function.getArgAttr(i, "ingot.role")); }
  void setAttribute(llvm::StringRef name, mlir::Attribute value) { function->setAttr(name, value); }

  struct Output {
    std::string name, role;
    mlir::Value value;
    /// Where in the state block it lies, if it does: ingot.state.
    std::optional<int64_t> state = std::nullopt;
  };
  /// The outputs, in order; may be changed until `finish`.
  llvm::SmallVector<Output> outputs;
  std::optional<unsigned> findOutput(llvm::StringRef name);

  /// After `finish`: removes what does not lead to an output, and the inputs of these roles.
  void prune(llvm::ArrayRef<llvm::StringRef> roles);

  /// Returns `outputs` and gives the function its new type.
  void finish();

private:
  static llvm::StringRef name(mlir::Attribute attribute);

  mlir::func::FuncOp function;
};

} // namespace ingot

#endif
