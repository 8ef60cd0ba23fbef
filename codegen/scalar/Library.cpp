//===- Library.cpp - Calls of the C library's functions -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For what is too rare to be worth a polynomial: float64, and sines of enormous angles.
//
//===----------------------------------------------------------------------===//
#include "codegen/scalar/VectorMath.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace ingot {
namespace {

LLVM::LLVMFuncOp declare(OpBuilder &builder, StringRef name, Type element, size_t arguments) {
  auto module = builder.getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>();
  if (auto known = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
    return known;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(module.getBody());
  auto type = LLVM::LLVMFunctionType::get(element, SmallVector<Type>(arguments, element));
  return builder.create<LLVM::LLVMFuncOp>(module.getLoc(), name, type);
}

} // namespace

Value callLibrary(const Place &at, StringRef name, ValueRange operands) {
  Type type = operands[0].getType(), element = getElementTypeOrSelf(type);
  std::string symbol = (name + (element.isF32() ? "f" : "")).str();
  LLVM::LLVMFuncOp function = declare(at.builder, symbol, element, operands.size());
  auto call = [&](ValueRange scalars) {
    return at.builder.create<LLVM::CallOp>(at.loc, function, scalars).getResult();
  };
  auto vector = dyn_cast<VectorType>(type);
  if (!vector)
    return call(operands);
  Value result = operands[0];
  for (int64_t lane = 0; lane < vector.getNumElements(); ++lane) {
    SmallVector<Value> scalars;
    for (Value operand : operands)
      scalars.push_back(at.create<vector::ExtractOp>(operand, lane));
    result = at.create<vector::InsertOp>(call(scalars), result, lane);
  }
  return result;
}

} // namespace ingot
