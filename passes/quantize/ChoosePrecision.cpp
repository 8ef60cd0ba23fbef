//===- ChoosePrecision.cpp - Operations whose weights need not be float32 -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   matmul %x, %w  =>  matmul %x, %w {ingot.precision = "bf16-weights"}
//
// Products and convolutions with large constant weights, and rows gathered from a large constant table. Biases,
// normalisations and what is computed at run time stay as they are. The marks are words of the request: which of the
// marked weights are stored otherwise is for code generation to decide, as it depends on layouts.
//
//===----------------------------------------------------------------------===//
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Passes.h"
#include "passes/quantize/NodeNames.h"
#include "passes/simplify/ConstantValues.h"

using namespace mlir;

namespace ingot {
#define GEN_PASS_DEF_CHOOSEPRECISION
#include "passes/Passes.h.inc"
namespace {

/// Smaller tensors save nothing worth an error.
constexpr int64_t leastElements = 4096;

/// The operand that holds the weights of `op`; null for operations of other kinds.
Value weightsOf(Operation &op) {
  if (auto matmul = dyn_cast<MatmulOp>(op))
    return matmul.getRhs();
  if (auto conv = dyn_cast<ConvOp>(op))
    return conv.getFilter();
  if (auto conv = dyn_cast<ConvTransposeOp>(op))
    return conv.getFilter();
  auto gather = dyn_cast<GatherOp>(op);
  return gather && gather.getAxis() == 0 ? gather.getInput() : Value();
}

bool isLargeConstant(Value value) {
  auto constant = value ? value.getDefiningOp<ConstantOp>() : ConstantOp();
  return constant && !constant.getValue().isSplat() && typeOf(value).getElementType().isF32() &&
         typeOf(value).getRank() >= 2 && typeOf(value).getNumElements() >= leastElements;
}

struct ChoosePrecisionPass : impl::ChoosePrecisionBase<ChoosePrecisionPass> {
  using ChoosePrecisionBase::ChoosePrecisionBase;

  void runOnOperation() override {
    NodeNames kept(keep);
    if (failed(kept.check(getOperation())))
      return signalPassFailure();
    StringAttr mark = StringAttr::get(&getContext(), precision);
    for (Operation &op : getOperation().getBody().front())
      if (isLargeConstant(weightsOf(op)) && !kept.match(op.getLoc()))
        op.setAttr("ingot.precision", mark);
  }
};

} // namespace
} // namespace ingot
