// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "codegen/cpu/IndexMap.h"
#include "dialects/ingot/Shape.h"
#include "mlir/IR/MLIRContext.h"
#include <gtest/gtest.h>
#include <numeric>

using namespace mlir;
using namespace ingot;
using namespace ingot::cpu;

namespace {

class IndexMapTest : public testing::Test {
protected:
  AffineExpr number(int64_t value) { return getAffineConstantExpr(value, &context); }
  AffineExpr size(unsigned position) { return getAffineSymbolExpr(position, &context); }
  /// A variable below `extent`.
  AffineExpr below(AffineExpr extent) {
    extents.push_back(extent);
    return getAffineDimExpr(extents.size() - 1, &context);
  }
  AffineExpr below(int64_t extent) { return below(number(extent)); }
  AffineExpr simplify(AffineExpr expr) { return simplifyIndex(expr, extents); }
  AffineExpr normal(AffineExpr expr) { return simplifyDimension(expr); }
  std::string text(AffineExpr expr) {
    std::string result;
    llvm::raw_string_ostream(result) << expr;
    return result;
  }

  MLIRContext context;
  SmallVector<AffineExpr> extents;
};

TEST_F(IndexMapTest, SeparatesMultiplesFromTheRest) {
  AffineExpr row = below(10), column = below(64);
  EXPECT_EQ(simplify((row * 64 + column).floorDiv(64)), row);
  EXPECT_EQ(simplify((row * 64 + column) % 64), column);
}

TEST_F(IndexMapTest, KeepsDivisionWhenTheRestMayBeLarger) {
  AffineExpr row = below(10), column = below(65);
  EXPECT_EQ(simplify((row * 64 + column).floorDiv(64)), normal(row + column.floorDiv(64)));
}

TEST_F(IndexMapTest, SeparatesSymbolicExtents) {
  AffineExpr row = below(size(0)), column = below(size(1));
  EXPECT_EQ(simplify((row * size(1) + column).floorDiv(size(1))), row);
  EXPECT_EQ(simplify((row * size(1) + column) % size(1)), column);
}

TEST_F(IndexMapTest, SeparatesSumsOfSymbols) {
  AffineExpr total = size(0) + size(1), row = below(7), column = below(total);
  EXPECT_EQ(simplify((row * total + column).floorDiv(total)), row);
  EXPECT_EQ(simplify((row * total + column) % total), column);
}

TEST_F(IndexMapTest, KeepsLanesTogether) {
  AffineExpr block = below(100), lane = below(16);
  EXPECT_EQ(simplify((block * 16 + lane).floorDiv(64)), normal(block.floorDiv(4)));
  EXPECT_EQ(simplify((block * 16 + lane) % 64), normal((block % 4) * 16 + lane));
}

TEST_F(IndexMapTest, MergesNestedDivisions) {
  AffineExpr x = below(1000);
  EXPECT_EQ(simplify(x.floorDiv(5).floorDiv(7)), normal(x.floorDiv(35)));
}

TEST_F(IndexMapTest, RecombinesQuotientAndRemainder) {
  AffineExpr x = below(1000);
  EXPECT_EQ(simplify(x.floorDiv(7) * 7 + x % 7), x);
  EXPECT_EQ(simplify(x.floorDiv(35) * 5 + x.floorDiv(7) % 5), normal(x.floorDiv(7)));
}

/// A block of lanes, or several in a row, of a tensor walked as one axis whose rows are no multiple of the lanes.
TEST_F(IndexMapTest, RecombinesTheLanesOfAnyShape) {
  for (SmallVector<int64_t> shape : {SmallVector<int64_t>{1, 4, 84, 84}, {4, 84, 84}, {3, 10, 10, 6}, {2, 7, 12, 20}})
    for (int64_t ahead = 0; ahead < 4; ++ahead) {
      SmallVector<AffineExpr> dims = llvm::map_to_vector(shape, [&](int64_t extent) { return number(extent); });
      AffineExpr total = number(std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<>()));
      AffineExpr block = below(total.ceilDiv(16)), lane = below(16), place = (block + ahead) * 16 + lane;
      SmallVector<AffineExpr> point = reshapePoint({place}, {total}, dims, extents);
      EXPECT_EQ(text(simplify(linearize(point, dims, &context))), text(normal(place)));
    }
}

TEST_F(IndexMapTest, ReversedIndicesAreInRange) {
  AffineExpr i = below(8);
  EXPECT_EQ(simplify((number(7) - i).floorDiv(8)), number(0));
  EXPECT_EQ(simplify((number(7) - i) % 8), normal(number(7) - i));
}

TEST_F(IndexMapTest, ReshapesGroupByGroup) {
  AffineExpr n = below(size(0)), s = below(128), h = below(12), d = below(64);
  SmallVector<AffineExpr> point{n, s, h, d}, from{size(0), number(128), number(12), number(64)};
  SmallVector<AffineExpr> to{size(0), number(128), number(768)};
  SmallVector<AffineExpr> merged = reshapePoint(point, from, to, extents);
  ASSERT_EQ(merged.size(), 3u);
  EXPECT_EQ(merged[2], normal(h * 64 + d));
  SmallVector<AffineExpr> back = reshapePoint(merged, to, from, extents);
  EXPECT_EQ(ArrayRef(back), ArrayRef(point));
}

TEST_F(IndexMapTest, ReshapesAroundUnitAxes) {
  AffineExpr i = below(6);
  SmallVector<AffineExpr> result =
      reshapePoint({number(0), i}, {number(1), number(6)}, {number(2), number(1), number(3), number(1)}, extents);
  ASSERT_EQ(result.size(), 4u);
  EXPECT_EQ(result[0], normal(i.floorDiv(3)));
  EXPECT_EQ(result[1], number(0));
  EXPECT_EQ(result[2], normal(i % 3));
  EXPECT_EQ(result[3], number(0));
}

TEST_F(IndexMapTest, SplitsOffTheLane) {
  AffineExpr block = below(100), lane = below(16);
  auto linear = splitLinear(block * 64 + lane * 2 + 3, 1, [](unsigned) { return false; });
  ASSERT_TRUE(linear);
  EXPECT_EQ(linear->scale, 2);
  EXPECT_EQ(normal(linear->rest), normal(block * 64 + 3));
  EXPECT_FALSE(splitLinear((block + lane).floorDiv(3), 1, [](unsigned) { return false; }));
}

} // namespace
