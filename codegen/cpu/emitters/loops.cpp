//===- loops.cpp - The plain loop form of every root ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/loops/Loops.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ingot::cpu {

FailureOr<Division> emitLoops(Emission &emission) {
  if (!emission.root)
    return failure();
  using Result = FailureOr<Division>;
  return llvm::TypeSwitch<Operation *, Result>(emission.root)
      .Case([&](AttentionOp op) -> Result { return loopAttention(op, emission); })
      .Case([&](MatmulOp op) -> Result { return loopMatmul(op, emission); })
      .Case([&](ConvOp op) -> Result { return loopConv(op, emission); })
      .Case([&](ConvTransposeOp op) -> Result { return loopConvTranspose(op, emission); })
      .Case([&](ConvFilterGradientOp op) -> Result { return loopConvFilterGradient(op, emission); })
      .Case([&](MaxPoolOp op) -> Result { return loopMaxPool(op, emission); })
      .Case([&](AvgPoolOp op) -> Result { return loopAvgPool(op, emission); })
      .Case([&](ResizeOp op) -> Result { return loopResize(op, emission); })
      .Case([&](ReduceOp op) -> Result { return loopReduce(op, emission); })
      .Case([&](ArgReduceOp op) -> Result { return loopArgReduce(op, emission); })
      .Case([&](CumulateOp op) -> Result { return loopCumulate(op, emission); })
      .Case([&](SoftmaxOp op) -> Result { return loopSoftmax(op, emission); })
      .Case([&](NormalizeOp op) -> Result { return loopNormalize(op, emission); })
      .Case([&](TopKOp op) -> Result { return loopTopK(op, emission); })
      .Case([&](ScatterElementsOp op) -> Result { return loopScatterElements(op, emission); })
      .Case([&](ScatterNdOp op) -> Result { return loopScatterNd(op, emission); })
      .Default([](Operation *) -> Result { return failure(); });
}

} // namespace ingot::cpu
