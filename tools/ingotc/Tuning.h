//===- Tuning.h - ingotc --tune: schedules by measurement -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The cost model's choice for a kernel and the alternatives that its emitter names are each compiled into the whole
// program and measured there; the best goes into a tuning file, from which later compilations take it:
//
//   {"ingot-tuning": 1, "kernels": {"x86-64-v4/1f0e...": {
//      "block": [12, 2], "measured": [[12, 2, 31.5], [6, 4, 35.0]]}}}       rows, vectors, microseconds
//
// A kernel is known by what it computes, so files may be shared by models.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_TOOLS_INGOTC_TUNING_H
#define INGOT_TOOLS_INGOTC_TUNING_H

#include "compiler/Compiler.h"

namespace ingot {

/// What is known of one kernel.
struct TunedKernel {
  struct Trial {
    RegisterBlock block;
    double microseconds; ///< of all its launches in a run
  };
  RegisterBlock block;
  std::vector<Trial> trials; ///< the cost model's choice first
};

/// By ProgramReport::Schedule::key.
using TuningTable = std::map<std::string, TunedKernel>;

/// Where --tune without a file keeps its results: ingot/tuning.json in the user's cache folder.
std::string defaultTuningFile();

/// Reads a tuning file into `table`; a missing file is an empty one. An error text when it is not one, or of another
/// version.
std::string readTuning(const std::string &path, TuningTable &table);

/// Compiles trials of `options` beside its output and measures them, until every kernel worth it is in `table`. Their
/// diagnostics are shown as usual. BadInput, after an error, when trials cannot be measured here.
CompileStatus tune(CompileOptions options, TuningTable &table, const CompileEvents &events);

/// An error text when the file, or its folder, cannot be written.
std::string writeTuning(const std::string &path, const TuningTable &table);

/// The table's choices, for CompileOptions::blocks.
std::map<std::string, RegisterBlock> chosenBlocks(const TuningTable &table);

} // namespace ingot

#endif
