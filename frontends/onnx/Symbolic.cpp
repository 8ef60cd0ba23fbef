//===- Symbolic.cpp - Shape arithmetic at import --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shape -> Gather -> Unsqueeze -> Concat: exporters compute shapes with tensors. Where every input of such an operator
// is a small integer tensor with known contents, the result is computed here and no operation is made. A rule that
// cannot decide (which of two symbols is greater?) declines, and the operator is imported like any other.
//
//===----------------------------------------------------------------------===//
#include "frontends/onnx/SymbolicRules.h"

using namespace mlir;

namespace ingot::frontend {

bool isNonNegative(AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue() >= 0;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  return !binary || (isNonNegative(binary.getLHS()) && isNonNegative(binary.getRHS()));
}

int64_t countElements(ArrayRef<int64_t> shape) {
  int64_t result = 1;
  for (int64_t size : shape)
    if (__builtin_mul_overflow(result, size, &result))
      return INT64_MAX;
  return result;
}

std::optional<Known> zipKnown(const Known &lhs, const Known &rhs, AffineExpr (*function)(AffineExpr, AffineExpr),
                              Type element) {
  Known result{{}, {}, element};
  size_t rank = std::max(lhs.shape.size(), rhs.shape.size());
  auto size = [&](const Known &side, size_t axis) {
    size_t missing = rank - side.shape.size();
    return axis < missing ? 1 : side.shape[axis - missing];
  };
  for (size_t axis = 0; axis < rank; ++axis) {
    int64_t left = size(lhs, axis), right = size(rhs, axis);
    if (left != right && left != 1 && right != 1)
      return std::nullopt;
    result.shape.push_back(left == 1 ? right : left);
  }
  int64_t total = countElements(result.shape);
  if (total > kKnownLimit)
    return std::nullopt;
  for (int64_t i = 0; i < total; ++i) {
    int64_t rest = i, left = 0, right = 0, leftStride = 1, rightStride = 1;
    for (size_t axis = rank; axis-- > 0;) {
      int64_t position = rest % result.shape[axis];
      rest /= result.shape[axis];
      left += size(lhs, axis) == 1 ? 0 : position * leftStride;
      right += size(rhs, axis) == 1 ? 0 : position * rightStride;
      leftStride *= size(lhs, axis);
      rightStride *= size(rhs, axis);
    }
    AffineExpr value = function(lhs.elements[left], rhs.elements[right]);
    if (!value)
      return std::nullopt;
    result.elements.push_back(value);
  }
  return result;
}

static const SymbolicRule *findRule(StringRef name) {
  for (ArrayRef<SymbolicRule> rules : {symbolicArithmetic(), symbolicLayout()})
    for (const SymbolicRule &rule : rules)
      if (name == rule.name)
        return &rule;
  return nullptr;
}

bool evaluateSymbolically(Node &node) {
  const SymbolicRule *rule = findRule(node.type());
  if (!rule || node.outputCount() != 1 || node.inputCount() == 0)
    return false;
  for (size_t i = 0; i < node.inputCount(); ++i)
    if (node.hasInput(i) && (rule->needsContents ? !node.known(i) : !node.inputType(i)))
      return false;
  std::optional<Known> result = rule->evaluate(node);
  if (!result || int64_t(result->elements.size()) > kKnownLimit)
    return false;
  if (isa<FloatType>(result->element)) // beyond this the operator would round
    for (AffineExpr expr : result->elements)
      if (std::abs(constantValue(expr).value_or(0)) > kExactFloat)
        return false;
  return succeeded(node.result(0, std::move(*result)));
}

} // namespace ingot::frontend
