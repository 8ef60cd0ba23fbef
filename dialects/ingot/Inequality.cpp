//===- Inequality.cpp - What is assumed of dimensions ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Inequality.h"
#include "dialects/ingot/Shape.h"

using namespace mlir;

namespace ingot {

std::optional<SymbolLimit> asLimit(AffineExpr difference, unsigned symbolCount) {
  for (unsigned i = 0; i < symbolCount; ++i) {
    AffineExpr symbol = getAffineSymbolExpr(i, difference.getContext());
    if (auto rest = constantValue(simplifyDimension(difference - symbol)))
      return SymbolLimit{i, /*isUpper=*/false, -*rest};
    if (auto rest = constantValue(simplifyDimension(difference + symbol)))
      return SymbolLimit{i, /*isUpper=*/true, *rest};
  }
  return std::nullopt;
}

/// The terms of a sum, those that are subtracted in `minus`.
static void splitTerms(AffineExpr sum, AffineExpr &plus, AffineExpr &minus) {
  auto binary = dyn_cast<AffineBinaryOpExpr>(sum);
  if (binary && binary.getKind() == AffineExprKind::Add) {
    splitTerms(binary.getLHS(), plus, minus);
    splitTerms(binary.getRHS(), plus, minus);
    return;
  }
  bool isProduct = binary && binary.getKind() == AffineExprKind::Mul;
  auto factor = dyn_cast<AffineConstantExpr>(isProduct ? binary.getRHS() : sum);
  if (factor && factor.getValue() < 0)
    minus = minus - sum;
  else
    plus = plus + sum;
}

/// What `dividend` must be a multiple of for `product` to reach it: n of (dividend floordiv n) * n. Null of others.
static AffineExpr divisorOf(AffineExpr product, AffineExpr dividend) {
  auto binary = dyn_cast<AffineBinaryOpExpr>(product);
  auto quotient = binary ? dyn_cast<AffineBinaryOpExpr>(binary.getLHS()) : nullptr;
  bool isMultiple = quotient && binary.getKind() == AffineExprKind::Mul &&
                    quotient.getKind() == AffineExprKind::FloorDiv && quotient.getRHS() == binary.getRHS() &&
                    quotient.getLHS() == dividend;
  return isMultiple ? binary.getRHS() : AffineExpr();
}

std::string printRelation(AffineExpr difference, ArrayRef<AffineExpr> all,
                          llvm::function_ref<std::string(AffineExpr)> print) {
  AffineExpr plus = getAffineConstantExpr(0, difference.getContext()), minus = plus;
  splitTerms(difference, plus, minus);
  if (AffineExpr divisor = divisorOf(plus, minus))
    return print(minus) + " to be a multiple of " + print(divisor);
  bool isEquation = llvm::is_contained(all, simplifyDimension(-difference));
  return print(plus) + (isEquation ? " = " : " >= ") + print(minus);
}

} // namespace ingot
