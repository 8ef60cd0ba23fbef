//===- classification.cpp - Losses over classes ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Classes lie along axis 1 (axis 0 of a single prediction).
//
//===----------------------------------------------------------------------===//
#include "passes/autodiff/losses/Losses.h"

using namespace mlir;

namespace ingot {
namespace {

int64_t classAxis(TensorBuilder &make, Value prediction) { return make.dims(prediction).size() > 1 ? 1 : 0; }

/// Class targets seen beside a prediction [N, C, d...]: `index` is [N, 1, d...], `counts` is 1 where the target counts,
/// else 0.
struct Classes {
  Value index, counts;
};

Classes alignClasses(TensorBuilder &make, Value prediction, Value target, const LossOptions &options) {
  SmallVector<AffineExpr> column = make.dims(prediction);
  column[classAxis(make, prediction)] = make.scope().constant(1);
  Value index = make.reshape(target, column);
  Value isIgnored = make.equal(index, make.scalar(double(options.ignoreIndex), index));
  Value one = make.scalar(1, prediction);
  return {index, make.select(isIgnored, make.scalar(0, prediction), make.broadcast(one, column))};
}

/// The sum over all samples of -logits[target], ignored ones left out. A comparison with the class numbers instead of a
/// gather: its gradient is pointwise as well.
Value sumOfChosen(TensorBuilder &make, Value logits, const Classes &classes) {
  Value number = make.iota(make.dims(logits), classAxis(make, logits), getElementTypeOrSelf(classes.index));
  Value chosen = make.where(make.equal(number, classes.index), logits);
  return make.neg(make.sumAll(make.mul(chosen, classes.counts)));
}

/// The mean over the targets that count.
Value meanOfCounted(TensorBuilder &make, Value sum, const Classes &classes, const LossOptions &options) {
  Value count = make.sumAll(classes.counts);
  return make.div(sum, options.mayBeEmpty ? make.make<MaxOp>(count, make.scalar(1, count)) : count);
}

} // namespace

/// -(1 - s) * log p[target] - s / C * sum over classes of log p, averaged over the targets that count
Value crossEntropy(TensorBuilder &make, ArrayRef<Value> predictions, Value target, const LossOptions &options) {
  Value logits = predictions[0];
  int64_t axis = classAxis(make, logits);
  Value logarithms = make.make<SoftmaxOp>(logits, axis, /*logarithm=*/true);
  Classes classes = alignClasses(make, logits, target, options);
  Value sum = sumOfChosen(make, logarithms, classes);
  if (options.labelSmoothing != 0) {
    Value even = make.div(make.sumAll(make.mul(logarithms, classes.counts)), make.count(logits, axis));
    sum = make.sub(make.mul(sum, 1 - options.labelSmoothing), make.mul(even, options.labelSmoothing));
  }
  return meanOfCounted(make, sum, classes, options);
}

/// -sum over classes of ((1 - s) * target + s / C) * log p, averaged over the samples
Value crossEntropyOfProbabilities(TensorBuilder &make, ArrayRef<Value> predictions, Value target,
                                  const LossOptions &options) {
  Value logits = predictions[0];
  int64_t axis = classAxis(make, logits);
  if (options.labelSmoothing != 0) {
    Value even = make.div(make.scalar(options.labelSmoothing, logits), make.count(logits, axis));
    target = make.add(make.mul(target, 1 - options.labelSmoothing), even);
  }
  Value product = make.mul(target, make.make<SoftmaxOp>(logits, axis, /*logarithm=*/true));
  return make.neg(make.meanAll(make.sum(product, axis)));
}

/// -x[target], averaged over the targets that count; x holds logarithms of probabilities
Value negativeLogLikelihood(TensorBuilder &make, ArrayRef<Value> predictions, Value target,
                            const LossOptions &options) {
  Classes classes = alignClasses(make, predictions[0], target, options);
  return meanOfCounted(make, sumOfChosen(make, predictions[0], classes), classes, options);
}

/// mean of max(x, 0) - x * t + log(1 + e^-|x|)
Value binaryCrossEntropyWithLogits(TensorBuilder &make, ArrayRef<Value> predictions, Value target,
                                   const LossOptions &) {
  Value x = predictions[0];
  // As a maximum, not relu: at x = 0 its derivative is 1/2, which makes that of the whole right there.
  Value positive = make.make<MaxOp>(x, make.scalar(0, x));
  Value tail = make.log(make.add(make.exp(make.neg(make.make<AbsOp>(x))), 1));
  return make.meanAll(make.add(make.sub(positive, make.mul(x, target)), tail));
}

/// mean of max(margin - t * x, 0), for targets of 1 and -1
Value hinge(TensorBuilder &make, ArrayRef<Value> predictions, Value target, const LossOptions &options) {
  return make.meanAll(make.make<ReluOp>(make.sub(options.margin, make.mul(target, predictions[0]))));
}

/// mean of t * (log t - x), 0 where t = 0; x holds logarithms of probabilities
Value klDivergence(TensorBuilder &make, ArrayRef<Value> predictions, Value target, const LossOptions &) {
  Value isPositive = make.less(make.scalar(0, target), target);
  Value logarithm = make.log(make.select(isPositive, target, make.scalar(1, target)));
  return make.meanAll(make.mul(target, make.sub(logarithm, predictions[0])));
}

} // namespace ingot
