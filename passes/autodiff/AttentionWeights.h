//===- AttentionWeights.h - The softmax within an attention -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_AUTODIFF_ATTENTIONWEIGHTS_H
#define INGOT_PASSES_AUTODIFF_ATTENTIONWEIGHTS_H

#include "passes/autodiff/TensorBuilder.h"

namespace ingot {

/// The weights of an attention, softmax of the masked scores: [..., query, key], zero in rows without any key.
mlir::Value attentionWeights(AttentionOp op, TensorBuilder &make);

} // namespace ingot

#endif
