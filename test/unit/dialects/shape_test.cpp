// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/ingot/Shape.h"

#include "mlir/IR/MLIRContext.h"
#include <gtest/gtest.h>

using namespace mlir;

namespace ingot {
namespace {

class Shape : public testing::Test {
protected:
  std::string simplify(AffineExpr expr) { return scope.print(simplifyDimension(expr)); }

  MLIRContext context;
  SymbolScope scope{&context};
  AffineExpr m = scope.symbol("m"), n = scope.symbol("n");
};

TEST_F(Shape, DividesNoNegativeNumbers) {
  EXPECT_EQ(simplify((n - 5).floorDiv(2)), "(n + 1) floordiv 2 + -3");
  EXPECT_EQ(simplify((m * 2 + n - 5).floorDiv(2)), "(n + 1) floordiv 2 + m + -3");
  EXPECT_EQ(simplify((n - 5) % 3), "(n + 1) mod 3");
}

TEST_F(Shape, EqualQuotientsAreOne) {
  EXPECT_EQ(simplifyDimension((n - 1).floorDiv(2) + 1), simplifyDimension((n + 1).floorDiv(2)));
  EXPECT_EQ(simplifyDimension((n + 7).floorDiv(4)), simplifyDimension((n + 3).floorDiv(4) + 1));
  EXPECT_EQ(simplify((n * 4 + 7).floorDiv(4)), "n + 1");
}

TEST_F(Shape, KeepsAConstantThatOutweighsNegativeTerms) {
  EXPECT_EQ(simplify((scope.constant(7) - n).floorDiv(8)), "(n * -1 + 7) floordiv 8");
  EXPECT_EQ(simplify((n - m * n + 11).floorDiv(2)), "(m * n * -1 + n + 11) floordiv 2");
}

} // namespace
} // namespace ingot
