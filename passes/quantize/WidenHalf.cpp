//===- WidenHalf.cpp - Arithmetic of half precision is done in float32 ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   %1 = add %x, %b : f16        =>   %1 = add (f32 %x), (f32 %b)
//   %2 = relu %1                      %2 = relu %1
//   return %2                         return (f16 %2)
//
// Processors have vector arithmetic in float32, and all kernels are made for it; what would be rounded after each
// operation is rounded where the model stores it: in results, caches, and where the model itself says so (Cast).
// What only moves elements that are stored in 16 bits (rows gathered from a table) moves them as they are, and what is
// put behind them (rows behind a decoder's past) is stored as they are.
//
//===----------------------------------------------------------------------===//
#include "passes/Passes.h"
#include "passes/simplify/ConstantValues.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_WIDENHALF
#include "passes/Passes.h.inc"
namespace {

bool isHalf(Value value) {
  Type element = getElementTypeOrSelf(value);
  return element.isF16() || element.isBF16();
}

bool isFloat(Value value) { return isa<FloatType>(getElementTypeOrSelf(value)); }

RankedTensorType wideType(RankedTensorType type) {
  return RankedTensorType::get(type.getShape(), Float32Type::get(type.getContext()), type.getEncoding());
}

/// The constant in float32, if its elements are at hand: what recognises numbers must see them.
ElementsAttr widen(ElementsAttr constant) {
  auto dense = dyn_cast<DenseFPElementsAttr>(constant);
  if (!dense)
    return {};
  return dense.mapValues(Float32Type::get(constant.getContext()), [](const APFloat &value) {
    APFloat wide = value;
    bool losesInfo;
    wide.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &losesInfo);
    return wide.bitcastToAPInt();
  });
}

class Widening {
public:
  explicit Widening(func::FuncOp main) : main(main), builder(main.getContext()) {}

  void run() {
    for (Operation &op : llvm::make_early_inc_range(main.getBody().front())) {
      if (isa<AppendOp>(op) || op.hasTrait<OpTrait::IsTerminator>() || extendsStored(op))
        store(op);
      else if (!isa<ConstantOp, CastOp>(op) && !movesStored(op))
        compute(op);
    }
  }

private:
  /// Whether `op` moves elements and all of them are stored in half precision. A number that code repeats is not.
  static bool movesStored(Operation &op) {
    auto isNumber = [](Value value) {
      auto constant = value.getDefiningOp<ConstantOp>();
      return constant && constant.getValue().isSplat();
    };
    auto floats = llvm::make_filter_range(op.getOperands(), isFloat);
    return op.hasTrait<View>() && llvm::all_of(floats, isHalf) && !llvm::all_of(floats, isNumber);
  }

  /// Whether rows are put behind others that are stored in half precision: a cache, which they become part of.
  static bool extendsStored(Operation &op) {
    return isa<ConcatOp>(op) && isHalf(op.getResult(0)) &&
           llvm::any_of(op.getOperands(), [](Value operand) { return isHalf(operand); });
  }

  void compute(Operation &op) {
    for (OpOperand &operand : op.getOpOperands())
      if (isHalf(operand.get()))
        operand.set(widened(operand.get()));
    for (Value result : op.getResults())
      if (isHalf(result))
        result.setType(wideType(typeOf(result)));
  }

  /// Operands of `op` whose type others have settled are rounded to it.
  void store(Operation &op) {
    for (OpOperand &operand : op.getOpOperands()) {
      bool isReturn = op.hasTrait<OpTrait::IsTerminator>();
      Type wanted = isReturn ? main.getResultTypes()[operand.getOperandNumber()] : op.getResult(0).getType();
      Type element = getElementTypeOrSelf(wanted);
      if (!isFloat(operand.get()) || getElementTypeOrSelf(operand.get()) == element)
        continue;
      builder.setInsertionPoint(&op);
      operand.set(builder.create<CastOp>(op.getLoc(), operand.get(), element));
    }
  }

  Value widened(Value value) {
    Value &wide = copies[value];
    if (wide)
      return wide;
    builder.setInsertionPointAfterValue(value);
    if (auto constant = value.getDefiningOp<ConstantOp>())
      if (ElementsAttr elements = widen(constant.getValue()))
        return wide = builder.create<ConstantOp>(value.getLoc(), elements.getType(), elements);
    return wide = builder.create<CastOp>(value.getLoc(), value, builder.getF32Type());
  }

  func::FuncOp main;
  OpBuilder builder;
  llvm::DenseMap<Value, Value> copies;
};

struct WidenHalfPass : impl::WidenHalfBase<WidenHalfPass> {
  void runOnOperation() override { Widening(getOperation()).run(); }
};

} // namespace
} // namespace ingot
