//===- regression.cpp - Losses over distances -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/losses/Losses.h"

using namespace mlir;

namespace ingot {
namespace {

/// slope * (|d| - threshold / 2) beyond the threshold, slope * d^2 / (2 threshold) below it
Value squareThenLine(TensorBuilder &make, Value difference, double threshold, double slope) {
  Value distance = make.make<AbsOp>(difference);
  Value square = make.mul(make.square(difference), 0.5 * slope / threshold);
  Value line = make.mul(make.add(distance, -0.5 * threshold), slope);
  return make.meanAll(make.select(make.less(distance, make.scalar(threshold, distance)), square, line));
}

/// Along the last axis.
Value dot(TensorBuilder &make, Value a, Value b) { return make.sum(make.mul(a, b), make.dims(a).size() - 1); }

/// PyTorch's pairwise_distance: |a - b + 1e-6| along the last axis
Value distance(TensorBuilder &make, Value a, Value b) {
  Value difference = make.add(make.sub(a, b), 1e-6);
  return make.sqrt(dot(make, difference, difference));
}

} // namespace

/// mean of (x - t)^2
Value meanSquaredError(TensorBuilder &make, ArrayRef<Value> predictions, Value target, const LossOptions &) {
  return make.meanAll(make.square(make.sub(predictions[0], target)));
}

/// mean of |x - t|
Value meanAbsoluteError(TensorBuilder &make, ArrayRef<Value> predictions, Value target, const LossOptions &) {
  return make.meanAll(make.make<AbsOp>(make.sub(predictions[0], target)));
}

/// mean of d^2 / (2 beta) where |d| < beta, else |d| - beta / 2
Value smoothL1(TensorBuilder &make, ArrayRef<Value> predictions, Value target, const LossOptions &options) {
  return squareThenLine(make, make.sub(predictions[0], target), options.threshold, 1);
}

/// mean of d^2 / 2 where |d| < delta, else delta * (|d| - delta / 2)
Value huber(TensorBuilder &make, ArrayRef<Value> predictions, Value target, const LossOptions &options) {
  return squareThenLine(make, make.sub(predictions[0], target), options.threshold, options.threshold);
}

/// mean of 1 - x t / (|x| |t|) along the last axis
Value cosineDistance(TensorBuilder &make, ArrayRef<Value> predictions, Value target, const LossOptions &) {
  Value x = predictions[0], tiny = make.scalar(1e-8, x);
  Value lengths = make.mul(make.make<MaxOp>(make.sqrt(dot(make, x, x)), tiny),
                           make.make<MaxOp>(make.sqrt(dot(make, target, target)), tiny));
  return make.meanAll(make.sub(1, make.div(dot(make, x, target), lengths)));
}

/// mean of max(|anchor - positive| - |anchor - negative| + margin, 0)
Value tripletMargin(TensorBuilder &make, ArrayRef<Value> predictions, Value, const LossOptions &options) {
  Value near = distance(make, predictions[0], predictions[1]), far = distance(make, predictions[0], predictions[2]);
  return make.meanAll(make.make<ReluOp>(make.add(make.sub(near, far), options.margin)));
}

} // namespace ingot
