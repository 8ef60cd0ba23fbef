//===- Evaluator.h - Expressions become operations --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A value is a number that is known (a literal, or arithmetic on literals), a tensor, or the named results of a network
// until one of them is chosen. Numbers take the element type of what they meet.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_RECIPE_EVALUATOR_H
#define INGOT_PASSES_RECIPE_EVALUATOR_H

#include "passes/autodiff/TensorBuilder.h"
#include "passes/recipe/Expression.h"
#include "passes/recipe/Network.h"

namespace ingot {

/// What an expression can refer to.
class Surroundings {
public:
  virtual ~Surroundings() = default;
  virtual mlir::OpBuilder &builder() = 0;
  /// An expression that has a name; null when nothing has.
  virtual const Expression *definition(llvm::StringRef name) = 0;
  /// A hyperparameter, float64 of rank 0; null when there is none of the name.
  virtual mlir::Value hyperparameter(llvm::StringRef name) = 0;
  /// An input whose type is known; null otherwise.
  virtual mlir::Value input(llvm::StringRef name) = 0;
  /// `role` is "input", or "target" for what predictions are compared with.
  virtual mlir::Value addInput(llvm::StringRef name, mlir::RankedTensorType type, llvm::StringRef role) = 0;
  /// A loss takes `target` as numbers of so many classes, if that is known; the class `ignored` counts nothing.
  virtual void describeClasses(mlir::Value target, std::optional<int64_t> classes, int64_t ignored) = 0;
  /// Where several batches share an update: the hyperparameter that the mean over this target's labels is multiplied
  /// by, since labels that count may be spread over the batches in another way than their examples. Else null.
  virtual mlir::Value shareOf(mlir::Value target) = 0;
  /// Notes that the program is right only where `expr`, in the numbering of `scope`, is not negative. An error at
  /// `where` if it is a number that is.
  virtual mlir::LogicalResult require(mlir::Location where, mlir::AffineExpr expr, const SymbolScope &scope) = 0;
  /// The network of a name; null when there is none.
  virtual Network *network(llvm::StringRef name) = 0;
  virtual mlir::FailureOr<llvm::SmallVector<NamedValue>> call(mlir::Location where, llvm::StringRef network,
                                                              llvm::ArrayRef<mlir::Value> arguments) = 0;
  /// A generator that nobody else draws from, int64[2].
  virtual mlir::Value newGenerator() = 0;
  /// What the dimension of a name is: a symbol, or the number that it is fixed to.
  virtual mlir::AffineExpr dimension(SymbolScope &scope, llvm::StringRef name) = 0;
};

struct Term {
  enum class Kind { Number, Tensor, Results };
  Kind kind = Kind::Number;
  double number = 0;
  mlir::Value value;
  llvm::SmallVector<NamedValue> results;

  static Term of(double number) { return {Kind::Number, number, {}, {}}; }
  static Term of(mlir::Value value) { return {Kind::Tensor, 0, value, {}}; }
};

/// Makes operations. Whatever is wrong is reported once, where it stands in the recipe, and gives null or failure.
class Evaluator {
public:
  explicit Evaluator(Surroundings &surroundings) : around(surroundings) {}

  mlir::FailureOr<Term> evaluate(const Expression &expression);
  /// A tensor. Numbers become float32 of rank 0.
  mlir::Value tensor(const Expression &expression);
  /// A tensor of the element type of `like`, whose rank may differ.
  mlir::Value tensorLike(const Expression &expression, mlir::Value like);
  /// A tensor; an input of which nothing else tells the type gets this one.
  mlir::Value tensorOr(const Expression &expression, mlir::RankedTensorType type, llvm::StringRef role = "input");
  /// A number that is known.
  mlir::FailureOr<double> number(const Expression &expression);
  mlir::FailureOr<int64_t> integer(const Expression &expression);

  Surroundings &surroundings() { return around; }
  /// A builder whose operations, and errors, are located at an expression.
  TensorBuilder at(const Expression &expression) { return {around.builder(), expression.where}; }
  /// Both in one element type: where one is a single real number and the other a real tensor, the tensor's.
  bool unify(const Expression &where, mlir::Value &left, mlir::Value &right);
  /// Notes that the dimensions of two tensors are equal, the last with the last and so on, where one has a name and so
  /// shape rules take them to be. A size of 1 is repeated. `scope` is the numbering of both.
  bool requireEqual(const Expression &where, const SymbolScope &scope, llvm::ArrayRef<mlir::AffineExpr> left,
                    llvm::ArrayRef<mlir::AffineExpr> right);

private:
  mlir::FailureOr<Term> name(const Expression &expression);
  mlir::FailureOr<Term> member(const Expression &expression);
  mlir::FailureOr<Term> index(const Expression &expression);
  mlir::FailureOr<Term> binary(const Expression &expression);
  mlir::FailureOr<Term> call(const Expression &expression);
  mlir::FailureOr<Term> callNetwork(const Expression &expression, Network &network);
  mlir::Value combine(const Expression &expression, mlir::Value left, mlir::Value right);
  mlir::Value single(const Expression &expression, const Term &term);

  Surroundings &around;
  /// Definitions that have been computed, and those that are being computed.
  llvm::StringMap<Term> known;
  llvm::StringSet<> open;
};

/// Calls a built-in function (see Functions.cpp). Nothing when there is none of this name.
std::optional<mlir::FailureOr<Term>> callFunction(Evaluator &evaluator, const Expression &call);

/// The built-in functions, for messages.
std::vector<llvm::StringRef> functionNames();

} // namespace ingot

#endif
