// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// evaluateConstants: what it asks for, and what becomes of the answer.
#include "dialects/ingot/Ingot.h"
#include "mlir/IR/BuiltinDialect.h"
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
    batches = 0;
    auto numbers = [&](ModuleOp constants, SmallVectorImpl<ElementsAttr> &results) {
      auto main = constants.lookupSymbol<func::FuncOp>("main");
      EXPECT_EQ(main.getNumArguments(), 0u);
      for (Type type : main.getResultTypes()) {
        std::vector<float> elements(cast<ShapedType>(type).getNumElements());
        std::iota(elements.begin(), elements.end(), 0.0f);
        results.push_back(DenseElementsAttr::get(cast<ShapedType>(type), ArrayRef<float>(elements)));
      }
      asked += results.size();
      ++batches;
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
  int batches = 0;
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

TEST_F(Constants, LargeOnesAreComputedOneByOne) {
  EXPECT_EQ(evaluate(R"(func.func @main(%x: tensor<1x3200xf32>) -> tensor<1x3200xf32> {
    %v = ingot.constant dense_resource<v> : tensor<3200x3200xf32>
    %w = ingot.constant dense_resource<w> : tensor<3200x3200xf32>
    %0 = ingot.transpose %v [1, 0] : tensor<3200x3200xf32>
    %1 = ingot.transpose %w [1, 0] : tensor<3200x3200xf32>
    %2 = ingot.matmul %x, %0 : tensor<1x3200xf32>, tensor<3200x3200xf32>
    %3 = ingot.matmul %2, %1 : tensor<1x3200xf32>, tensor<3200x3200xf32>
    return %3 : tensor<1x3200xf32>
  })"),
            2);
  EXPECT_EQ(batches, 2);
}

TEST_F(Constants, WhatTheyCameFromIsFreed) {
  EXPECT_EQ(evaluate(R"(func.func @main(%x: tensor<1x2xf32>) -> (tensor<1x1xf32>, tensor<2x1xf32>) {
    %v = ingot.constant dense_resource<gone> : tensor<1x2xf32>
    %w = ingot.constant dense_resource<kept> : tensor<2x1xf32>
    %0 = ingot.transpose %v [1, 0] : tensor<1x2xf32>
    %1 = ingot.matmul %x, %0 : tensor<1x2xf32>, tensor<2x1xf32>
    return %1, %w : tensor<1x1xf32>, tensor<2x1xf32>
  }
  {-# dialect_resources: { builtin: { gone: "0x040000000000803F00000040", kept: "0x040000000000803F00000040" } } #-})"),
            1);
  auto &blobs = DenseResourceElementsHandle::getManagerInterface(&context).getBlobManager();
  EXPECT_TRUE(blobs.lookup("gone")->getBlob()->getData().empty());
  EXPECT_EQ(blobs.lookup("kept")->getBlob()->getData().size(), 8u);
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
