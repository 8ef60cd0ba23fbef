// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/ingot/Ingot.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace ingot;

namespace {

/// The operations that the only ingot operation in a function takes, symbols counting 10.
double operationsOf(const std::string &arguments, const std::string &body) {
  MLIRContext context;
  context.loadDialect<IngotDialect, func::FuncDialect>();
  auto module = parseSourceString<ModuleOp>("func.func @f(" + arguments + ") {\n" + body + "\nreturn\n}", &context);
  EXPECT_TRUE(module);
  if (!module)
    return -1;
  auto sizes = [](Value tensor) {
    SmallVector<int64_t> shape(cast<RankedTensorType>(tensor.getType()).getShape());
    for (int64_t &size : shape)
      size = ShapedType::isDynamic(size) ? 10 : size;
    return shape;
  };
  double sum = 0;
  module->walk([&](Operation *op) {
    if (isa<IngotDialect>(op->getDialect()))
      sum += countOperations(op, sizes);
  });
  return sum;
}

} // namespace

TEST(Cost, AMatrixProductCountsTwoForEachProduct) {
  EXPECT_EQ(operationsOf("%a: tensor<5x4x8xf32>, %b: tensor<8x3xf32>",
                         "%0 = ingot.matmul %a, %b : tensor<5x4x8xf32>, tensor<8x3xf32>"),
            2 * 5 * 4 * 3 * 8);
}

TEST(Cost, OpenSizesAreTold) {
  EXPECT_EQ(operationsOf("%a: tensor<?x8xf32, #ingot.shape<[n, 8]>>, %b: tensor<8x3xf32>",
                         "%0 = ingot.matmul %a, %b : tensor<?x8xf32, #ingot.shape<[n, 8]>>, tensor<8x3xf32>"),
            2 * 10 * 3 * 8);
}

TEST(Cost, AGroupedConvolutionCountsTheChannelsOfAGroup) {
  EXPECT_EQ(operationsOf("%x: tensor<1x7x5x6xf32>, %w: tensor<3x3x2x12xf32>",
                         "%0 = ingot.conv %x, %w <{strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, low = "
                         "array<i64: 1, 1>, high = "
                         "array<i64: 1, 1>, groups = 3 : i64}> : tensor<1x7x5x6xf32>, tensor<3x3x2x12xf32>"),
            2 * 7 * 5 * 12 * 3 * 3 * 2);
}

TEST(Cost, ATransposedConvolutionCountsFromItsInput) {
  EXPECT_EQ(
      operationsOf(
          "%x: tensor<1x4x4x6xf32>, %w: tensor<2x2x5x6xf32>",
          "%0 = ingot.conv_transpose %x, %w <{strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, low = "
          "array<i64: 0, 0>, "
          "high = array<i64: 0, 0>, output_padding = array<i64: 0, 0>}> : tensor<1x4x4x6xf32>, tensor<2x2x5x6xf32>"),
      2 * 4 * 4 * 6 * 2 * 2 * 5);
}

TEST(Cost, APoolCountsItsWindows) {
  EXPECT_EQ(operationsOf("%x: tensor<1x8x8x3xf32>",
                         "%0 = ingot.max_pool %x <{window = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = "
                         "array<i64: 1, 1>, low = "
                         "array<i64: 0, 0>, high = array<i64: 0, 0>}> : tensor<1x8x8x3xf32>"),
            4 * 4 * 3 * 4);
}

TEST(Cost, ElementwiseCountsItsElementsAndViewsNothing) {
  EXPECT_EQ(operationsOf("%x: tensor<4x6xf32>", "%0 = ingot.exp %x : tensor<4x6xf32>"), 24);
  EXPECT_EQ(operationsOf("%x: tensor<4x6xf32>", "%0 = ingot.transpose %x [1, 0] : tensor<4x6xf32>"), 0);
}

TEST(Cost, AReductionWithoutARuleCountsWhatItReads) {
  EXPECT_EQ(operationsOf("%x: tensor<4x6xf32>", "%0 = ingot.reduce sum %x [1] : tensor<4x6xf32>"), 24);
}
