//===- ChoosePrecision.cpp - Operations whose weights need not be float32 -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   matmul %x, %w  =>  matmul %x, %w {ingot.precision = "bf16-weights"}
//
// Where float32 is asked for ("f32"), only weights whose every number a format of 16 bits has are marked: models in
// half precision are full of them, and so are models that were trained in it and exported in float32.
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

/// The large constant that `value` is, or null.
ConstantOp largeConstant(Value value) {
  auto constant = value ? value.getDefiningOp<ConstantOp>() : ConstantOp();
  bool isLarge = constant && !constant.getValue().isSplat() && typeOf(value).getElementType().isF32() &&
                 typeOf(value).getRank() >= 2 && typeOf(value).getNumElements() >= leastElements;
  return isLarge ? constant : ConstantOp();
}

ArrayRef<uint32_t> bitsOf(ElementsAttr elements) {
  ArrayRef<char> bytes;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(elements)) {
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      bytes = blob->getData();
  } else if (auto dense = dyn_cast<DenseElementsAttr>(elements)) {
    bytes = dense.getRawData();
  }
  return ArrayRef(reinterpret_cast<const uint32_t *>(bytes.data()), bytes.size() / sizeof(uint32_t));
}

bool isExactBFloat(uint32_t bits) { return (bits & 0xFFFF) == 0; }

/// Whether float16, with 10 digits behind the point and exponents from -14 to 15, has the float32 number: below 2^-14
/// it has a digit less for each power of two.
bool isExactHalf(uint32_t bits) {
  int exponent = int(bits >> 23 & 0xFF) - 127;
  if ((bits & 0x7FFFFFFF) == 0)
    return true;
  if (exponent > 15 || exponent < -24)
    return false;
  int dropped = 13 + std::max(0, -14 - exponent);
  return (bits & ((1U << dropped) - 1)) == 0;
}

/// The word for a format of 16 bits that has all of the numbers; empty when there is none.
StringRef exactFormat(ElementsAttr elements) {
  ArrayRef<uint32_t> bits = bitsOf(elements);
  if (bits.empty())
    return "";
  return llvm::all_of(bits, isExactBFloat) ? "bf16-weights" : llvm::all_of(bits, isExactHalf) ? "f16-weights" : "";
}

/// Whether so many rows share the weights that arithmetic sets the pace: taking weights apart costs time then, a
/// twelfth or so. Open sizes count for nothing: they may be one.
bool hasManyRows(Operation &op) {
  constexpr int64_t many = 64;
  int64_t rows = 1;
  for (int64_t size : typeOf(op.getResult(0)).getShape().drop_back())
    rows *= ShapedType::isDynamic(size) ? 1 : size;
  return rows >= many;
}

/// Whether `op` reads its weights by products of whole rows, or as rows.
bool readsWeightsByRows(Operation &op) {
  auto conv = dyn_cast<ConvOp>(op);
  return isa<MatmulOp, GatherOp>(op) ||
         (conv && conv.getGroups() == 1 &&
          llvm::all_of(typeOf(conv.getFilter()).getShape().drop_back(2), [](int64_t extent) { return extent == 1; }));
}

struct ChoosePrecisionPass : impl::ChoosePrecisionBase<ChoosePrecisionPass> {
  using ChoosePrecisionBase::ChoosePrecisionBase;

  void runOnOperation() override {
    NodeNames kept(keep);
    if (failed(kept.check(getOperation())))
      return signalPassFailure();
    for (Operation &op : getOperation().getBody().front())
      if (ConstantOp weights = largeConstant(weightsOf(op)); weights && !kept.match(op.getLoc()))
        if (StringRef word = wordFor(op, weights); !word.empty())
          op.setAttr("ingot.precision", StringAttr::get(&getContext(), word));
  }

private:
  StringRef wordFor(Operation &op, ConstantOp weights) {
    if (precision != "f32")
      return precision;
    bool canGain = readsWeightsByRows(op) && (isa<GatherOp>(op) || !hasManyRows(op));
    return canGain ? exactFormat(weights.getValue()) : "";
  }
};

} // namespace
} // namespace ingot
