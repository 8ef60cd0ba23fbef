//===- UnrolledLayer.h - Recurrent layers step by step ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_AUTODIFF_UNROLLEDLAYER_H
#define INGOT_PASSES_AUTODIFF_UNROLLEDLAYER_H

#include "passes/autodiff/GradientRules.h"

namespace ingot {

/// The results of a recurrent layer as ordinary operations, step by step, on `operands` in the place of its own. They
/// have gradients of any order and for any function, which the operations that run a layer backwards have not. Empty,
/// after an error at the layer, when the number of steps depends on symbols or is too large to be written out.
llvm::SmallVector<mlir::Value> unrolled(LstmOp op, mlir::ValueRange operands, Gradient &gradient);
llvm::SmallVector<mlir::Value> unrolled(GruOp op, mlir::ValueRange operands, Gradient &gradient);
llvm::SmallVector<mlir::Value> unrolled(RnnOp op, mlir::ValueRange operands, Gradient &gradient);

} // namespace ingot

#endif
