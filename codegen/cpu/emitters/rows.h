//===- rows.h - Reductions, asked for by the emitter of rows ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_CODEGEN_CPU_EMITTERS_ROWS_H
#define INGOT_CODEGEN_CPU_EMITTERS_ROWS_H

#include "codegen/cpu/Emitter.h"

namespace ingot::cpu {

/// A kernel whose root is a reduce or an arg_reduce.
mlir::FailureOr<Division> emitReduction(Emission &emission);

} // namespace ingot::cpu

#endif
