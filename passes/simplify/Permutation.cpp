//===- Permutation.cpp - Orders of axes -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/simplify/Permutation.h"

using namespace mlir;

namespace ingot {

Permutation inverse(ArrayRef<int64_t> permutation) {
  Permutation result(permutation.size());
  for (auto [position, axis] : llvm::enumerate(permutation))
    result[axis] = position;
  return result;
}

Permutation compose(ArrayRef<int64_t> first, ArrayRef<int64_t> second) { return permute(first, second); }

bool isIdentity(ArrayRef<int64_t> permutation) {
  return llvm::equal(permutation, llvm::seq<int64_t>(0, permutation.size()));
}

RankedTensorType permute(RankedTensorType type, ArrayRef<int64_t> permutation) {
  SymbolScope scope(type.getContext());
  SmallVector<AffineExpr> dims = scope.dims(type);
  return scope.tensor(permute<AffineExpr>(dims, permutation), type.getElementType());
}

bool movesOnlyUnits(RankedTensorType type, ArrayRef<int64_t> permutation) {
  int64_t last = -1;
  for (int64_t axis : permutation) {
    if (type.getDimSize(axis) == 1)
      continue;
    if (axis < last)
      return false;
    last = axis;
  }
  return true;
}

namespace {

/// Neighbouring axes of a tensor that a reshape turns into neighbouring axes of its result: [4, 6] and [2, 2, 6] have
/// the groups ({0}, {0, 1}) and ({1}, {2}).
struct AxisGroup {
  SmallVector<int64_t> before, after;
};

/// Whether `left` is the lesser of two sizes, one of which is a multiple of the other or a constant.
std::optional<bool> isLess(AffineExpr left, AffineExpr right) {
  auto a = constantValue(left), b = constantValue(right);
  if (a && b)
    return *a < *b;
  if (divideExactly(right, left))
    return true;
  return divideExactly(left, right) ? std::optional(false) : std::nullopt;
}

/// The finest division of a reshape into groups; nothing when the sizes cannot be compared. Axes of size 1 are in none.
std::optional<SmallVector<AxisGroup>> findGroups(ArrayRef<AffineExpr> before, ArrayRef<AffineExpr> after) {
  SmallVector<AxisGroup> groups;
  SmallVector<int64_t> left, right; // axes still to come, last first
  for (int64_t axis = before.size(); axis-- > 0;)
    if (constantValue(before[axis]) != 1)
      left.push_back(axis);
  for (int64_t axis = after.size(); axis-- > 0;)
    if (constantValue(after[axis]) != 1)
      right.push_back(axis);
  while (!left.empty() && !right.empty()) {
    AxisGroup group{{left.pop_back_val()}, {right.pop_back_val()}};
    AffineExpr sizeBefore = before[group.before[0]], sizeAfter = after[group.after[0]];
    while (sizeBefore != sizeAfter) {
      std::optional<bool> takesLeft = isLess(sizeBefore, sizeAfter);
      if (!takesLeft || (*takesLeft ? left : right).empty())
        return std::nullopt;
      (*takesLeft ? group.before : group.after).push_back((*takesLeft ? left : right).pop_back_val());
      if (*takesLeft)
        sizeBefore = simplifyDimension(sizeBefore * before[group.before.back()]);
      else
        sizeAfter = simplifyDimension(sizeAfter * after[group.after.back()]);
    }
    groups.push_back(std::move(group));
  }
  return left.empty() && right.empty() ? std::optional(groups) : std::nullopt;
}

/// Every axis of size 1 of the result joins the group of the axis before it; `leading` are those before the first
/// group.
void addUnits(SmallVector<AxisGroup> &groups, ArrayRef<AffineExpr> after, Permutation &leading) {
  size_t group = 0;
  for (int64_t axis = 0; axis < int64_t(after.size()); ++axis) {
    if (constantValue(after[axis]) == 1 && axis == int64_t(leading.size())) {
      leading.push_back(axis);
      continue;
    }
    if (constantValue(after[axis]) == 1) {
      groups[group].after.push_back(axis);
      llvm::sort(groups[group].after);
      continue;
    }
    while (group + 1 < groups.size() && !llvm::is_contained(groups[group].after, axis))
      ++group;
  }
}

} // namespace

bool mergesAxes(RankedTensorType before, RankedTensorType after) {
  SymbolScope scope(before.getContext());
  auto groups = findGroups(scope.dims(before), scope.dims(after));
  return !groups || llvm::any_of(*groups, [](const AxisGroup &group) { return group.before.size() > 1; });
}

std::optional<CommutedReshape> commuteReshape(RankedTensorType transposed, ArrayRef<int64_t> permutation,
                                              RankedTensorType reshaped) {
  SymbolScope scope(transposed.getContext());
  SmallVector<AffineExpr> before = scope.dims(transposed), after = scope.dims(reshaped);
  auto groups = findGroups(before, after);
  if (!groups || groups->empty())
    return std::nullopt;
  Permutation order; // axes of the reshaped tensor, as reshape(x) has them
  addUnits(*groups, after, order);
  llvm::DenseMap<int64_t, size_t> groupOf;
  for (auto [number, group] : llvm::enumerate(*groups))
    for (int64_t axis : group.before)
      groupOf[axis] = number;
  // In the order of x's axes, every group must appear whole and in its own order.
  SmallVector<int64_t> pending;
  for (int64_t axis : inverse(permutation)) {
    if (constantValue(before[axis]) == 1)
      continue;
    const AxisGroup &group = (*groups)[groupOf.at(axis)];
    bool isContinued = pending.empty() || groupOf.at(pending.front()) == groupOf.at(axis);
    if (!isContinued || group.before[pending.size()] != axis)
      return std::nullopt;
    pending.push_back(axis);
    if (pending.size() < group.before.size())
      continue;
    order.append(group.after);
    pending.clear();
  }
  if (!pending.empty() || order.size() != after.size())
    return std::nullopt;
  return CommutedReshape{permute(reshaped, order), inverse(order)};
}

} // namespace ingot
