// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Places in the arena: nothing that lives at the same time overlaps, and little is wasted.
#include "mlir/IR/MLIRContext.h"
#include "passes/memory/Arena.h"
#include <gtest/gtest.h>
#include <random>

using namespace ingot;

namespace {

void expectNoOverlap(llvm::ArrayRef<Lifetime> lifetimes, const Arena &arena) {
  for (size_t i = 0; i < lifetimes.size(); ++i) {
    EXPECT_EQ(arena.offsets[i] % bufferAlignment, 0);
    EXPECT_LE(arena.offsets[i] + lifetimes[i].bytes, arena.bytes);
    for (size_t j = 0; j < i; ++j)
      if (lifetimes[i].overlaps(lifetimes[j]))
        EXPECT_TRUE(arena.offsets[i] + lifetimes[i].bytes <= arena.offsets[j] ||
                    arena.offsets[j] + lifetimes[j].bytes <= arena.offsets[i]);
  }
}

TEST(Arena, ChainNeedsTwoNeighbours) {
  std::vector<Lifetime> chain;
  for (int64_t i = 0; i < 10; ++i)
    chain.push_back({i, i + 1, 1024});
  Arena arena = placeInArena(chain);
  expectNoOverlap(chain, arena);
  EXPECT_EQ(arena.bytes, 2048);
  EXPECT_EQ(lowerBound(chain), 2048);
}

TEST(Arena, NothingTakesNoMemory) {
  EXPECT_EQ(placeInArena({}).bytes, 0);
  EXPECT_EQ(lowerBound({}), 0);
}

TEST(Arena, RandomLifetimesStayNearTheBound) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<Lifetime> lifetimes;
    for (int i = 0; i < 60; ++i) {
      int64_t first = random() % 100;
      lifetimes.push_back({first, first + int64_t(random() % 8), 64 * int64_t(1 + random() % 100)});
    }
    Arena arena = placeInArena(lifetimes);
    expectNoOverlap(lifetimes, arena);
    EXPECT_GE(arena.bytes, lowerBound(lifetimes));
    EXPECT_LE(arena.bytes, lowerBound(lifetimes) * 5 / 4);
  }
}

TEST(Slots, AreSharedWhenProvablyLargeEnough) {
  mlir::MLIRContext context;
  mlir::AffineExpr n = mlir::getAffineSymbolExpr(0, &context), m = mlir::getAffineSymbolExpr(1, &context);
  Slots slots = shareSlots({{{0, 1}, n * 64}, {{2, 3}, n * 32}, {{4, 5}, m * 32}, {{5, 6}, n * 16}});
  EXPECT_EQ(slots.slotOf[0], slots.slotOf[1]); // one after the other, and n * 64 >= n * 32
  EXPECT_EQ(slots.slotOf[0], slots.slotOf[3]);
  EXPECT_NE(slots.slotOf[0], slots.slotOf[2]); // nobody knows which is larger
  EXPECT_EQ(slots.sizes.size(), 2u);
}

} // namespace
