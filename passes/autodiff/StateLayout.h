//===- StateLayout.h - Where a training step's state lies -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_AUTODIFF_STATELAYOUT_H
#define INGOT_PASSES_AUTODIFF_STATELAYOUT_H

#include "passes/autodiff/MainFunction.h"

namespace ingot {

/// Gives every input that carries over, as its role says, and its successor (the output `NAME.next`, if it changes) one
/// place in the state block, its byte offset as `ingot.state`, and @main the block's size as `ingot.state_bytes`.
///
/// In order: all parameters; for each slot of the optimizer the slots of all parameters, with the parameters' distances
/// from each other; statistics; the rest. So what is of one kind is contiguous.
void layOutState(MainFunction &main, llvm::ArrayRef<llvm::StringRef> slots);

} // namespace ingot

#endif
