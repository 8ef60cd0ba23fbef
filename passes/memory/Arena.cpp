//===- Arena.cpp - Places for tensors that live at different times --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/memory/Arena.h"
#include "dialects/ingot/Shape.h"
#include "mlir/IR/AffineExprVisitor.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace ingot {
namespace {

int64_t alignedBytes(const Lifetime &lifetime) {
  return llvm::alignTo(std::max<int64_t>(lifetime.bytes, 1), bufferAlignment);
}

/// Places the pieces in this order, each into the smallest gap that fits between those that live at the same time.
Arena placeInOrder(ArrayRef<Lifetime> lifetimes, ArrayRef<size_t> order) {
  Arena arena;
  arena.offsets.assign(lifetimes.size(), 0);
  SmallVector<size_t> placed; // by offset
  for (size_t piece : order) {
    int64_t size = alignedBytes(lifetimes[piece]), end = 0, best = -1, bestGap = 0;
    for (size_t other : placed) {
      if (!lifetimes[piece].overlaps(lifetimes[other]))
        continue;
      int64_t gap = arena.offsets[other] - end;
      if (gap >= size && (best < 0 || gap < bestGap)) {
        best = end;
        bestGap = gap;
      }
      end = std::max(end, arena.offsets[other] + alignedBytes(lifetimes[other]));
    }
    arena.offsets[piece] = best < 0 ? end : best;
    arena.bytes = std::max(arena.bytes, arena.offsets[piece] + size);
    auto isBefore = [&](size_t a, size_t b) { return arena.offsets[a] < arena.offsets[b]; };
    placed.insert(std::upper_bound(placed.begin(), placed.end(), piece, isBefore), piece);
  }
  return arena;
}

/// Sorts by a key, greatest first, and by number where keys are equal.
template <typename Key>
SmallVector<size_t> sortedBy(size_t count, Key key) {
  auto order = llvm::to_vector(llvm::seq<size_t>(0, count));
  llvm::sort(order,
             [&](size_t a, size_t b) { return std::pair(-key(a), int64_t(a)) < std::pair(-key(b), int64_t(b)); });
  return order;
}

/// A guess of a size whose symbols are unknown, to place large pieces first.
int64_t estimate(AffineExpr bytes) {
  SmallVector<AffineExpr> guesses(32, getAffineConstantExpr(64, bytes.getContext()));
  return constantValue(simplifyDimension(bytes.replaceSymbols(guesses))).value_or(0);
}

} // namespace

Arena placeInArena(ArrayRef<Lifetime> lifetimes) {
  int64_t bound = lowerBound(lifetimes);
  Arena best;
  auto bytes = [&](size_t i) { return lifetimes[i].bytes; };
  auto duration = [&](size_t i) { return lifetimes[i].last - lifetimes[i].first; };
  auto area = [&](size_t i) { return lifetimes[i].bytes * (duration(i) + 1); };
  auto start = [&](size_t i) { return -lifetimes[i].first; };
  for (int attempt = 0; attempt < 4; ++attempt) {
    size_t count = lifetimes.size();
    SmallVector<size_t> order = attempt == 0   ? sortedBy(count, bytes)
                                : attempt == 1 ? sortedBy(count, area)
                                : attempt == 2 ? sortedBy(count, duration)
                                               : sortedBy(count, start);
    Arena arena = placeInOrder(lifetimes, order);
    if (attempt == 0 || arena.bytes < best.bytes)
      best = std::move(arena);
    if (best.bytes == llvm::alignTo(bound, bufferAlignment))
      break;
  }
  return best;
}

int64_t lowerBound(ArrayRef<Lifetime> lifetimes) {
  std::map<int64_t, int64_t> changes; // of the bytes alive, by launch
  for (const Lifetime &lifetime : lifetimes) {
    changes[lifetime.first] += lifetime.bytes;
    changes[lifetime.last + 1] -= lifetime.bytes;
  }
  int64_t alive = 0, most = 0;
  for (auto [launch, change] : changes)
    most = std::max(most, alive += change);
  return most;
}

bool isNonNegative(AffineExpr expr) {
  if (auto number = constantValue(expr))
    return *number >= 0;
  if (isa<AffineSymbolExpr>(expr))
    return true;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  return binary && isNonNegative(binary.getLHS()) && isNonNegative(binary.getRHS());
}

Slots shareSlots(ArrayRef<SymbolicLifetime> lifetimes) {
  Slots slots;
  slots.slotOf.assign(lifetimes.size(), 0);
  SmallVector<SmallVector<size_t>> members;
  for (size_t piece : sortedBy(lifetimes.size(), [&](size_t i) { return estimate(lifetimes[i].bytes); })) {
    const SymbolicLifetime &lifetime = lifetimes[piece];
    size_t slot = 0;
    auto fits = [&] {
      return isNonNegative(simplifyDimension(slots.sizes[slot] - lifetime.bytes)) &&
             llvm::none_of(members[slot], [&](size_t other) { return lifetime.time.overlaps(lifetimes[other].time); });
    };
    size_t best = slots.sizes.size();
    for (; slot < slots.sizes.size(); ++slot) // the smallest that fits: they come in order of their sizes
      if (fits())
        best = slot;
    if (best == slots.sizes.size()) {
      slots.sizes.push_back(lifetime.bytes);
      members.emplace_back();
    }
    members[best].push_back(piece);
    slots.slotOf[piece] = best;
  }
  return slots;
}

} // namespace ingot
