//===- SymbolicArithmetic.cpp - Known contents: arithmetic and logic ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "frontends/onnx/SymbolicRules.h"

using namespace mlir;

namespace ingot::frontend {
namespace {

using Result = std::optional<Known>;

/// -1, 0 or 1 as lhs is less than, equal to or greater than rhs for all values of the symbols.
std::optional<int> compare(AffineExpr lhs, AffineExpr rhs) {
  AffineExpr difference = simplifyDimension(lhs - rhs);
  if (auto value = constantValue(difference))
    return *value < 0 ? -1 : *value > 0;
  if (isNonNegative(simplifyDimension(difference - 1)))
    return 1;
  if (isNonNegative(simplifyDimension(rhs - lhs - 1)))
    return -1;
  return std::nullopt;
}

AffineExpr divide(AffineExpr lhs, AffineExpr rhs) {
  auto dividend = constantValue(lhs), divisor = constantValue(rhs);
  if (divisor == 0)
    return {};
  if (dividend && divisor)
    return getAffineConstantExpr(*dividend / *divisor, lhs.getContext());
  if (AffineExpr exact = divideExactly(lhs, rhs))
    return exact;
  // Rounds toward zero, which is floor only for numbers >= 0.
  return isNonNegative(lhs) && isNonNegative(rhs) ? simplifyDimension(lhs.floorDiv(rhs)) : AffineExpr();
}

/// Floating-point division: only where it leaves no rest.
AffineExpr divideReals(AffineExpr lhs, AffineExpr rhs) {
  auto dividend = constantValue(lhs), divisor = constantValue(rhs);
  if (divisor == 0)
    return {};
  if (dividend && divisor)
    return *dividend % *divisor ? AffineExpr() : getAffineConstantExpr(*dividend / *divisor, lhs.getContext());
  return divideExactly(lhs, rhs);
}

AffineExpr remainder(AffineExpr lhs, AffineExpr rhs) {
  auto divisor = constantValue(rhs);
  if (!divisor || *divisor <= 0)
    return {};
  return simplifyDimension(lhs % *divisor);
}

using Function = AffineExpr (*)(AffineExpr, AffineExpr);

AffineExpr truth(std::optional<bool> value, AffineExpr like) {
  return value ? getAffineConstantExpr(*value, like.getContext()) : AffineExpr();
}
std::optional<bool> test(AffineExpr a, AffineExpr b, bool less, bool equal, bool greater) {
  std::optional<int> order = compare(a, b);
  if (!order)
    return std::nullopt;
  return *order < 0 ? less : *order > 0 ? greater : equal;
}

AffineExpr add(AffineExpr a, AffineExpr b) { return simplifyDimension(a + b); }
AffineExpr subtract(AffineExpr a, AffineExpr b) { return simplifyDimension(a - b); }
AffineExpr multiply(AffineExpr a, AffineExpr b) { return simplifyDimension(a * b); }
AffineExpr lesser(AffineExpr a, AffineExpr b) {
  auto order = compare(a, b);
  return !order ? AffineExpr() : *order < 0 ? a : b;
}
AffineExpr greater(AffineExpr a, AffineExpr b) {
  auto order = compare(a, b);
  return !order ? AffineExpr() : *order > 0 ? a : b;
}
AffineExpr both(AffineExpr a, AffineExpr b) { return constantValue(a) == 0 ? a : b; }
AffineExpr either(AffineExpr a, AffineExpr b) { return constantValue(a) == 0 ? b : a; }
AffineExpr isEqual(AffineExpr a, AffineExpr b) { return truth(test(a, b, false, true, false), a); }
AffineExpr isLess(AffineExpr a, AffineExpr b) { return truth(test(a, b, true, false, false), a); }
AffineExpr isLessOrEqual(AffineExpr a, AffineExpr b) { return truth(test(a, b, true, true, false), a); }
AffineExpr isGreater(AffineExpr a, AffineExpr b) { return truth(test(a, b, false, false, true), a); }
AffineExpr isGreaterOrEqual(AffineExpr a, AffineExpr b) { return truth(test(a, b, false, true, true), a); }

template <Function function>
Result arithmetic(Node &node) {
  Known result = *node.known(0);
  for (size_t i = 1; i < node.inputCount(); ++i) {
    Result next = zipKnown(result, *node.known(i), function, result.element);
    if (!next)
      return std::nullopt;
    result = std::move(*next);
  }
  return result;
}

Result quotient(Node &node) {
  return isa<FloatType>(node.known(0)->element) ? arithmetic<divideReals>(node) : arithmetic<divide>(node);
}

template <Function function>
Result comparison(Node &node) {
  return zipKnown(*node.known(0), *node.known(1), function, IntegerType::get(node.getContext(), 1));
}

Result cast(Node &node) {
  std::string reason;
  Type element = frontend::elementType(node.attribute<int64_t>("to", 0), node.getContext(), reason);
  Known result = *node.known(0);
  if (!element || !(isa<IntegerType>(element) || element.isF32() || element.isF64()))
    return std::nullopt;
  for (AffineExpr &expr : result.elements) {
    auto number = constantValue(expr);
    if (element.isInteger(1) && !number)
      return std::nullopt;
    if (element.isInteger(1))
      expr = node.symbols().constant(*number != 0);
    else if (isa<FloatType>(element) && number && std::abs(*number) > kExactFloat)
      return std::nullopt;
  }
  result.element = element;
  return result;
}

/// Known floating-point tensors hold whole numbers, which these leave alone.
Result whole(Node &node) { return *node.known(0); }

Result negate(Node &node) {
  Known result = *node.known(0);
  for (AffineExpr &expr : result.elements)
    expr = simplifyDimension(-expr);
  return result;
}

Result logicalNot(Node &node) {
  Known result = *node.known(0);
  if (!result.element.isInteger(1))
    return std::nullopt;
  for (AffineExpr &expr : result.elements)
    expr = node.symbols().constant(constantValue(expr) == 0);
  return result;
}

Result where(Node &node) {
  // condition ? x : y, first both sides against the condition, then put together.
  const Known &condition = *node.known(0), &x = *node.known(1), &y = *node.known(2);
  auto first = [](AffineExpr a, AffineExpr) { return a; };
  auto second = [](AffineExpr, AffineExpr b) { return b; };
  Result shape = zipKnown(x, y, first, x.element);
  Result picks = shape ? zipKnown(condition, *shape, first, condition.element) : std::nullopt;
  Result left = picks ? zipKnown(*picks, x, second, x.element) : std::nullopt;
  Result right = picks ? zipKnown(*picks, y, second, y.element) : std::nullopt;
  if (!left || !right)
    return std::nullopt;
  for (auto [pick, chosen, other] : llvm::zip(picks->elements, left->elements, right->elements))
    if (constantValue(pick) == 0)
      chosen = other;
  return left;
}

/// Over all elements of a vector.
template <Function function>
Result reduce(Node &node) {
  const Known &input = *node.known(0);
  if (input.rank() != 1 || input.elements.empty() ||
      (node.attribute<bool>("noop_with_empty_axes", false) && !node.hasInput(1)))
    return std::nullopt;
  AffineExpr result = input.elements[0];
  for (AffineExpr next : ArrayRef(input.elements).drop_front())
    if (!result || !(result = function(result, next)))
      return std::nullopt;
  bool keeps = node.attribute<bool>("keepdims", true);
  return Known{keeps ? SmallVector<int64_t>{1} : SmallVector<int64_t>{}, {result}, input.element};
}

constexpr SymbolicRule kRules[] = {
    {"Add", arithmetic<add>},
    {"And", arithmetic<both>},
    {"Cast", cast},
    {"Ceil", whole},
    {"Div", quotient},
    {"Equal", comparison<isEqual>},
    {"Floor", whole},
    {"Greater", comparison<isGreater>},
    {"GreaterOrEqual", comparison<isGreaterOrEqual>},
    {"Less", comparison<isLess>},
    {"LessOrEqual", comparison<isLessOrEqual>},
    {"Max", arithmetic<greater>},
    {"Min", arithmetic<lesser>},
    {"Mod", arithmetic<remainder>},
    {"Mul", arithmetic<multiply>},
    {"Neg", negate},
    {"Not", logicalNot},
    {"Or", arithmetic<either>},
    {"ReduceMax", reduce<greater>},
    {"ReduceMin", reduce<lesser>},
    {"ReduceProd", reduce<multiply>},
    {"ReduceSum", reduce<add>},
    {"Sub", arithmetic<subtract>},
    {"Where", where},
};

} // namespace

llvm::ArrayRef<SymbolicRule> symbolicArithmetic() { return kRules; }

} // namespace ingot::frontend
