//===- Tuning.h - ingotc --tune: schedules by measurement -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The cost model's choices for a kernel and the alternatives that codegen names are each compiled into the whole
// program and measured there; the best goes into a tuning file, from which later compilations take it:
//
//   {"ingot-tuning": 2, "machine": "Intel(R) Xeon(R) Processor, 2 threads", "kernels": {
//      "x86-64-v4/1f0e...": {
//        "choice": {"block": [12, 2], "chunk": 1, "grain": 4},                              rows and vectors
//        "measured": [{"block": [12, 2], "predicted_us": 29.5, "us": 31.5, "model_us": 31.5}, ...]},
//      "x86-64-v4/algorithm-77ab...": {"choice": {"winograd": 4}, "measured": [{"winograd": 0, ...}, ...]}}}
//
// A kernel is known by what it computes, so files may be shared by models.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_TOOLS_INGOTC_TUNING_H
#define INGOT_TOOLS_INGOTC_TUNING_H

#include "compiler/Compiler.h"

namespace ingot {

/// What is known of one decision for a kernel.
struct TunedKernel {
  /// Microseconds are of all its launches in a run, on all threads.
  struct Trial {
    KernelChoice choice;
    double predicted = 0;    ///< by the cost model; 0: it cannot tell
    double microseconds = 0; ///< the least measured
    double model = 0;        ///< what the cost model's choice took, measured in turns with this one
  };
  KernelChoice choice;
  std::vector<Trial> trials; ///< the cost model's choice first
};

/// By ProgramReport::Decision::key.
using TuningTable = std::map<std::string, TunedKernel>;

/// Where --tune without a file keeps its results: ingot/tuning.json in the user's cache folder.
std::string defaultTuningFile();

/// Reads a tuning file into `table`; a missing file is an empty one. An error text when it is not one, of another
/// version, or of another machine.
std::string readTuning(const std::string &path, TuningTable &table);

/// Compiles trials of `options` beside its output and measures them, until every decision worth it is in `table` or a
/// minute is over. Their diagnostics are shown as usual. BadInput, after an error, when trials cannot be measured here.
CompileStatus tune(CompileOptions options, TuningTable &table, const CompileEvents &events);

/// An error text when the file, or its folder, cannot be written.
std::string writeTuning(const std::string &path, const TuningTable &table);

/// The table's choices, for CompileOptions::choices.
std::map<std::string, KernelChoice> choicesOf(const TuningTable &table);

/// What the cost model expects one launch to take with so many threads, in microseconds; 0: it cannot tell.
double predictLaunch(const ProgramReport::Schedule &schedule, const ProgramReport::Decision &decision, int threads);

} // namespace ingot

#endif
