//===- Network.h - Calling a network inside of an entry ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_RECIPE_NETWORK_H
#define INGOT_PASSES_RECIPE_NETWORK_H

#include "dialects/ingot/Ingot.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringSet.h"
#include <functional>
#include <optional>
#include <vector>

namespace ingot {

struct NamedValue {
  std::string name;
  mlir::Value value;
};

/// What a call of a network has in the place of its constants. `value` and `advance` know them by their names in the
/// model file.
struct NetworkState {
  /// The present value of a tensor that is state; null for one that stays a constant.
  std::function<mlir::Value(llvm::StringRef)> value;
  /// Takes the successor of a running statistic.
  std::function<void(llvm::StringRef, mlir::Value)> advance;
  /// Notes that the network is right only where an expression in the numbering of that scope is not negative. Failure
  /// if it is a number that is.
  std::function<mlir::LogicalResult(mlir::AffineExpr, const SymbolScope &)> require;
  /// What this call draws random numbers from, int64[2].
  std::function<mlir::Value()> generator;
};

/// An imported network.
class Network {
public:
  Network(llvm::StringRef name, mlir::ModuleOp module);

  unsigned inputCount() { return main.getNumArguments(); }
  llvm::StringRef inputName(unsigned number);
  mlir::RankedTensorType inputType(unsigned number) {
    return mlir::cast<mlir::RankedTensorType>(main.getArgumentTypes()[number]);
  }
  /// The real tensors of the model file that something depends on, in order.
  llvm::SmallVector<ConstantOp> named() const { return constants; }
  /// Whether `X.next` is among the outputs, so that X is a running statistic.
  bool isStatistic(llvm::StringRef tensor) const { return successors.contains((tensor + ".next").str()); }

  /// Copies the network to the builder's place, with its dimensions as those of `arguments`. Returns its outputs but
  /// the successors of statistics, which go to `state`. An error at `where` when an argument does not fit.
  mlir::FailureOr<llvm::SmallVector<NamedValue>> call(mlir::OpBuilder &builder, mlir::Location where,
                                                      llvm::ArrayRef<mlir::Value> arguments, const NetworkState &state);

private:
  mlir::LogicalResult matchDimensions(mlir::Location where, llvm::ArrayRef<mlir::Value> arguments);
  mlir::AffineExpr translate(mlir::AffineExpr dim);
  /// What importing the network has assumed of its dimensions, in `scope`: expressions that must not be negative.
  llvm::SmallVector<mlir::AffineExpr> assumptions();
  mlir::LogicalResult passOnAssumptions(mlir::Location where, const NetworkState &state);
  void cloneBody(mlir::OpBuilder &builder, mlir::IRMapping &mapping, const NetworkState &state);

  std::string name;
  mlir::func::FuncOp main;
  llvm::SmallVector<ConstantOp> constants;
  llvm::StringSet<> successors;
  /// For one call: the numbering of symbols, and what the network's own ones stand for.
  std::optional<SymbolScope> scope;
  llvm::DenseMap<unsigned, mlir::AffineExpr> meanings;
  /// Sizes of the arguments that must be equal, as the network has one name for them.
  std::vector<std::pair<mlir::AffineExpr, mlir::AffineExpr>> equalities;
};

} // namespace ingot

#endif
