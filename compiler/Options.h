//===- Options.h - What the compiler is asked to do -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_OPTIONS_H
#define INGOT_COMPILER_OPTIONS_H

#include "codegen/KernelChoice.h"
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ingot {

/// Where compilation stops; the words of `--emit`.
enum class Stage { Import, Grad, Simplified, Fused, Plan, Llvm, Assembly, Object, Archive, Library };

/// The sizes a symbol may take: `--dim batch=8` is {8, 8}, `--dim batch=1..64` is {1, 64}.
struct SymbolRange {
  int64_t least, greatest;
};

/// What is derived from the network before it is compiled. Without `isWanted`, `inputGradients` and
/// `tangents`: nothing.
struct TrainOptions {
  /// Make one step of training instead of an inference.
  bool isWanted = false;
  /// Return the gradients of the first output by the inputs too (--grad-inputs); `cotangent` takes the gradient that
  /// arrives at the output as one more input. Of a training step: its evaluation returns those of the loss.
  bool inputGradients = false, cotangent = false;
  /// Inner tensors by which to differentiate too (--grad-at), and the result of the last convolution (--grad-cam). They
  /// are outputs as well.
  std::vector<std::string> gradientsAt;
  bool gradientAtLastConvolution = false;
  /// Take a direction for each real input and return the directional derivatives of the outputs, and of the gradients
  /// where those are returned (--jvp).
  bool tangents = false;
  /// Bytes that the arena may have (--memory-budget): part of what backward reads is computed again. 0: no limit.
  int64_t memoryBudget = 0;
  /// The sizes for which the budget is decided, of named dimensions without a greatest size (--budget-dim).
  std::map<std::string, int64_t> budgetDims;
  /// A loss by name, or output:NAME when the network computes it.
  std::string loss = "cross_entropy";
  std::string optimizer = "sgd";
  /// Regular expression: parameters whose names match do not change.
  std::string freeze;
  /// Regular expression: only parameters whose names match change.
  std::string trainOnly;
  /// Regular expression: weights whose names match get an increment of rank `loraRank` to be trained in their place.
  std::string lora;
  int64_t loraRank = 8;
  /// The increment is alpha / rank times a product of two matrices. 0: alpha is the rank.
  double loraAlpha = 0;
  double loraScale() const { return loraAlpha ? loraAlpha / double(loraRank) : 1; }
  /// "norm" or "value": limit gradients by the hyperparameter clip.
  std::string clip;
  double labelSmoothing = 0;
  int64_t ignoreIndex = -100;
  /// smooth_l1, huber: where the square ends; hinge, triplet: the margin.
  double threshold = 1, margin = 1;
  /// Return the parameters' gradients too.
  bool gradients = false;
  /// Two entries in place of one: a gradient step, which adds to gradients in the state, and an update step.
  bool splitUpdate = false;
  /// Check what every operation computes, without fusion, to tell where a NaN or an infinity in the loss began.
  bool detectAnomaly = false;
};

/// What weights are stored in, and what products compute with: the words of `--precision`.
enum class Precision { Float32, Float16Weights, BFloat16Weights, BFloat16, Int8Weights, Int8 };
const char *nameOf(Precision precision);

/// Whether 3 x 3 convolutions may take Winograd's algorithm, and when constant filters are transformed for it: by the
/// compiler, or before the first run (Load), which keeps the file small. The words of `--winograd`.
enum class Winograd { Off, Auto, Load };
const char *nameOf(Winograd winograd);

struct CompileOptions {
  /// The ONNX file, or with `isRecipe` the recipe (docs/recipes.md).
  std::string input;
  bool isRecipe = false;
  /// The entry of a recipe that a textual stage shows; the first when empty.
  std::string entry;
  /// The file to write; its kind follows from `emit`. Empty or "-" with a textual stage: standard output.
  std::string output;
  /// C identifier that prefixes every exported symbol. Empty: from the input's file stem.
  std::string name;
  Stage emit = Stage::Library;
  /// "portable" (all variants, chosen at load), "native", "x86-64-v3", "x86-64-v4".
  std::string cpu = "portable";
  std::map<std::string, SymbolRange> dims;
  /// Inner tensors to return too, by the names that the model gives them.
  std::vector<std::string> outputs;
  /// Return the weights of every attention, as attention.0, attention.1, ...
  bool attentionOutputs = false;
  /// Keep in place what the model returns with rows appended: inputs whose names match this regular expression.
  std::string caches;
  /// 0 .. 3, as -O.
  unsigned optimization = 3;
  /// Threads that the compiler itself may use; 0: all.
  unsigned jobs = 0;
  /// Also write a C++ header beside the C one.
  bool cxxHeader = false;
  Winograd winograd = Winograd::Auto;
  Precision precision = Precision::Float32;
  /// Regular expression: nodes whose names match stay in float32.
  std::string precisionKeep;
  /// Measured choices, by ProgramReport::Decision::key, in place of the cost model's.
  std::map<std::string, KernelChoice> choices;
  /// Tell the program's launches, costs and schedules in CompileReport::program.
  bool explain = false;
  TrainOptions train;
};

} // namespace ingot

#endif
