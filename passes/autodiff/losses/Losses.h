//===- Losses.h - What training minimises -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each loss is a graph of ingot operations that ends in one number, with PyTorch's formula and defaults (the mean over
// what counts). Its gradient follows from the rules like any other.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_AUTODIFF_LOSSES_LOSSES_H
#define INGOT_PASSES_AUTODIFF_LOSSES_LOSSES_H

#include "passes/autodiff/TensorBuilder.h"
#include <optional>

namespace ingot {

struct LossOptions {
  /// cross_entropy: the share of the target that is spread evenly over all classes.
  double labelSmoothing = 0;
  /// cross_entropy, nll: targets with this class count nothing.
  int64_t ignoreIndex = -100;
  /// smooth_l1: beta; huber: delta. Where the square ends and the line begins.
  double threshold = 1;
  /// hinge and triplet.
  double margin = 1;
  /// cross_entropy, nll: where no target counts the loss is 0 and not NaN, for pieces of a batch.
  bool mayBeEmpty = false;
};

/// What the target of a loss looks like, given the prediction.
enum class TargetKind { Classes, SameAsPrediction, None };

struct Loss {
  llvm::StringRef name;
  /// How many outputs of the network it takes.
  unsigned predictions;
  TargetKind target;
  /// The loss, of rank 0, or null after an error. `target` is null when there is none.
  mlir::Value (*build)(TensorBuilder &make, llvm::ArrayRef<mlir::Value> predictions, mlir::Value target,
                       const LossOptions &options);

  /// The type that a target has for this prediction: [N, d...] class numbers (i64) for a prediction [N, C, d...].
  mlir::RankedTensorType targetType(mlir::Value prediction) const;
};

/// How many classes a prediction [N, C, d...] or [C] tells apart, if that is a constant.
std::optional<int64_t> numberOfClasses(TensorBuilder &make, mlir::Value prediction);

/// The loss of that name, or null.
const Loss *findLoss(llvm::StringRef name);
llvm::ArrayRef<Loss> allLosses();

// classification.cpp
mlir::Value crossEntropy(TensorBuilder &, llvm::ArrayRef<mlir::Value>, mlir::Value, const LossOptions &);
mlir::Value crossEntropyOfProbabilities(TensorBuilder &, llvm::ArrayRef<mlir::Value>, mlir::Value, const LossOptions &);
mlir::Value negativeLogLikelihood(TensorBuilder &, llvm::ArrayRef<mlir::Value>, mlir::Value, const LossOptions &);
mlir::Value binaryCrossEntropyWithLogits(TensorBuilder &, llvm::ArrayRef<mlir::Value>, mlir::Value,
                                         const LossOptions &);
mlir::Value hinge(TensorBuilder &, llvm::ArrayRef<mlir::Value>, mlir::Value, const LossOptions &);
mlir::Value klDivergence(TensorBuilder &, llvm::ArrayRef<mlir::Value>, mlir::Value, const LossOptions &);
// regression.cpp
mlir::Value meanSquaredError(TensorBuilder &, llvm::ArrayRef<mlir::Value>, mlir::Value, const LossOptions &);
mlir::Value meanAbsoluteError(TensorBuilder &, llvm::ArrayRef<mlir::Value>, mlir::Value, const LossOptions &);
mlir::Value smoothL1(TensorBuilder &, llvm::ArrayRef<mlir::Value>, mlir::Value, const LossOptions &);
mlir::Value huber(TensorBuilder &, llvm::ArrayRef<mlir::Value>, mlir::Value, const LossOptions &);
mlir::Value cosineDistance(TensorBuilder &, llvm::ArrayRef<mlir::Value>, mlir::Value, const LossOptions &);
mlir::Value tripletMargin(TensorBuilder &, llvm::ArrayRef<mlir::Value>, mlir::Value, const LossOptions &);

} // namespace ingot

#endif
