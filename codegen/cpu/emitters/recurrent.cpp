//===- recurrent.cpp - LSTM, GRU, RNN and their gradients -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "codegen/cpu/emitters/Recurrence.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ingot::cpu {

FailureOr<Division> emitRecurrent(Emission &emission) {
  using Result = FailureOr<Division>;
  if (!emission.root)
    return failure();
  return llvm::TypeSwitch<Operation *, Result>(emission.root)
      .Case([&](LstmOp op) -> Result { return emitLstm(emission, op); })
      .Case([&](GruOp op) -> Result { return emitGru(emission, op); })
      .Case([&](RnnOp op) -> Result { return emitRnn(emission, op); })
      .Case([&](LstmGradientOp op) -> Result { return emitLstmGradient(emission, op); })
      .Case([&](GruGradientOp op) -> Result { return emitGruGradient(emission, op); })
      .Case([&](RnnGradientOp op) -> Result { return emitRnnGradient(emission, op); })
      .Default([](Operation *) -> Result { return failure(); });
}

} // namespace ingot::cpu
