// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "codegen/artifact/ShapeFunctions.h"

#include "codegen/artifact/Names.h"
#include "dialects/ingot/Inequality.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace ingot {
namespace {

// Writes one function of the symbols, its first argument.
class ShapeFunction {
public:
  ShapeFunction(Module &module, StringRef name, Type *result, unsigned pointers)
      : builder(module.getContext()), i64(builder.getInt64Ty()) {
    SmallVector<Type *> parameters(pointers, builder.getPtrTy());
    function =
        Function::Create(FunctionType::get(result, parameters, false), GlobalValue::InternalLinkage, name, module);
    function->addFnAttr(Attribute::NoUnwind);
    builder.SetInsertPoint(BasicBlock::Create(module.getContext(), "", function));
  }

  Constant *number(int64_t value) { return ConstantInt::get(i64, value, /*isSigned=*/true); }

  Value *evaluate(mlir::AffineExpr expr) {
    if (auto constant = mlir::dyn_cast<mlir::AffineConstantExpr>(expr))
      return number(constant.getValue());
    if (auto symbol = mlir::dyn_cast<mlir::AffineSymbolExpr>(expr))
      return builder.CreateLoad(i64, element(0, symbol.getPosition()));
    auto binary = mlir::cast<mlir::AffineBinaryOpExpr>(expr);
    Value *lhs = evaluate(binary.getLHS()), *rhs = evaluate(binary.getRHS());
    switch (binary.getKind()) {
    case mlir::AffineExprKind::Add:
      return builder.CreateAdd(lhs, rhs);
    case mlir::AffineExprKind::Mul:
      return builder.CreateMul(lhs, rhs);
    case mlir::AffineExprKind::Mod:
      return builder.CreateSub(lhs, builder.CreateMul(divideDown(lhs, rhs), rhs));
    case mlir::AffineExprKind::FloorDiv:
      return divideDown(lhs, rhs);
    default: // ceildiv(a, b) = -floordiv(-a, b)
      return builder.CreateNeg(divideDown(builder.CreateNeg(lhs), rhs));
    }
  }

  /// The address of a number in the array that an argument points to.
  Value *element(unsigned argument, uint64_t index) {
    return builder.CreateConstGEP1_64(i64, function->getArg(argument), index);
  }

  Value *roundUp(Value *bytes) {
    return builder.CreateAnd(builder.CreateAdd(bytes, number(INGOT_ALIGNMENT - 1)), number(-INGOT_ALIGNMENT));
  }

  Function *function;
  IRBuilder<> builder;
  IntegerType *i64;

private:
  // Division rounds towards minus infinity; a divisor of zero (a symbol of extent 0) gives 0 instead of a trap.
  Value *divideDown(Value *lhs, Value *rhs) {
    Value *isZero = builder.CreateICmpEQ(rhs, number(0));
    Value *divisor = builder.CreateSelect(isZero, number(1), rhs);
    Value *quotient = builder.CreateSDiv(lhs, divisor), *rest = builder.CreateSRem(lhs, divisor);
    Value *isBelow = builder.CreateICmpSLT(builder.CreateXor(rest, divisor), number(0));
    Value *roundsUp = builder.CreateAnd(builder.CreateICmpNE(rest, number(0)), isBelow);
    Value *floor = builder.CreateSub(quotient, builder.CreateZExt(roundsUp, i64));
    return builder.CreateSelect(isZero, number(0), floor);
  }
};

} // namespace

int64_t encodeDimension(mlir::AffineExpr dim) {
  if (auto constant = mlir::dyn_cast<mlir::AffineConstantExpr>(dim))
    return constant.getValue();
  if (auto symbol = mlir::dyn_cast<mlir::AffineSymbolExpr>(dim))
    return -1 - static_cast<int64_t>(symbol.getPosition());
  return INGOT_COMPUTED_DIMENSION;
}

Constant *buildSizes(const ProgramDescription &program, Module &module) {
  bool isNeeded = !program.slots.empty();
  for (const ProgramPort &port : program.outputs)
    for (mlir::AffineExpr dim : port.dims)
      isNeeded |= encodeDimension(dim) == INGOT_COMPUTED_DIMENSION;
  if (!isNeeded)
    return ConstantPointerNull::get(PointerType::get(module.getContext(), 0));
  ShapeFunction sizes(module, "ingot_sizes", Type::getVoidTy(module.getContext()), 3);
  IRBuilder<> &builder = sizes.builder;
  uint64_t index = 0;
  for (const ProgramPort &port : program.outputs)
    for (mlir::AffineExpr dim : port.dims)
      builder.CreateStore(sizes.evaluate(dim), sizes.element(1, index++));
  Value *bytes = sizes.roundUp(sizes.number(program.arenaBytes));
  for (mlir::AffineExpr slot : program.slots)
    bytes = builder.CreateAdd(bytes, sizes.roundUp(sizes.evaluate(slot)));
  builder.CreateStore(bytes, sizes.element(2, 0));
  builder.CreateRetVoid();
  return sizes.function;
}

Constant *buildBrokenAssumption(const ProgramDescription &program, Module &module) {
  PointerType *pointer = PointerType::get(module.getContext(), 0);
  Constant *none = ConstantPointerNull::get(pointer);
  if (program.assumptions.empty())
    return none;
  ShapeFunction check(module, "ingot_broken_assumption", pointer, 1);
  IRBuilder<> &builder = check.builder;
  Value *result = none;
  for (mlir::AffineExpr assumption : llvm::reverse(program.assumptions)) { // the first one is told
    Value *isBroken = builder.CreateICmpSLT(check.evaluate(assumption), check.number(0));
    std::string text = printRelation(assumption, program.assumptions,
                                     [&](mlir::AffineExpr sum) { return printDimension(sum, program.symbols); });
    result = builder.CreateSelect(isBroken, builder.CreateGlobalString(text, "", 0, &module), result);
  }
  builder.CreateRet(result);
  return check.function;
}

} // namespace ingot
