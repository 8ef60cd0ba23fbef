// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/ingot/Inequality.h"
#include "dialects/ingot/Shape.h"

#include "mlir/IR/MLIRContext.h"
#include <gtest/gtest.h>

using namespace mlir;

namespace ingot {
namespace {

class Inequality : public testing::Test {
protected:
  std::string print(AffineExpr difference, ArrayRef<AffineExpr> all = {}) {
    return printRelation(difference, all, [&](AffineExpr sum) { return scope.print(sum); });
  }

  MLIRContext context;
  SymbolScope scope{&context};
  AffineExpr m = scope.symbol("m"), n = scope.symbol("n");
};

TEST_F(Inequality, IsALimitOfOneSymbol) {
  std::optional<SymbolLimit> least = asLimit(n - 3, 2), most = asLimit(512 - m, 2);
  ASSERT_TRUE(least && most);
  EXPECT_TRUE(least->symbol == 1 && !least->isUpper && least->value == 3);
  EXPECT_TRUE(most->symbol == 0 && most->isUpper && most->value == 512);
}

TEST_F(Inequality, IsNoLimitWhenItSaysSomethingElse) {
  EXPECT_FALSE(asLimit(m - n, 2));
  EXPECT_FALSE(asLimit(m * 2 - 3, 2));
  EXPECT_FALSE(asLimit(n - 3, 1)) << "of the first symbols only";
}

TEST_F(Inequality, IsWrittenWithoutDifferences) {
  EXPECT_EQ(print(m - n - 1), "m >= n + 1");
  EXPECT_EQ(print(5 - m), "5 >= m");
  EXPECT_EQ(print(m - 2), "m >= 2");
}

TEST_F(Inequality, IsAnEquationTogetherWithItsOpposite) {
  AffineExpr more = simplifyDimension(m - n - 1), less = simplifyDimension(n + 1 - m);
  EXPECT_EQ(print(more, {less, more}), "m = n + 1");
  EXPECT_EQ(print(less, {less, more}), "n + 1 = m");
  EXPECT_EQ(print(more, {more, simplifyDimension(n - m)}), "m >= n + 1");
}

TEST_F(Inequality, TellsWhatADivisionNeeds) {
  EXPECT_EQ(print(simplifyDimension(n.floorDiv(4) * 4 - n)), "n to be a multiple of 4");
  AffineExpr whole = n * m * 3;
  EXPECT_EQ(print(simplifyDimension(whole.floorDiv(2) * 2 - whole)), "m * n * 3 to be a multiple of 2");
  EXPECT_EQ(print(simplifyDimension(n.floorDiv(4) * 4 - m)), "n floordiv 4 * 4 >= m");
}

} // namespace
} // namespace ingot
