//===- Arena.h - Places for tensors that live at different times -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_MEMORY_ARENA_H
#define INGOT_PASSES_MEMORY_ARENA_H

#include "mlir/IR/AffineExpr.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>

namespace ingot {

/// Buffers start at multiples of this.
constexpr int64_t bufferAlignment = 64;

/// A piece of memory from the launch that first writes it to the launch that last reads it.
struct Lifetime {
  int64_t first = 0, last = 0;
  int64_t bytes = 0;
  bool overlaps(const Lifetime &other) const { return first <= other.last && other.first <= last; }
};

struct Arena {
  llvm::SmallVector<int64_t> offsets; // one for each lifetime
  int64_t bytes = 0;
};

/// Offsets such that no two pieces that live at the same time overlap; tries several orders and keeps the smallest
/// arena.
Arena placeInArena(llvm::ArrayRef<Lifetime> lifetimes);

/// The largest sum of sizes that live at one time: no arena is smaller.
int64_t lowerBound(llvm::ArrayRef<Lifetime> lifetimes);

/// Pieces whose size is an expression over symbols. Each shares a slot with others when none of them live at the same
/// time and the slot's size is provably enough.
struct SymbolicLifetime {
  Lifetime time;
  mlir::AffineExpr bytes;
};
struct Slots {
  llvm::SmallVector<size_t> slotOf;          // one for each lifetime
  llvm::SmallVector<mlir::AffineExpr> sizes; // in bytes
};
Slots shareSlots(llvm::ArrayRef<SymbolicLifetime> lifetimes);

/// Whether `expr` >= 0 for all symbols >= 0, as far as its form shows.
bool isNonNegative(mlir::AffineExpr expr);

} // namespace ingot

#endif
