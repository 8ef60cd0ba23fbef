//===- ContractionRows.cpp - Which axes of a product are its rows ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where all batches share the rhs, every axis of the result but the last is an axis of rows, in any order. A batch of
// one, or one step of a sequence, is a matrix of a single row, for which all weights are read: so axes that lie one
// behind the other in the lhs are one long matrix, in the order of the lhs, whatever the order of the result.
//
//   [seq, batch, 64] from a lhs that lies as [batch, seq, 64]:   batch * seq rows, 64 apart
//   [197, N, 768] from [N, 197, 768]:                            N batches of 197 rows, cut evenly into blocks
//
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Contraction.h"

using namespace mlir;

namespace ingot::cpu {

/// So few rows of a batch are better taken together with those of others.
static constexpr int64_t fewRows = 16;

/// The axes that lie one behind the other in the lhs, from the outermost to the innermost of all, by their numbers;
/// none when the rows' places are not linear.
static SmallVector<int64_t> neighbours(ArrayRef<AffineExpr> extents, ArrayRef<AffineExpr> strides) {
  auto continues = [&](int64_t outer, int64_t inner) {
    return strides[outer] == simplifyDimension(strides[inner] * extents[inner]);
  };
  SmallVector<int64_t> axes;
  for (int64_t axis = 0, count = extents.size(); axis < count; ++axis) {
    if (!strides[axis])
      return {};
    if (constantValue(extents[axis]) != 1)
      axes.push_back(axis);
  }
  auto isInnermost = [&](int64_t axis) {
    return constantValue(strides[axis]) &&
           llvm::none_of(axes, [&](int64_t other) { return other != axis && continues(axis, other); });
  };
  auto innermost = llvm::find_if(axes, isInnermost);
  if (innermost == axes.end())
    return {};
  SmallVector<int64_t> chain{*innermost};
  while (chain.size() < axes.size()) {
    auto outer = llvm::find_if(
        axes, [&](int64_t axis) { return !llvm::is_contained(chain, axis) && continues(axis, chain.back()); });
    if (outer == axes.end())
      break;
    chain.push_back(*outer);
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

/// The same for the rows of `product`, whose result has the axes `leading` and a last one; none also where they are
/// better taken as they come: rows that are no neighbours are better together than a few in each batch.
static SmallVector<int64_t> neighbours(Evaluator &evaluator, ArrayRef<AffineExpr> leading, const Product &product) {
  Point point;
  for (AffineExpr extent : leading)
    point.push_back(probe(evaluator, extent));
  Point place = broadcastPoint(point, ArrayRef(evaluator.dims(product.lhs)).drop_back());
  place.push_back(evaluator.constant(0));
  auto access = evaluator.access(product.lhs, place);
  if (!access)
    return {};
  SmallVector<AffineExpr> strides =
      llvm::map_to_vector(point, [&](AffineExpr variable) { return strideOf(access->offset, variable); });
  SmallVector<int64_t> chain = neighbours(leading, strides);
  bool isWhole =
      int64_t(chain.size()) == llvm::count_if(leading, [](AffineExpr extent) { return constantValue(extent) != 1; });
  auto isFew = [](AffineExpr extent) { return constantValue(extent).value_or(INT64_MAX) <= fewRows; };
  if (!isWhole && (isFew(leading.back()) || llvm::all_of(chain, [&](int64_t axis) { return isFew(leading[axis]); })))
    return {};
  return chain;
}

bool isShared(Evaluator &evaluator, Value rhs) {
  return llvm::all_of(ArrayRef(evaluator.dims(rhs)).drop_back(2),
                      [](AffineExpr extent) { return constantValue(extent) == 1; });
}

void chooseRows(Evaluator &evaluator, ArrayRef<AffineExpr> leading, Product &product) {
  bool sharesRhs = isShared(evaluator, product.rhs);
  bool hasFewRows = constantValue(leading.back()).value_or(INT64_MAX) <= fewRows;
  size_t batchAxes = sharesRhs && hasFewRows ? 0 : leading.size() - 1;
  product.batch.assign(leading.begin(), leading.begin() + batchAxes);
  product.rows.assign(leading.begin() + batchAxes, leading.end());
  bool isOpen = llvm::any_of(leading, [](AffineExpr extent) { return !constantValue(extent); });
  SmallVector<int64_t> chain;
  if (sharesRhs && (isOpen || hasFewRows))
    chain = neighbours(evaluator, leading, product);
  if (chain.empty())
    return;
  for (int64_t axis = 0, count = leading.size(); axis < count; ++axis)
    if (!llvm::is_contained(chain, axis))
      product.axes.push_back(axis);
  auto pick = [&](ArrayRef<int64_t> axes) {
    return llvm::map_to_vector(axes, [&](int64_t axis) { return leading[axis]; });
  };
  product.batch = pick(product.axes);
  product.rows = pick(chain);
  product.axes.append(chain);
  AffineExpr all = ingot::product(product.rows, leading.front().getContext());
  int64_t together = all.getLargestKnownDivisor();
  if (!constantValue(all) && together >= leastRowsTogether)
    product.rowsTogether = together;
}

} // namespace ingot::cpu
