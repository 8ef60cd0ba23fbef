// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "codegen/cpu/KernelBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace ingot::cpu;

namespace {

class KernelBuilderTest : public testing::Test {
protected:
  KernelBuilderTest() : op(&context) {
    context.loadDialect<arith::ArithDialect, LLVM::LLVMDialect>();
    module = ModuleOp::create(UnknownLoc::get(&context));
    op.setInsertionPointToStart(module->getBody());
    builder.emplace(op, module->getLoc());
    pointer = op.create<LLVM::ZeroOp>(module->getLoc(), LLVM::LLVMPointerType::get(&context));
  }

  MLIRContext context;
  OpBuilder op;
  OwningOpRef<ModuleOp> module;
  std::optional<KernelBuilder> builder;
  Value pointer;
};

TEST_F(KernelBuilderTest, FoldsConstantIntegers) {
  EXPECT_EQ(builder->add(2, 3).constant(), 5);
  EXPECT_EQ(builder->div(-1, 2).constant(), -1);
  EXPECT_EQ(builder->mod(-1, 2).constant(), 1);
  EXPECT_EQ(builder->ceilDiv(17, 16).constant(), 2);
}

TEST_F(KernelBuilderTest, AddressesBeyondConstantIndices) {
  // GEPs keep constant indices in 29 bits; a larger one must not be cut off.
  for (int64_t offset : {int64_t(1) << 27, int64_t(1) << 28, int64_t(1) << 29, int64_t(1) << 40}) {
    auto gep = builder->address(pointer, op.getI8Type(), offset).getDefiningOp<LLVM::GEPOp>();
    ASSERT_TRUE(gep);
    if (gep.getDynamicIndices().empty()) {
      EXPECT_EQ(gep.getRawConstantIndices()[0], offset);
      continue;
    }
    auto constant = gep.getDynamicIndices()[0].getDefiningOp<arith::ConstantOp>();
    EXPECT_EQ(cast<IntegerAttr>(constant.getValue()).getInt(), offset);
  }
}

} // namespace
