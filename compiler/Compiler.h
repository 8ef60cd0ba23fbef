//===- Compiler.h - The compiler as a library: the only door ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   CompileOptions options{.input = "model.onnx", .output = "libmodel.so"};
//   CompileReport report;
//   CompileStatus status = compile(options, report, CompileEvents());      // errors go to standard error
//
// One call uses its own threads and shares nothing with other calls.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_COMPILER_H
#define INGOT_COMPILER_COMPILER_H

#include "compiler/Options.h"
#include "compiler/ProgramReport.h"
#include <functional>
#include <string>
#include <vector>

namespace ingot {

/// The exit codes of the tools.
enum class CompileStatus { Done = 0, BadInput = 1, BadUsage = 2, Bug = 3 };

/// What a compilation did, for --timing and --json.
struct CompileReport {
  struct StageTime {
    std::string stage;
    double seconds;
  };
  std::vector<StageTime> stages;
  double seconds = 0;
  int64_t kernels = 0, launches = 0;
  /// Memory for intermediate values: what was planned, and the largest set that is alive at once.
  int64_t arenaBytes = 0, arenaLowerBound = 0;
  int64_t constantBytes = 0, outputBytes = 0;
  /// What is computed from the constants before the first run, and what filters take more in Winograd's form, there or
  /// among the constants.
  int64_t preparedBytes = 0, winogradBytes = 0;
  /// A weight that is not stored in float32. `rmsError` is the root of the mean square of the rounding errors over that
  /// of the weights, `largestError` the largest error over the largest magnitude.
  struct ReducedWeight {
    std::string name, storage;
    std::vector<int64_t> shape;
    int64_t bytes;
    double rmsError, largestError;
  };
  std::vector<ReducedWeight> reducedWeights;
  /// How far an output is from float32's, as `ingot compare` tells: measured by those who may run the library, else
  /// empty. `top1Agreement` is a share of rows, -1 where there are none.
  struct OutputError {
    std::string name;
    double rmsError, largestError, top1Agreement;
  };
  std::vector<OutputError> outputErrors;
  /// How a step was made to fit (TrainOptions::memoryBudget).
  struct MemoryBudget {
    /// The step of a recipe; empty for the only one.
    std::string step;
    /// What it does, for the user.
    std::string words;
    /// The sizes that named dimensions were taken to have.
    std::vector<std::pair<std::string, int64_t>> assumed;
    /// The arena, the one if everything were kept, and how many values are computed again instead.
    int64_t arenaBytes = 0, arenaBytesWithout = 0, values = 0;
    /// Operations done again, as a share of the step's.
    double moreOperations = 0;
  };
  /// One for each step; none without a budget.
  std::vector<MemoryBudget> budgets;
  /// Filled in when CompileOptions::explain asks for it.
  ProgramReport program;
};

struct CompileEvents {
  /// Called when a stage begins, with a phrase for the user.
  std::function<void(const std::string &phrase)> onStage;
  /// Called with each complete error or warning, one or more lines. Default: standard error.
  std::function<void(const std::string &text)> onDiagnostic;
};

/// The straight line: import, simplify, fuse, plan, emit, link. On anything but Done no output file exists.
CompileStatus compile(const CompileOptions &options, CompileReport &report, const CompileEvents &events);

/// What a model takes and gives, as JSON, without compiling it.
CompileStatus describeModel(const CompileOptions &options, std::string &json, const CompileEvents &events);

/// Weights for a model file: a name, ONNX's number of the element type, the shape, and the elements.
struct TrainedTensor {
  std::string name;
  int32_t type;
  std::vector<int64_t> shape;
  const char *data;
  size_t bytes;
};

/// A model file with other contents of its initializers; see exportOnnx in frontends/Frontend.h.
struct ExportRequest {
  std::string model, output;
  /// What the model file's must be, if not empty: a library's source_hash.
  std::string hash;
  std::vector<TrainedTensor> weights;
  /// The model leaves training mode.
  bool forInference = false;
  /// X.lora_B and X.lora_A add so many times their product to X.
  double loraScale = 1;
  /// The output of this name, if not empty, becomes y * deviation + mean.
  std::string scaledOutput;
  std::vector<double> mean, deviation;
};

/// Writes the file. On anything but Done an older one is as it was.
CompileStatus exportModel(const ExportRequest &request, const CompileEvents &events);

/// A C identifier made of a file's stem: "ResNet-50.onnx" gives "ResNet_50".
std::string identifierFor(const std::string &path);

} // namespace ingot

#endif
