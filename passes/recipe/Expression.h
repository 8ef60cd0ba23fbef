//===- Expression.h - The expressions of a recipe as trees ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   comparison = sum [("<" | "<=" | ">" | ">=" | "==") sum]
//   sum        = product {("+" | "-") product}
//   product    = sign {("*" | "/") sign}
//   sign       = "-" sign | power
//   power      = postfix ["**" sign]
//   postfix    = atom {"." name | "[" axis {"," axis} "]"}
//   axis       = [integer] ":" [integer] | integer        (integers may be negative)
//   atom       = number | name | name "(" [argument {"," argument}] ")" | "(" comparison ")"
//   argument   = [name "="] comparison
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_RECIPE_EXPRESSION_H
#define INGOT_PASSES_RECIPE_EXPRESSION_H

#include "passes/recipe/Recipe.h"
#include "mlir/IR/Location.h"
#include "mlir/Support/LogicalResult.h"
#include <memory>

namespace ingot {

struct Expression {
  enum class Kind { Number, Name, Call, Member, Index, Negation, Binary };
  /// One axis of an index: a position, or a range whose ends may be open.
  struct Axis {
    std::optional<int64_t> first, last;
    bool isRange = false;
  };

  Kind kind;
  mlir::Location where;
  double number = 0;
  /// Of a name, a call, a member, or a binary operation: "+", "**", "<=", ...
  std::string name;
  /// Of a call; of everything else, what the operation works on.
  std::vector<std::unique_ptr<Expression>> operands;
  /// Of a call: the names that its operands are given, "" without one.
  std::vector<std::string> keywords;
  std::vector<Axis> axes;
};

/// Parses the text of an expression. Null after an error, which has been reported at its line and column of `file`.
std::unique_ptr<Expression> parseExpression(const RecipeText &text, llvm::StringRef file, mlir::MLIRContext *context);

/// The place of a piece of text in the recipe's file.
mlir::Location locationOf(const RecipeText &text, llvm::StringRef file, mlir::MLIRContext *context);

} // namespace ingot

#endif
