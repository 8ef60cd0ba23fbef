//===- main.cpp - ingot-opt: any pass on a module in text form -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "dialects/ingot/Ingot.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry
      .insert<ingot::IngotDialect, ingot::kernel::KernelDialect, mlir::func::FuncDialect, mlir::arith::ArithDialect>();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  ingot::registerPasses();
  ingot::registerAutodiffPasses();
  ingot::registerPipelines();
  return mlir::failed(mlir::MlirOptMain(argc, argv, "Ingot's passes\n", registry));
}
