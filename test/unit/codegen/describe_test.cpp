// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a planned module tells about itself.
#include "codegen/Codegen.h"
#include "dialects/ingot/Ingot.h"
#include "dialects/kernel/Kernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace ingot;

TEST(DescribeProgram, ReadsAPlannedModule) {
  mlir::MLIRContext context;
  context.loadDialect<IngotDialect, kernel::KernelDialect, mlir::func::FuncDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(R"(
    module attributes {ingot.name = "small", ingot.symbols = ["batch", "seq"], ingot.symbol_bounds = [array<i64: 1, 8>, array<i64: 0, -1>]} {
      func.func @main(%x: tensor<?x3xi1, #ingot.shape<[batch, 3]>> {ingot.name = "x.1"})
          -> (tensor<?xui8, #ingot.shape<[batch + seq]>> {ingot.name = "y"})
          attributes {kernel.constant_bytes = 64 : i64, kernel.arena_bytes = 128 : i64, kernel.arena_lower_bound = 100 : i64,
                      kernel.slots = [#ingot.shape<[4 * seq]>]} {
        %y = kernel.launch @k0(%x) : (tensor<?x3xi1, #ingot.shape<[batch, 3]>>) -> tensor<?xui8, #ingot.shape<[batch + seq]>>
        return %y : tensor<?xui8, #ingot.shape<[batch + seq]>>
      }
    })",
                                                        &context);
  ASSERT_TRUE(module);
  auto program = describeProgram(*module);
  ASSERT_TRUE(mlir::succeeded(program));
  EXPECT_EQ(program->name, "small");
  ASSERT_EQ(program->symbols.size(), 2u);
  EXPECT_EQ(program->symbols[0].maximum, 8);
  EXPECT_EQ(program->symbols[1].maximum, -1);
  mlir::AffineExpr batch = getAffineSymbolExpr(0, &context), seq = getAffineSymbolExpr(1, &context);
  EXPECT_EQ(program->inputs[0].name, "x.1");
  EXPECT_EQ(program->inputs[0].dtype, INGOT_BOOL);
  EXPECT_EQ(program->inputs[0].dims[0], batch);
  EXPECT_EQ(program->outputs[0].dtype, INGOT_U8);
  EXPECT_EQ(program->outputs[0].dims[0], batch + seq);
  EXPECT_EQ(program->launches.size(), 1u);
  EXPECT_EQ(program->arenaBytes, 128);
  ASSERT_EQ(program->slots.size(), 1u);
  EXPECT_EQ(program->slots[0], seq * 4);
}
