//===- Trainable.h - Which parameters a step changes ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_AUTODIFF_TRAINABLE_H
#define INGOT_PASSES_AUTODIFF_TRAINABLE_H

#include "dialects/ingot/Ingot.h"

namespace ingot {

/// The name that the model file gives this constant, "" for one that import made.
llvm::StringRef nameOfParameter(ConstantOp op);

/// Regular expressions over the names of a network's parameters; an empty one is none.
struct TrainableChoice {
  /// `title` is what messages call it, `where` the place that they name.
  struct Pattern {
    llvm::StringRef title;
    std::string text;
    mlir::Location where;
  };
  Pattern freeze, trainOnly, lora;
  int64_t loraRank;
  double loraAlpha;
};

/// Constants of @main that the file names and that stay as they are, because they match `freeze`, or because others are
/// chosen by `trainOnly` or `lora`, get the attribute `ingot.frozen`, and each weight W that is adapted becomes
/// W + (alpha / rank) B A with two new named constants, `W.lora_B` [rows, rank] of zeros and `W.lora_A` [rank, columns]
/// of random numbers, which depend on the name alone. A weight of more than two axes counts as a matrix with a row for
/// each index of the first one.
///
/// An expression that is not right, or that no parameter's name matches, is an error.
mlir::LogicalResult chooseTrainable(mlir::ModuleOp module, const TrainableChoice &choice);

} // namespace ingot

#endif
