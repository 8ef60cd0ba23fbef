//===- Autodiff.h - Gradients of graphs -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reverse-mode differentiation of straight-line graphs of the ingot dialect. Gradients are ingot operations themselves,
// so a gradient can be differentiated again.
//
//   %y = ingot.mul %x, %w              =>     %dw = ingot.mul %dy, %x   (summed to the shape of %w)
//
// Not here: what to save and what to recompute, and in which order gradients are computed; later passes decide that.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_PASSES_AUTODIFF_AUTODIFF_H
#define INGOT_PASSES_AUTODIFF_AUTODIFF_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "passes/autodiff/StepPart.h"
#include <string>
#include <vector>

namespace ingot {

/// The gradients of the sum of `loss` by each of `wrt`: one value of the same type for each, zeros where the loss does
/// not depend on it. New operations go to the builder's insertion point, which must lie behind `loss` in the same
/// block.
///
/// An operation on the way that has no gradient rule is an error at its location.
mlir::FailureOr<llvm::SmallVector<mlir::Value>> differentiate(mlir::OpBuilder &builder, mlir::Value loss,
                                                              llvm::ArrayRef<mlir::Value> wrt);

/// The vector-Jacobian product: `differentiate` with the gradients that arrive at `outputs` given.
mlir::FailureOr<llvm::SmallVector<mlir::Value>> differentiate(mlir::OpBuilder &builder,
                                                              llvm::ArrayRef<mlir::Value> outputs,
                                                              llvm::ArrayRef<mlir::Value> cotangents,
                                                              llvm::ArrayRef<mlir::Value> wrt);

/// Forward mode: how `outputs` change when `inputs` move along `tangents`, which have their types. Found by
/// differentiating the vector-Jacobian product, which is linear in what arrives, by that.
mlir::FailureOr<llvm::SmallVector<mlir::Value>> jacobianVectorProduct(mlir::OpBuilder &builder,
                                                                      llvm::ArrayRef<mlir::Value> outputs,
                                                                      llvm::ArrayRef<mlir::Value> inputs,
                                                                      llvm::ArrayRef<mlir::Value> tangents);

/// How `gradients`, those of one number by `inputs`, change when the inputs move along `directions`.
mlir::FailureOr<llvm::SmallVector<mlir::Value>> hessianVectorProduct(mlir::OpBuilder &builder,
                                                                     llvm::ArrayRef<mlir::Value> gradients,
                                                                     llvm::ArrayRef<mlir::Value> inputs,
                                                                     llvm::ArrayRef<mlir::Value> directions);

struct AppendGradientsOptions {
  /// The output to differentiate; the first when empty.
  std::string output;
  /// Take the gradient that arrives at the output as one more input.
  bool cotangent = false;
  /// The inputs to differentiate by; all of a real type when empty.
  std::vector<std::string> inputs;
  /// Other outputs, inner values of the network, to differentiate by too.
  std::vector<std::string> at;
  /// Return the gradients of the output.
  bool gradients = true;
  /// Take a direction `<input>.tangent` beside each of the inputs, and return how outputs and gradients change along
  /// it.
  bool tangents = false;
};

/// Lets @main return the gradients of an output by its inputs too, under the names `<input>.gradient`, and directional
/// derivatives under the names `<output>.tangent` and `<input>.gradient.tangent`; the latter is the Hessian times the
/// direction.
mlir::LogicalResult appendGradients(mlir::ModuleOp module, const AppendGradientsOptions &options);

/// Lets @main return the features of the last convolution over more than one place that the first output depends on:
/// its result after what follows element by element, as batch normalisation, residual connection and activation.
/// Returns the new output's name, which `nameOf` makes of the location of the node that computes them. Without a
/// convolution: an error.
mlir::FailureOr<std::string> exposeLastConvolution(mlir::ModuleOp module,
                                                   llvm::function_ref<std::string(mlir::Location)> nameOf);

/// Lets @main return the weights of every attention, [..., queries, keys], under the names `attention.<number>` in
/// program order. An error when there is no attention. See the pass ingot-expose-attention.
mlir::LogicalResult exposeAttention(mlir::ModuleOp module);

struct TrainStepOptions {
  /// A loss by name, or output:NAME when the network computes it.
  std::string loss = "cross_entropy";
  std::string optimizer = "sgd";
  /// Parameters whose names match this regular expression do not change.
  std::string freeze;
  /// "norm" or "value": limit gradients by the hyperparameter `clip`.
  std::string clip;
  /// cross_entropy: share of the target spread over all classes.
  double labelSmoothing = 0;
  /// cross_entropy, nll: a class that counts nothing.
  int64_t ignoreIndex = -100;
  /// smooth_l1, huber: where the square ends.
  double threshold = 1;
  /// hinge, triplet.
  double margin = 1;
  /// Return the gradients too, under the names `<parameter>.gradient`.
  bool gradients = false;
  /// Only parameters whose names match this regular expression change; all when it is empty.
  std::string trainOnly = {};
  /// Weights whose names match get an increment of low rank to be trained in their place; nothing else is trained but
  /// what `trainOnly` names.
  std::string lora = {};
  int64_t loraRank = 8;
  /// The increment is (alpha / rank) B A.
  double loraAlpha = 8;
  /// Which part of the step. `isSplit` is set for the evaluation of such a pair, too.
  StepPart part = StepPart::Whole;
  bool isSplit = false;
};

/// Turns @main of a network, as imported, into one step of training, a pure function of inputs, target, parameters,
/// optimizer state and hyperparameters. See the pass ingot-build-train-step.
mlir::LogicalResult buildTrainStep(mlir::ModuleOp module, const TrainStepOptions &options);

/// The names that TrainStepOptions knows.
std::vector<std::string> lossNames();
std::vector<std::string> optimizerNames();

/// ingot-append-gradients and ingot-build-train-step, for ingot-opt.
void registerAutodiffPasses();

} // namespace ingot

#endif
