//===- LossCalls.cpp - Losses as functions of expressions -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/recipe/FunctionCall.h"

using namespace mlir;

namespace ingot {
namespace {

/// What is compared has one shape: nothing is repeated but a single number.
Value alignTarget(FunctionCall &call, Value prediction, Value target) {
  SmallVector<AffineExpr> wanted = call.make.dims(prediction), given = call.make.dims(target);
  bool fits = given.empty() || given.size() == wanted.size();
  for (auto [one, other] : llvm::zip(wanted, given))
    fits &= !constantValue(one) || !constantValue(other) || one == other;
  if (!fits)
    return call.fail("the loss " + call.expression.name + " compares tensors of one shape, but these are " +
                     describe(prediction.getType()) + " and " + describe(target.getType()));
  if (given.empty())
    return call.make.broadcastTo(target, prediction);
  return call.evaluator.requireEqual(call.expression, call.make.scope(), given, wanted) ? target : Value();
}

} // namespace

Value callLoss(FunctionCall &call, const Loss &loss) {
  size_t expected = loss.predictions + (loss.target == TargetKind::None ? 0 : 1);
  if (call.count() != expected)
    return call.fail("the loss " + loss.name + " takes " + Twine(expected) + " arguments, but is given " +
                     Twine(call.count()));
  FailureOr<double> smoothing = call.number("label_smoothing", 0), ignored = call.number("ignore_index", -100),
                    threshold = call.number("threshold", 1), margin = call.number("margin", 1);
  if (failed(smoothing) || failed(ignored) || failed(threshold) || failed(margin))
    return {};
  SmallVector<Value> predictions;
  for (unsigned i = 0; i < loss.predictions; ++i)
    if (predictions.emplace_back(call.tensor(i)); !predictions.back())
      return {};
  if (!isa<FloatType>(getElementTypeOrSelf(predictions[0])) ||
      (loss.target == TargetKind::Classes && call.make.dims(predictions[0]).empty()))
    return call.fail("the loss " + loss.name + " does not fit a prediction of shape " +
                     describe(predictions[0].getType()));
  Value target, share;
  if (loss.target != TargetKind::None) {
    const Expression &argument = call.argument(loss.predictions);
    target = call.evaluator.tensorOr(argument, loss.targetType(predictions[0]), "target");
    if (target && loss.target == TargetKind::SameAsPrediction) {
      if (!call.evaluator.unify(argument, predictions[0], target))
        return {};
      target = alignTarget(call, predictions[0], target);
    } else if (target && !isa<IntegerType>(getElementTypeOrSelf(target))) {
      return call.fail("the loss " + loss.name + " takes class numbers (int64) as its target, not " +
                       describe(target.getType()) + " real numbers");
    } else if (target && !call.evaluator.requireEqual(argument, call.make.scope(), call.make.dims(target),
                                                      call.make.scope().dims(loss.targetType(predictions[0])))) {
      return {};
    }
    if (!target)
      return {};
    if (loss.target == TargetKind::Classes) {
      Surroundings &around = call.evaluator.surroundings();
      around.describeClasses(target, numberOfClasses(call.make, predictions[0]), int64_t(*ignored));
      share = around.shareOf(target);
    }
  }
  LossOptions options{*smoothing, int64_t(*ignored), *threshold, *margin, /*mayBeEmpty=*/bool(share)};
  Value mean = loss.build(call.make, predictions, target, options);
  return mean && share ? call.make.mul(mean, call.make.cast(share, getElementTypeOrSelf(mean))) : mean;
}

} // namespace ingot
