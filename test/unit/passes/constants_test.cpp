// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// evaluateConstants: what it asks for, and what becomes of the answer.
#include "dialects/ingot/Ingot.h"
#include "mlir/Parser/Parser.h"
#include "passes/Passes.h"
#include <gtest/gtest.h>
#include <numeric>

using namespace mlir;

namespace {

struct Constants : testing::Test {
  Constants() { context.loadDialect<ingot::IngotDialect, func::FuncDialect>(); }

  /// Evaluates to 0, 1, 2, ...; the number of values that were asked for.
  int evaluate(StringRef text) {
    module = parseSourceString<ModuleOp>(text, &context);
    int asked = 0;
    auto numbers = [&](ModuleOp constants, SmallVectorImpl<ElementsAttr> &results) {
      auto main = constants.lookupSymbol<func::FuncOp>("main");
      EXPECT_EQ(main.getNumArguments(), 0u);
      for (Type type : main.getResultTypes()) {
        std::vector<float> elements(cast<ShapedType>(type).getNumElements());
        std::iota(elements.begin(), elements.end(), 0.0f);
        results.push_back(DenseElementsAttr::get(cast<ShapedType>(type), ArrayRef<float>(elements)));
      }
      asked = results.size();
      return success();
    };
    EXPECT_TRUE(succeeded(ingot::evaluateConstants(*module, numbers)));
    return asked;
  }

  template <typename Op>
  int count() {
    int number = 0;
    module->walk([&](Op) { ++number; });
    return number;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

TEST_F(Constants, AreComputedOnceAndReplaced) {
  EXPECT_EQ(evaluate(R"(func.func @main(%x: tensor<2x3xf32>) -> tensor<2x4xf32> {
    %w = ingot.constant dense_resource<w> : tensor<4x3xf32>
    %0 = ingot.transpose %w [1, 0] : tensor<4x3xf32>
    %1 = ingot.matmul %x, %0 : tensor<2x3xf32>, tensor<3x4xf32>
    %2 = ingot.matmul %x, %0 : tensor<2x3xf32>, tensor<3x4xf32>
    %3 = ingot.add %1, %2 : tensor<2x4xf32>, tensor<2x4xf32>
    return %3 : tensor<2x4xf32>
  })"),
            1);
  EXPECT_EQ(count<ingot::TransposeOp>(), 0);
}

TEST_F(Constants, ReshapesNeedNoEvaluation) {
  EXPECT_EQ(evaluate(R"(func.func @main(%x: tensor<12xf32>) -> tensor<12xf32> {
    %w = ingot.constant dense<1.0> : tensor<4x3xf32>
    %0 = ingot.reshape %w : tensor<4x3xf32> -> tensor<12xf32>
    %1 = ingot.add %x, %0 : tensor<12xf32>, tensor<12xf32>
    return %1 : tensor<12xf32>
  })"),
            0);
  EXPECT_EQ(count<ingot::ReshapeOp>(), 0);
}

TEST_F(Constants, LargeExpansionsStay) {
  EXPECT_EQ(evaluate(R"(func.func @main(%x: tensor<1000x1000xf32>) -> tensor<1000x1000xf32> {
    %w = ingot.constant dense_resource<w> : tensor<1x1000xf32>
    %0 = ingot.exp %w : tensor<1x1000xf32>
    %1 = ingot.broadcast %0 : tensor<1x1000xf32> -> tensor<1000x1000xf32>
    %2 = ingot.matmul %x, %1 : tensor<1000x1000xf32>, tensor<1000x1000xf32>
    return %2 : tensor<1000x1000xf32>
  })"),
            1);
  EXPECT_EQ(count<ingot::BroadcastOp>(), 1);
  EXPECT_EQ(count<ingot::ExpOp>(), 0);
}

} // namespace
