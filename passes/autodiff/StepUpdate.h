//===- StepUpdate.h - What a step does with a loss --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The part that every step of training has in common, whoever computes its loss: gradients, limits to them, the
// optimizer's rule, the count of steps. It may come in two parts on one state, so that several batches, or several
// machines, share an update:
//
//   gradient   NAME.gradient.next = NAME.gradient + share * the batch's own
//   update     NAME.next, slots.next, the count; NAME.gradient.next = 0
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_AUTODIFF_STEPUPDATE_H
#define INGOT_PASSES_AUTODIFF_STEPUPDATE_H

#include "passes/autodiff/StateTensors.h"
#include "passes/autodiff/StepPart.h"
#include "passes/autodiff/optimizers/Optimizers.h"
#include <functional>

namespace ingot {

/// A parameter that a step changes; names are the state's.
struct TrainedTensor {
  std::string name;
  /// The optimizer's memory of it, in the optimizer's order.
  llvm::SmallVector<std::string> slots;
  std::string gradientName() const { return name + ".gradient"; }
};

class StepUpdate {
public:
  /// A new input of @main: a number that the caller of the step may give, or else has this value.
  using AddHyper = std::function<mlir::Value(llvm::StringRef name, double standard)>;

  /// `clip`: "norm", "value" or empty. `step`: the name of the count of steps in the state.
  StepUpdate(const Optimizer &optimizer, llvm::StringRef clip, StepPart part, llvm::StringRef step, AddHyper addHyper)
      : optimizer(optimizer), clip(clip), part(part), step(step), addHyper(std::move(addHyper)) {}

  /// The numbers of the optimizer and of `clip`, each with its standard value.
  llvm::SmallVector<Hyper> hypers() const;

  /// Sets in `state` what the part changes. The gradients of a whole step, or those that a gradient step adds, are
  /// returned; of the update, which uses the state's, those. New operations go to the builder's insertion point, with
  /// a location named "update" below `where`.
  mlir::FailureOr<llvm::SmallVector<mlir::Value>> build(mlir::OpBuilder &builder, mlir::Location where,
                                                        mlir::Value loss, llvm::ArrayRef<TrainedTensor> trained,
                                                        StateTensors &state);

private:
  mlir::LogicalResult apply(TensorBuilder &make, llvm::ArrayRef<TrainedTensor> trained, StateTensors &state,
                            llvm::SmallVectorImpl<mlir::Value> &gradients);

  const Optimizer &optimizer;
  llvm::StringRef clip;
  StepPart part;
  llvm::StringRef step;
  AddHyper addHyper;
};

} // namespace ingot

#endif
