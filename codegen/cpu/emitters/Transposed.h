//===- Transposed.h - Pointwise kernels across axes -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMITTERS_TRANSPOSED_H
#define INGOT_CODEGEN_CPU_EMITTERS_TRANSPOSED_H

#include "codegen/cpu/Emitter.h"
#include "codegen/cpu/IterationSpace.h"

namespace ingot::cpu {

/// Emits a pointwise kernel with results of one shape that reads an operand along an axis other than the last, in tiles
/// that are transposed in registers. Fails, with nothing emitted, when that is not so or the axes are short or
/// symbolic.
mlir::FailureOr<Division> emitTransposed(Emission &emission, const IterationSpace &space);

} // namespace ingot::cpu

#endif
