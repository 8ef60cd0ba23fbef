//===- FunctionCall.h - What a built-in function sees of a call -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_RECIPE_FUNCTIONCALL_H
#define INGOT_PASSES_RECIPE_FUNCTIONCALL_H

#include "passes/autodiff/losses/Losses.h"
#include "passes/recipe/Evaluator.h"

namespace ingot {

/// A function's arguments: those without a name in order, then those with one.
class FunctionCall {
public:
  FunctionCall(Evaluator &evaluator, const Expression &expression)
      : evaluator(evaluator), expression(expression), make(evaluator.at(expression)) {
    for (auto [operand, keyword] : llvm::zip(expression.operands, expression.keywords))
      if (keyword.empty())
        ordered.push_back(operand.get());
  }

  size_t count() const { return ordered.size(); }
  const Expression &argument(size_t number) const { return *ordered[number]; }
  mlir::Value tensor(size_t number) { return evaluator.tensor(argument(number)); }
  mlir::Value tensorLike(size_t number, mlir::Value like) { return evaluator.tensorLike(argument(number), like); }

  const Expression *keyword(llvm::StringRef name) const {
    for (auto [operand, keyword] : llvm::zip(expression.operands, expression.keywords))
      if (keyword == name)
        return operand.get();
    return nullptr;
  }
  mlir::FailureOr<double> number(llvm::StringRef name, double otherwise) {
    const Expression *given = keyword(name);
    return given ? evaluator.number(*given) : mlir::FailureOr<double>(otherwise);
  }

  /// The axis that the argument of that position or the keyword `axis` names, counted from 0; -1 without one.
  mlir::FailureOr<int64_t> axis(mlir::Value tensor, size_t position, std::optional<int64_t> otherwise) {
    const Expression *given = count() > position ? &argument(position) : keyword("axis");
    int64_t rank = mlir::cast<mlir::RankedTensorType>(tensor.getType()).getRank();
    if (!given && !otherwise)
      return -1;
    mlir::FailureOr<int64_t> axis = given ? evaluator.integer(*given) : mlir::FailureOr<int64_t>(*otherwise);
    if (failed(axis))
      return mlir::failure();
    if (*axis < -rank || *axis >= rank)
      return mlir::emitError((given ? *given : expression).where)
             << "there is no axis " << *axis << " in a tensor of shape " << describe(tensor.getType());
    return *axis < 0 ? *axis + rank : *axis;
  }

  /// The dimensions that the arguments from `first` on say: integers and names of dimensions.
  mlir::FailureOr<llvm::SmallVector<mlir::AffineExpr>> dims(size_t first) {
    llvm::SmallVector<mlir::AffineExpr> dims;
    Surroundings &around = evaluator.surroundings();
    for (size_t i = first; i < count(); ++i) {
      const Expression &dim = argument(i);
      if (dim.kind == Expression::Kind::Name && !around.definition(dim.name)) {
        dims.push_back(around.dimension(make.scope(), dim.name));
        continue;
      }
      mlir::FailureOr<int64_t> size = evaluator.integer(dim);
      if (failed(size))
        return mlir::failure();
      if (*size < 0)
        return mlir::emitError(dim.where) << "a dimension must not be negative";
      dims.push_back(make.scope().constant(*size));
    }
    return dims;
  }

  mlir::Value fail(const llvm::Twine &problem) {
    mlir::emitError(expression.where) << problem;
    return {};
  }

  Evaluator &evaluator;
  const Expression &expression;
  TensorBuilder make;

private:
  llvm::SmallVector<const Expression *> ordered;
};

/// A loss, of rank 0. Null after an error.
mlir::Value callLoss(FunctionCall &call, const Loss &loss);

} // namespace ingot

#endif
