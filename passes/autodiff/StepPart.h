//===- StepPart.h - The programs that a step may be made of -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_AUTODIFF_STEPPART_H
#define INGOT_PASSES_AUTODIFF_STEPPART_H

namespace ingot {

/// Gradient and Update share a state with tensors `<parameter>.gradient`: the one adds to them, the other applies and
/// clears them.
enum class StepPart { Whole, Gradient, Update };

} // namespace ingot

#endif
