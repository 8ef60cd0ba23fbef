//===- IndexMap.cpp - Index arithmetic with known ranges ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/IndexMap.h"
#include "dialects/ingot/Shape.h"
#include "llvm/ADT/STLExtras.h"
#include <numeric>

using namespace mlir;

namespace ingot::cpu {
namespace {

/// coefficient * product of factors (dims, symbols, divisions, remainders).
struct Term {
  int64_t coefficient = 1;
  SmallVector<AffineExpr, 2> factors;

  AffineExpr expr(MLIRContext *context) const {
    AffineExpr result = getAffineConstantExpr(coefficient, context);
    for (AffineExpr factor : factors)
      result = result * factor;
    return result;
  }
};

void collectFactors(AffineExpr expr, Term &term) {
  if (auto constant = constantValue(expr)) {
    term.coefficient *= *constant;
  } else if (auto binary = dyn_cast<AffineBinaryOpExpr>(expr); binary && binary.getKind() == AffineExprKind::Mul) {
    collectFactors(binary.getLHS(), term);
    collectFactors(binary.getRHS(), term);
  } else {
    term.factors.push_back(expr);
  }
}

/// The terms of an expression in normal form (see simplifyDimension).
void collectTerms(AffineExpr expr, SmallVectorImpl<Term> &terms) {
  if (auto binary = dyn_cast<AffineBinaryOpExpr>(expr); binary && binary.getKind() == AffineExprKind::Add) {
    collectTerms(binary.getLHS(), terms);
    collectTerms(binary.getRHS(), terms);
    return;
  }
  Term term;
  collectFactors(expr, term);
  if (term.coefficient != 0)
    terms.push_back(term);
}

SmallVector<Term> termsOf(AffineExpr expr) {
  SmallVector<Term> terms;
  collectTerms(simplifyDimension(expr), terms);
  return terms;
}

bool isPlain(AffineExpr expr, ArrayRef<AffineExprKind> kinds) {
  bool found = false;
  expr.walk([&](AffineExpr part) { found |= llvm::is_contained(kinds, part.getKind()); });
  return !found;
}

/// The range of a dim, symbol, division or remainder; only ranges that start at 0 or above.
std::optional<Bounds> boundsOfFactor(AffineExpr factor, Extents extents) {
  MLIRContext *context = factor.getContext();
  AffineExpr zero = getAffineConstantExpr(0, context);
  if (isPlain(factor, AffineExprKind::DimId))
    return Bounds{factor, factor};
  if (auto dim = dyn_cast<AffineDimExpr>(factor)) {
    AffineExpr extent = dim.getPosition() < extents.size() ? extents[dim.getPosition()] : AffineExpr();
    return extent ? std::optional(Bounds{zero, extent - 1}) : std::nullopt;
  }
  auto binary = cast<AffineBinaryOpExpr>(factor);
  std::optional<Bounds> inner = boundsOf(binary.getLHS(), extents);
  AffineExpr divisor = binary.getRHS();
  if (!inner || !isNonNegative(inner->lower) || !isPlain(divisor, AffineExprKind::DimId))
    return std::nullopt;
  if (binary.getKind() == AffineExprKind::FloorDiv)
    return Bounds{simplifyDimension(inner->lower.floorDiv(divisor)), simplifyDimension(inner->upper.floorDiv(divisor))};
  if (binary.getKind() == AffineExprKind::Mod)
    return Bounds{zero, divisor - 1};
  return std::nullopt;
}

} // namespace

bool isNonNegative(AffineExpr expr) {
  return llvm::all_of(termsOf(expr), [](const Term &term) {
    return term.coefficient >= 0 &&
           llvm::all_of(term.factors, [](AffineExpr factor) { return isPlain(factor, AffineExprKind::DimId); });
  });
}

std::optional<Bounds> boundsOf(AffineExpr expr, Extents extents) {
  MLIRContext *context = expr.getContext();
  Bounds sum{getAffineConstantExpr(0, context), getAffineConstantExpr(0, context)};
  for (const Term &term : termsOf(expr)) {
    Bounds product{getAffineConstantExpr(term.coefficient, context), getAffineConstantExpr(term.coefficient, context)};
    if (term.coefficient < 0)
      std::swap(product.lower, product.upper);
    for (AffineExpr factor : term.factors) {
      std::optional<Bounds> bounds = boundsOfFactor(factor, extents);
      if (!bounds || !isNonNegative(bounds->lower))
        return std::nullopt;
      if (term.coefficient < 0)
        std::swap(bounds->lower, bounds->upper);
      product = {product.lower * bounds->lower, product.upper * bounds->upper};
    }
    sum = {sum.lower + product.lower, sum.upper + product.upper};
  }
  return Bounds{simplifyDimension(sum.lower), simplifyDimension(sum.upper)};
}

bool isWithin(AffineExpr expr, AffineExpr size, Extents extents) {
  std::optional<Bounds> bounds = boundsOf(expr, extents);
  return bounds && isNonNegative(bounds->lower) && isNonNegative(size - 1 - bounds->upper);
}

namespace {

/// Takes multiples of `divisor` out of `rest`: whole = quotient * divisor + rest.
void extractMultiples(AffineExpr divisor, AffineExpr &quotient, AffineExpr &rest) {
  SmallVector<Term> parts = termsOf(divisor);
  if (parts.empty())
    return;
  AffineExpr lead = parts.front().expr(divisor.getContext());
  for (bool changed = true; changed;) {
    changed = false;
    SmallVector<Term> terms = termsOf(rest);
    for (const Term &term : terms) {
      AffineExpr multiple = divideExactly(term.expr(divisor.getContext()), lead);
      if (!multiple)
        continue;
      AffineExpr smaller = simplifyDimension(rest - multiple * divisor);
      if (termsOf(smaller).size() >= terms.size())
        continue;
      quotient = quotient + multiple;
      rest = smaller;
      changed = true;
      break;
    }
  }
}

/// Divisors to try in common with `n`: the part of each term that does not vary.
SmallVector<AffineExpr> commonFactors(AffineExpr expr, AffineExpr n) {
  SmallVector<AffineExpr> result;
  MLIRContext *context = expr.getContext();
  std::optional<int64_t> number = constantValue(n);
  for (const Term &term : termsOf(expr)) {
    AffineExpr factor = getAffineConstantExpr(std::abs(term.coefficient), context);
    if (number)
      factor = getAffineConstantExpr(std::gcd(term.coefficient, *number), context);
    for (AffineExpr part : term.factors)
      if (!number && isPlain(part, AffineExprKind::DimId))
        factor = factor * part;
    if (constantValue(factor) != 1 && divideExactly(n, factor) && !llvm::is_contained(result, factor))
      result.push_back(factor);
  }
  return result;
}

AffineExpr divide(AffineExpr lhs, AffineExpr rhs, bool isModulo, Extents extents) {
  MLIRContext *context = lhs.getContext();
  AffineExpr quotient = getAffineConstantExpr(0, context), rest = lhs;
  extractMultiples(rhs, quotient, rest);
  if (isWithin(rest, rhs, extents))
    return simplifyDimension(isModulo ? rest : quotient);
  // (x floordiv a) floordiv b => x floordiv (a * b)
  if (auto inner = dyn_cast<AffineBinaryOpExpr>(rest); inner && !isModulo &&
                                                       inner.getKind() == AffineExprKind::FloorDiv &&
                                                       isPlain(inner.getRHS(), AffineExprKind::DimId))
    return simplifyDimension(quotient +
                             divide(inner.getLHS(), simplifyDimension(inner.getRHS() * rhs), false, extents));
  // (g*a + r) floordiv (g*n) => a floordiv n;  (g*a + r) mod (g*n) => g * (a mod n) + r, with 0 <= r < g
  for (AffineExpr factor : commonFactors(rest, rhs)) {
    AffineExpr multiple = getAffineConstantExpr(0, context), remainder = rest;
    extractMultiples(factor, multiple, remainder);
    if (!isWithin(remainder, factor, extents))
      continue;
    AffineExpr inner = divide(simplifyDimension(multiple), divideExactly(rhs, factor), isModulo, extents);
    return simplifyDimension(isModulo ? factor * inner + remainder : quotient + inner);
  }
  return simplifyDimension(isModulo ? rest % rhs : quotient + rest.floorDiv(rhs));
}

/// How many divisions and remainders it takes.
int64_t countDivisions(AffineExpr expr) {
  int64_t count = 0;
  expr.walk([&](AffineExpr part) {
    count += part.getKind() == AffineExprKind::FloorDiv || part.getKind() == AffineExprKind::Mod;
  });
  return count;
}

/// n * (x floordiv n) + x mod n => x, where the two occur with one coefficient. Divisions are counted, not terms: x may
/// be a sum of many (a block, a step within it, a lane).
AffineExpr recombine(AffineExpr expr, Extents extents) {
  for (const Term &term : termsOf(expr)) {
    for (auto [position, factor] : llvm::enumerate(term.factors)) {
      auto remainder = dyn_cast<AffineBinaryOpExpr>(factor);
      if (!remainder || remainder.getKind() != AffineExprKind::Mod)
        continue;
      Term others = term;
      others.factors.erase(others.factors.begin() + position);
      AffineExpr scale = others.expr(expr.getContext()), x = remainder.getLHS(), n = remainder.getRHS();
      AffineExpr whole = scale * (n * divide(x, n, false, extents) + factor);
      AffineExpr shorter = simplifyDimension(expr - whole + scale * x);
      if (countDivisions(shorter) < countDivisions(expr))
        return recombine(shorter, extents);
    }
  }
  return expr;
}

AffineExpr simplifyParts(AffineExpr expr, Extents extents) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    bool isZero = dim.getPosition() < extents.size() && extents[dim.getPosition()] &&
                  constantValue(extents[dim.getPosition()]) == 1;
    return isZero ? getAffineConstantExpr(0, expr.getContext()) : expr;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return expr;
  AffineExpr lhs = simplifyParts(binary.getLHS(), extents), rhs = simplifyParts(binary.getRHS(), extents);
  switch (binary.getKind()) {
  case AffineExprKind::FloorDiv:
  case AffineExprKind::Mod:
    return divide(simplifyDimension(lhs), simplifyDimension(rhs), binary.getKind() == AffineExprKind::Mod, extents);
  case AffineExprKind::Add:
    return lhs + rhs;
  case AffineExprKind::Mul:
    return lhs * rhs;
  default:
    return getAffineBinaryOpExpr(binary.getKind(), lhs, rhs);
  }
}

} // namespace

AffineExpr simplifyIndex(AffineExpr expr, Extents extents) {
  return recombine(simplifyDimension(simplifyParts(expr, extents)), extents);
}

std::optional<Linear> splitLinear(AffineExpr expr, unsigned variable, llvm::function_ref<bool(unsigned)> varies) {
  MLIRContext *context = expr.getContext();
  Linear result{0, getAffineConstantExpr(0, context)};
  AffineExpr dim = getAffineDimExpr(variable, context);
  for (const Term &term : termsOf(expr)) {
    if (term.factors.size() == 1 && term.factors[0] == dim) {
      result.scale += term.coefficient;
      continue;
    }
    bool moves = false;
    for (AffineExpr factor : term.factors)
      factor.walk([&](AffineExpr part) {
        if (auto other = dyn_cast<AffineDimExpr>(part))
          moves |= other == dim || varies(other.getPosition());
      });
    if (moves)
      return std::nullopt;
    result.rest = result.rest + term.expr(context);
  }
  return result;
}

std::optional<Split> splitMultiple(AffineExpr expr, int64_t factor, Extents extents) {
  MLIRContext *context = expr.getContext();
  Split split{getAffineConstantExpr(0, context), expr};
  extractMultiples(getAffineConstantExpr(factor, context), split.multiple, split.rest);
  if (!isWithin(split.rest, getAffineConstantExpr(factor, context), extents))
    return std::nullopt;
  return split;
}

AffineExpr linearize(ArrayRef<AffineExpr> point, ArrayRef<AffineExpr> dims, MLIRContext *context) {
  AffineExpr result = getAffineConstantExpr(0, context);
  for (auto [index, dim] : llvm::zip_equal(point, dims))
    result = result * dim + index;
  return result;
}

namespace {

/// How many axes from each side make the next group of equal size: [.., 6, ..] and [.., 2, 3, ..].
std::pair<size_t, size_t> nextGroup(ArrayRef<AffineExpr> from, ArrayRef<AffineExpr> to) {
  if (from.empty() || to.empty())
    return {from.size(), to.size()};
  size_t i = 1, j = 1;
  AffineExpr left = from[0], right = to[0];
  while (left != right) {
    AffineExpr isSmaller = divideExactly(right, left);
    bool extendLeft = isSmaller && constantValue(isSmaller) != 1;
    if (extendLeft && i < from.size())
      left = simplifyDimension(left * from[i++]);
    else if (!extendLeft && divideExactly(left, right) && j < to.size())
      right = simplifyDimension(right * to[j++]);
    else
      return {from.size(), to.size()};
  }
  return {i, j};
}

void delinearize(AffineExpr position, ArrayRef<AffineExpr> dims, SmallVectorImpl<AffineExpr> &point) {
  size_t first = point.size();
  point.resize(first + dims.size());
  AffineExpr zero = getAffineConstantExpr(0, position.getContext());
  size_t outermost = 0;
  while (outermost < dims.size() && constantValue(dims[outermost]) == 1)
    ++outermost;
  AffineExpr rest = position;
  for (size_t axis = dims.size(); axis-- > 0;) {
    if (constantValue(dims[axis]) == 1) {
      point[first + axis] = zero;
    } else if (axis == outermost) {
      point[first + axis] = rest;
    } else {
      point[first + axis] = rest % dims[axis];
      rest = rest.floorDiv(dims[axis]);
    }
  }
}

} // namespace

SmallVector<AffineExpr> reshapePoint(ArrayRef<AffineExpr> point, ArrayRef<AffineExpr> from, ArrayRef<AffineExpr> to,
                                     Extents extents) {
  SmallVector<AffineExpr> result;
  if (to.empty())
    return result;
  MLIRContext *context = to.front().getContext();
  while (!from.empty() || !to.empty()) {
    auto [inputs, outputs] = nextGroup(from, to);
    if (inputs == 1 && outputs == 1)
      result.push_back(point[0]);
    else
      delinearize(linearize(point.take_front(inputs), from.take_front(inputs), context), to.take_front(outputs),
                  result);
    point = point.drop_front(inputs);
    from = from.drop_front(inputs);
    to = to.drop_front(outputs);
  }
  for (AffineExpr &index : result)
    index = simplifyIndex(index, extents);
  return result;
}

} // namespace ingot::cpu
