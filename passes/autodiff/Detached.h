//===- Detached.h - What no gradient goes through ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_AUTODIFF_DETACHED_H
#define INGOT_PASSES_AUTODIFF_DETACHED_H

#include "llvm/ADT/StringRef.h"

namespace ingot {

/// An operation with this attribute is a constant to all gradients.
inline constexpr llvm::StringLiteral detachedMark = "ingot.detached";

} // namespace ingot

#endif
