//===- Losses.cpp - The table of losses -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/losses/Losses.h"

using namespace mlir;

namespace ingot {

ArrayRef<Loss> allLosses() {
  static const Loss losses[] = {
      {"bce_with_logits", 1, TargetKind::SameAsPrediction, binaryCrossEntropyWithLogits},
      {"cosine", 1, TargetKind::SameAsPrediction, cosineDistance},
      {"cross_entropy", 1, TargetKind::Classes, crossEntropy},
      {"cross_entropy_probabilities", 1, TargetKind::SameAsPrediction, crossEntropyOfProbabilities},
      {"hinge", 1, TargetKind::SameAsPrediction, hinge},
      {"huber", 1, TargetKind::SameAsPrediction, huber},
      {"kl", 1, TargetKind::SameAsPrediction, klDivergence},
      {"l1", 1, TargetKind::SameAsPrediction, meanAbsoluteError},
      {"mse", 1, TargetKind::SameAsPrediction, meanSquaredError},
      {"nll", 1, TargetKind::Classes, negativeLogLikelihood},
      {"smooth_l1", 1, TargetKind::SameAsPrediction, smoothL1},
      {"triplet", 3, TargetKind::None, tripletMargin},
  };
  return losses;
}

const Loss *findLoss(StringRef name) {
  for (const Loss &loss : allLosses())
    if (loss.name == name)
      return &loss;
  return nullptr;
}

RankedTensorType Loss::targetType(Value prediction) const {
  auto type = cast<RankedTensorType>(prediction.getType());
  if (target == TargetKind::None)
    return {};
  if (target == TargetKind::SameAsPrediction)
    return type;
  SymbolScope scope(type.getContext());
  SmallVector<AffineExpr> dims = scope.dims(type);
  dims.erase(dims.begin() + (dims.size() > 1 ? 1 : 0));
  return scope.tensor(dims, IntegerType::get(type.getContext(), 64));
}

std::optional<int64_t> numberOfClasses(TensorBuilder &make, Value prediction) {
  SmallVector<AffineExpr> dims = make.dims(prediction);
  return constantValue(dims[dims.size() > 1 ? 1 : 0]);
}

} // namespace ingot
