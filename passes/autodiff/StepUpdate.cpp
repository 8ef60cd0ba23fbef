//===- StepUpdate.cpp - What a step does with a loss ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "passes/autodiff/StepUpdate.h"
#include "passes/autodiff/Autodiff.h"
#include "passes/autodiff/Clipping.h"

using namespace mlir;

namespace ingot {

SmallVector<Hyper> StepUpdate::hypers() const {
  SmallVector<Hyper> list(optimizer.hypers);
  if (!clip.empty())
    list.push_back({"clip", 1});
  return list;
}

FailureOr<SmallVector<Value>> StepUpdate::build(OpBuilder &builder, Location where, Value loss,
                                                ArrayRef<TrainedTensor> trained, StateTensors &state) {
  TensorBuilder make(builder, NameLoc::get(builder.getStringAttr("update"), where));
  SmallVector<Value> gradients;
  if (part == StepPart::Update) {
    for (const TrainedTensor &one : trained)
      gradients.push_back(state.original(one.gradientName()));
  } else {
    SmallVector<Value> parameters;
    for (const TrainedTensor &one : trained)
      parameters.push_back(state.original(one.name));
    FailureOr<SmallVector<Value>> own = differentiate(builder, loss, parameters);
    if (failed(own))
      return failure();
    gradients = std::move(*own);
  }
  if (part != StepPart::Gradient) {
    if (failed(apply(make, trained, state, gradients)))
      return failure();
    return gradients;
  }
  Value share = addHyper("share", 1);
  for (auto [one, gradient] : llvm::zip(trained, gradients)) {
    Value part = make.mul(gradient, make.cast(share, getElementTypeOrSelf(gradient)));
    state.set(one.gradientName(), make.add(state.original(one.gradientName()), part));
  }
  return gradients;
}

LogicalResult StepUpdate::apply(TensorBuilder &make, ArrayRef<TrainedTensor> trained, StateTensors &state,
                                SmallVectorImpl<Value> &gradients) {
  llvm::StringMap<Value> numbers;
  for (const Hyper &hyper : hypers())
    numbers[hyper.name] = addHyper(hyper.name, hyper.standard);
  Value done = make.add(state.original(step), 1), count = make.cast(done, Float64Type::get(make.getContext()));
  if (!clip.empty() && failed(clipGradients(make, clip, numbers["clip"], gradients)))
    return failure();
  SmallVector<std::pair<StringRef, Value>> slots;
  for (auto [one, gradient] : llvm::zip(trained, gradients)) {
    Update change{make, state.original(one.name), gradient, {}, numbers, count};
    for (const std::string &slot : one.slots)
      change.slots.push_back(state.original(slot));
    state.set(one.name, optimizer.build(change));
    for (auto [name, value] : llvm::zip(one.slots, change.slots))
      slots.push_back({name, value});
  }
  for (auto [name, value] : slots)
    state.set(name, value);
  state.set(step, done);
  if (part == StepPart::Update)
    for (const TrainedTensor &one : trained)
      state.set(one.gradientName(), make.filled(0, state.original(one.gradientName())));
  return success();
}

} // namespace ingot
