// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the cost model says of register blocks, and which others are worth measuring.
#include "codegen/cpu/Schedule.h"
#include <gtest/gtest.h>

namespace {

using namespace ingot::cpu;

Target targetOf(int64_t vectorBytes, int64_t registers) {
  Target target;
  target.vectorBytes = vectorBytes;
  target.vectorRegisters = registers;
  return target;
}

const Target wide = targetOf(64, 32), narrow = targetOf(32, 16);

TEST(BlockEfficiency, IsWholeForLargeBlocksThatFit) { EXPECT_DOUBLE_EQ(blockEfficiency(wide, {12, 2}, 24, 4), 1); }

TEST(BlockEfficiency, CountsLoadsAndLatency) {
  EXPECT_LT(blockEfficiency(wide, {1, 1}, 1, 1), 0.6);
  EXPECT_DOUBLE_EQ(blockEfficiency(wide, {4, 1}, 4, 1), 0.8); // five loads for four products
}

TEST(BlockEfficiency, CountsIncompleteBlocks) {
  double fitting = blockEfficiency(narrow, {3, 2}, 12, 4), cut = blockEfficiency(narrow, {3, 2}, 12, 5);
  EXPECT_LT(cut, fitting);
  EXPECT_GT(cut, 0.5 * fitting);
}

TEST(AlternativeBlocks, AreOthersThatUseTheRegistersNearlyAsWell) {
  std::vector<ingot::KernelChoice> others = alternativeBlocks(wide, {12, 2}, 196, 8);
  EXPECT_FALSE(others.empty());
  double last = 2;
  for (const ingot::KernelChoice &other : others) {
    double efficiency = blockEfficiency(wide, {other.rows, other.vectors}, 196, 8);
    EXPECT_FALSE(other.rows == 12 && other.vectors == 2);
    EXPECT_GE(efficiency, 0.65);
    EXPECT_LE(efficiency, last + 0.05);
    last = efficiency;
  }
}

TEST(AlternativeBlocks, AreAllKeptWhereRowsAreUnknown) {
  EXPECT_GE(alternativeBlocks(wide, {12, 2}, std::nullopt, 8).size(), alternativeBlocks(wide, {12, 2}, 196, 8).size());
}

} // namespace
