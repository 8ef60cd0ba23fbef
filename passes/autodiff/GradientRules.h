//===- GradientRules.h - The table of gradient rules ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One rule for each operation, in rules/<family>.cpp, headed by its equation. A rule says what each operand receives
// for one use of it; the engine (Autodiff.cpp) adds the contributions of several uses, and sums a contribution over the
// axes along which the operand was broadcast (or repeats it where it has size 1): no rule ever does either.
//
//   // y = a * b   =>   da = dy * b, db = dy * a
//   rules.add<MulOp>([](MulOp op, Gradient &gradient) {
//     gradient.toInput(0, gradient.mul(gradient.ofOutput(), op.getRhs()));
//     gradient.toInput(1, gradient.mul(gradient.ofOutput(), op.getLhs()));
//   });
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_AUTODIFF_GRADIENTRULES_H
#define INGOT_PASSES_AUTODIFF_GRADIENTRULES_H

#include "passes/autodiff/TensorBuilder.h"
#include <functional>

namespace ingot {

/// What a rule sees: the gradients that arrive at the results of `op`, and a place to put those of its operands.
class Gradient : public TensorBuilder {
public:
  Gradient(mlir::OpBuilder &builder, mlir::Operation *op, llvm::ArrayRef<mlir::Value> arriving,
           llvm::ArrayRef<bool> wanted);

  /// The gradient that arrives at result `number`; zeros when nothing does.
  mlir::Value ofOutput(unsigned number = 0);
  bool reachesOutput(unsigned number) const { return bool(arriving[number]); }
  /// Whether anybody asks for the gradient of operand `number`: rules skip what is expensive, the engine ignores the
  /// rest.
  bool wantsInput(unsigned number) const { return wanted[number]; }
  /// The contribution of this use to operand `number`, of a shape that broadcasts with the operand's.
  void toInput(unsigned number, mlir::Value contribution);
  /// A contribution to a value that is no operand but is there before the operation: for rules that go back further.
  void toValue(mlir::Value value, mlir::Value contribution);
  /// The rule does not apply to this case: an error at the operation.
  void notSupported(const llvm::Twine &what);

  /// Other names for values: what a rule builds from them can be differentiated by itself.
  llvm::SmallVector<mlir::Value> leaves(mlir::ValueRange values);
  /// The gradients by `wrt` of `outputs`, for those that arrive at the outputs; empty when it fails. For rules of
  /// operations that are equal to a graph of others.
  llvm::SmallVector<mlir::Value> pullBack(llvm::ArrayRef<mlir::Value> outputs, llvm::ArrayRef<mlir::Value> cotangents,
                                          llvm::ArrayRef<mlir::Value> wrt);

  bool hasFailed() const { return failed; }
  llvm::ArrayRef<mlir::Value> contributions() const { return departing; }
  llvm::ArrayRef<std::pair<mlir::Value, mlir::Value>> otherContributions() const { return others; }

private:
  mlir::Operation *op;
  llvm::ArrayRef<mlir::Value> arriving;
  llvm::ArrayRef<bool> wanted;
  llvm::SmallVector<mlir::Value> departing;
  llvm::SmallVector<std::pair<mlir::Value, mlir::Value>> others;
  bool failed = false;
};

class GradientRules {
public:
  using Rule = std::function<void(mlir::Operation *, Gradient &)>;

  template <typename Op, typename Function>
  void add(Function rule) {
    rules[Op::getOperationName()] = [rule](mlir::Operation *op, Gradient &gradient) {
      rule(llvm::cast<Op>(op), gradient);
    };
  }
  /// The derivative is zero wherever it exists, so nothing flows through: round, sign, comparisons, ...
  template <typename... Ops>
  void addConstant() {
    ((rules[Ops::getOperationName()] = Rule()), ...);
  }

  enum class Kind { None, Constant, Rule };
  Kind kind(mlir::Operation *op) const;
  const Rule &lookup(mlir::Operation *op) const { return rules.find(op->getName().getStringRef())->second; }

  /// All rules of all families.
  static const GradientRules &all();

private:
  llvm::StringMap<Rule> rules;
};

// Each in rules/<family>.cpp.
#define INGOT_FAMILY(family) void family##Gradients(GradientRules &rules);
INGOT_FAMILY(attention)
INGOT_FAMILY(constant)
INGOT_FAMILY(conv)
INGOT_FAMILY(elementwise)
INGOT_FAMILY(index)
INGOT_FAMILY(layout)
INGOT_FAMILY(matmul)
INGOT_FAMILY(normalize)
INGOT_FAMILY(pool)
INGOT_FAMILY(recurrent)
INGOT_FAMILY(reduce)
INGOT_FAMILY(softmax)
#undef INGOT_FAMILY

} // namespace ingot

#endif
