//===- Shape.cpp - Dimensions as expressions over named symbols -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Shape.h"
#include "dialects/ingot/Ingot.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <map>

using namespace mlir;

namespace ingot {
namespace {

/// A product of symbols and of opaque terms (floor divisions, remainders), sorted by a stable order.
using Monomial = SmallVector<AffineExpr>;

/// Orders expressions by structure, never by address, so that output does not depend on the run.
int compare(AffineExpr a, AffineExpr b) {
  if (a == b)
    return 0;
  if (a.getKind() != b.getKind())
    return a.getKind() < b.getKind() ? -1 : 1;
  if (auto constant = dyn_cast<AffineConstantExpr>(a))
    return constant.getValue() < cast<AffineConstantExpr>(b).getValue() ? -1 : 1;
  if (auto symbol = dyn_cast<AffineSymbolExpr>(a))
    return symbol.getPosition() < cast<AffineSymbolExpr>(b).getPosition() ? -1 : 1;
  if (auto dim = dyn_cast<AffineDimExpr>(a))
    return dim.getPosition() < cast<AffineDimExpr>(b).getPosition() ? -1 : 1;
  auto x = cast<AffineBinaryOpExpr>(a), y = cast<AffineBinaryOpExpr>(b);
  int left = compare(x.getLHS(), y.getLHS());
  return left ? left : compare(x.getRHS(), y.getRHS());
}

struct MonomialOrder {
  bool operator()(const Monomial &a, const Monomial &b) const {
    if (a.size() != b.size())
      return a.size() > b.size(); // the constant term comes last
    for (auto [x, y] : llvm::zip(a, b))
      if (int order = compare(x, y))
        return order < 0;
    return false;
  }
};

/// A sum of monomials with integer coefficients.
using Polynomial = std::map<Monomial, int64_t, MonomialOrder>;

void addTerm(Polynomial &sum, const Monomial &monomial, int64_t coefficient) {
  auto [term, isNew] = sum.try_emplace(monomial, coefficient);
  if (!isNew && (term->second += coefficient) == 0)
    sum.erase(term);
}

Polynomial multiply(const Polynomial &a, const Polynomial &b) {
  Polynomial result;
  for (auto &[left, p] : a)
    for (auto &[right, q] : b) {
      Monomial both = left;
      both.append(right.begin(), right.end());
      llvm::sort(both, [](AffineExpr x, AffineExpr y) { return compare(x, y) < 0; });
      addTerm(result, both, p * q);
    }
  return result;
}

AffineExpr build(const Polynomial &sum, MLIRContext *context) {
  AffineExpr result = getAffineConstantExpr(0, context);
  for (auto &[monomial, coefficient] : sum) {
    AffineExpr term;
    for (AffineExpr factor : monomial)
      term = term ? term * factor : factor;
    AffineExpr constant = getAffineConstantExpr(coefficient, context);
    result = result + (term ? term * constant : constant);
  }
  return result;
}

/// Whether every coefficient is a multiple of `divisor`; then `sum` becomes the quotient.
bool divideCoefficients(Polynomial &sum, int64_t divisor) {
  if (llvm::any_of(sum, [&](auto &term) { return term.second % divisor; }))
    return false;
  for (auto &term : sum)
    term.second /= divisor;
  return true;
}

/// The terms of `dividend` that are multiples of `divisor`, and the others: (c*q + r) / c = q + r / c. Of the constant
/// term the others keep what makes them not negative, since kernels divide only such numbers: (n - 5) / 2 becomes
/// (n + 1) / 2 - 3, but (n - m*n + 10) / 2 stays whole.
std::pair<Polynomial, Polynomial> splitMultiples(const Polynomial &dividend, int64_t divisor) {
  Polynomial multiples, rest;
  bool isNegative = false;
  for (auto &[monomial, coefficient] : dividend) {
    if (monomial.empty()) // comes last
      continue;
    isNegative |= coefficient % divisor && coefficient < 0;
    (coefficient % divisor == 0 ? multiples : rest)[monomial] = coefficient;
  }
  if (auto constant = dividend.find({}); constant != dividend.end()) {
    int64_t remainder = (constant->second % divisor + divisor) % divisor;
    int64_t kept = isNegative ? constant->second : remainder;
    addTerm(rest, {}, kept);
    addTerm(multiples, {}, constant->second - kept);
    for (Polynomial *part : {&multiples, &rest})
      std::erase_if(*part, [](auto &term) { return term.second == 0; });
  }
  return {multiples, rest};
}

Polynomial expand(AffineExpr expr);

Polynomial expandDivision(AffineBinaryOpExpr expr) {
  MLIRContext *context = expr.getContext();
  Polynomial dividend = expand(expr.getLHS()), divisor = expand(expr.getRHS());
  AffineExpr lhs = build(dividend, context), rhs = build(divisor, context);
  auto constant = dyn_cast<AffineConstantExpr>(rhs);
  bool isModulo = expr.getKind() == AffineExprKind::Mod;
  if (constant && constant.getValue() > 0) {
    if (constant.getValue() == 1)
      return isModulo ? Polynomial() : dividend;
    auto [multiples, rest] = splitMultiples(dividend, constant.getValue());
    if (!isModulo && divideCoefficients(multiples, constant.getValue())) {
      AffineExpr remainder = getAffineBinaryOpExpr(expr.getKind(), build(rest, context), rhs);
      if (auto value = dyn_cast<AffineConstantExpr>(remainder))
        addTerm(multiples, {}, value.getValue());
      else
        addTerm(multiples, {remainder}, 1);
      std::erase_if(multiples, [](auto &term) { return term.second == 0; });
      return multiples;
    }
    if (isModulo)
      lhs = build(rest, context);
  } else if (!isModulo) {
    if (AffineExpr quotient = divideExactly(lhs, rhs))
      return expand(quotient);
  }
  AffineExpr whole = getAffineBinaryOpExpr(expr.getKind(), lhs, rhs);
  Polynomial result;
  if (auto value = dyn_cast<AffineConstantExpr>(whole))
    addTerm(result, {}, value.getValue());
  else
    addTerm(result, {whole}, 1);
  std::erase_if(result, [](auto &term) { return term.second == 0; });
  return result;
}

Polynomial expand(AffineExpr expr) {
  Polynomial result;
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    if (constant.getValue())
      addTerm(result, {}, constant.getValue());
    return result;
  }
  if (expr.getKind() == AffineExprKind::SymbolId || expr.getKind() == AffineExprKind::DimId) {
    addTerm(result, {expr}, 1);
    return result;
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  if (binary.getKind() == AffineExprKind::Mul)
    return multiply(expand(binary.getLHS()), expand(binary.getRHS()));
  if (binary.getKind() != AffineExprKind::Add)
    return expandDivision(binary);
  result = expand(binary.getLHS());
  for (auto &[monomial, coefficient] : expand(binary.getRHS()))
    addTerm(result, monomial, coefficient);
  return result;
}

} // namespace

AffineExpr simplifyDimension(AffineExpr expr) { return build(expand(expr), expr.getContext()); }

AffineExpr divideExactly(AffineExpr dividend, AffineExpr divisor) {
  Polynomial numerator = expand(dividend), denominator = expand(divisor);
  if (numerator == denominator)
    return getAffineConstantExpr(1, dividend.getContext());
  if (denominator.size() != 1)
    return {};
  auto &[factors, coefficient] = *denominator.begin();
  if (!divideCoefficients(numerator, coefficient))
    return {};
  Polynomial quotient;
  for (auto &[monomial, number] : numerator) {
    Monomial rest = monomial;
    for (AffineExpr factor : factors) {
      auto found = llvm::find(rest, factor);
      if (found == rest.end())
        return {};
      rest.erase(found);
    }
    addTerm(quotient, rest, number);
  }
  return build(quotient, dividend.getContext());
}

std::optional<int64_t> constantValue(AffineExpr expr) {
  if (auto constant = dyn_cast_or_null<AffineConstantExpr>(expr))
    return constant.getValue();
  return std::nullopt;
}

AffineExpr SymbolScope::symbol(StringRef name) {
  auto attr = StringAttr::get(context, name);
  auto found = llvm::find(names, attr);
  if (found == names.end()) {
    names.push_back(attr);
    return getAffineSymbolExpr(names.size() - 1, context);
  }
  return getAffineSymbolExpr(found - names.begin(), context);
}

AffineExpr SymbolScope::constant(int64_t value) const { return getAffineConstantExpr(value, context); }

AffineExpr SymbolScope::adopt(AffineExpr expr, ArrayRef<StringAttr> from) {
  if (from.empty())
    return expr;
  SmallVector<AffineExpr> replacements;
  for (StringAttr name : from)
    replacements.push_back(symbol(name.getValue()));
  return simplifyDimension(expr.replaceSymbols(replacements));
}

SmallVector<AffineExpr> SymbolScope::adopt(ShapeAttr shape) {
  return llvm::map_to_vector(shape.getDims(), [&](AffineExpr dim) { return adopt(dim, shape.getNames()); });
}

SmallVector<AffineExpr> SymbolScope::dims(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  if (auto shape = dyn_cast_or_null<ShapeAttr>(tensor.getEncoding()))
    return adopt(shape);
  return llvm::map_to_vector(tensor.getShape(), [&](int64_t size) { return constant(size); });
}

RankedTensorType SymbolScope::tensor(ArrayRef<AffineExpr> dims, Type element) const {
  ShapeAttr encoding = shape(dims);
  SmallVector<int64_t> sizes;
  for (AffineExpr dim : encoding.getDims())
    sizes.push_back(constantValue(dim).value_or(ShapedType::kDynamic));
  return RankedTensorType::get(sizes, element, ShapedType::isDynamicShape(sizes) ? Attribute(encoding) : Attribute());
}

ShapeAttr SymbolScope::shape(ArrayRef<AffineExpr> dims) const {
  SmallVector<AffineExpr> simplified = llvm::map_to_vector(dims, simplifyDimension);
  llvm::SmallBitVector used(names.size());
  for (AffineExpr dim : simplified)
    dim.walk([&](AffineExpr part) {
      if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
        used.set(symbol.getPosition());
    });
  SmallVector<unsigned> order(used.set_bits());
  llvm::sort(order, [&](unsigned a, unsigned b) { return names[a].getValue() < names[b].getValue(); });
  SmallVector<StringAttr> sorted;
  SmallVector<AffineExpr> replacements(names.size(), constant(0));
  for (auto [position, index] : llvm::enumerate(order)) {
    sorted.push_back(names[index]);
    replacements[index] = getAffineSymbolExpr(position, context);
  }
  for (AffineExpr &dim : simplified)
    dim = simplifyDimension(dim.replaceSymbols(replacements));
  return ShapeAttr::get(context, sorted, simplified);
}

AffineExpr product(ArrayRef<AffineExpr> dims, MLIRContext *context) {
  AffineExpr result = getAffineConstantExpr(1, context);
  for (AffineExpr dim : dims)
    result = result * dim;
  return simplifyDimension(result);
}

static thread_local Assumptions *collecting = nullptr;

Assumptions::Assumptions() : outer(std::exchange(collecting, this)) {}
Assumptions::~Assumptions() { collecting = outer; }

bool SymbolScope::canReach(AffineExpr a, AffineExpr b) const {
  AffineExpr above = simplifyDimension(a - b);
  if (std::optional<int64_t> value = constantValue(above))
    return *value >= 0;
  if (collecting)
    collecting->expressions.insert(shape(above));
  return true;
}

bool SymbolScope::canBeEqual(AffineExpr a, AffineExpr b) const { return canReach(a, b) && canReach(b, a); }

AffineExpr SymbolScope::divide(AffineExpr dividend, AffineExpr divisor) const {
  if (constantValue(divisor) == 0)
    return {};
  if (AffineExpr quotient = divideExactly(dividend, divisor))
    return quotient;
  AffineExpr quotient = simplifyDimension(dividend.floorDiv(divisor));
  return canReach(quotient * divisor, dividend) ? quotient : AffineExpr();
}

AffineExpr SymbolScope::broadcast(AffineExpr lhs, AffineExpr rhs) const {
  if (constantValue(rhs) == 1)
    return lhs;
  if (constantValue(lhs) == 1)
    return rhs;
  if (!canBeEqual(lhs, rhs))
    return AffineExpr();
  return constantValue(rhs) ? rhs : lhs;
}

FailureOr<SmallVector<AffineExpr>> SymbolScope::broadcast(ArrayRef<AffineExpr> lhs, ArrayRef<AffineExpr> rhs) const {
  if (lhs.size() < rhs.size())
    std::swap(lhs, rhs);
  SmallVector<AffineExpr> result(lhs);
  size_t offset = lhs.size() - rhs.size();
  for (auto [position, dim] : llvm::enumerate(rhs))
    if (!(result[offset + position] = broadcast(lhs[offset + position], dim)))
      return failure();
  return result;
}

} // namespace ingot
