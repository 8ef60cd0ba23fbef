//===- loops.cpp - The plain loop form of every root ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/Emitter.h"

using namespace mlir;

namespace ingot::cpu {

FailureOr<Division> emitLoops(Emission &emission) { return failure(); }

} // namespace ingot::cpu
