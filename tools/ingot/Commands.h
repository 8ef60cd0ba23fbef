// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The subcommands: each adds its options to the command line and its action, which throws a Failure or returns.
#pragma once
#include "Library.h"

#include <CLI/CLI.hpp>

namespace ingot {

void addBench(CLI::App &app);
void addExport(CLI::App &app);
void addInspect(CLI::App &app);
void addRun(CLI::App &app);
void addStep(CLI::App &app);
void addVerify(CLI::App &app);

/// Runs a library for so many seconds and prints where the time goes, the most expensive kernels first.
void printProfile(Library &library, const std::vector<ingot_tensor> &inputs, const std::vector<ingot_tensor> &outputs,
                  double seconds);

/// Runs the sibling program ingotc, which knows ONNX files; returns its exit code. Its errors go to standard error, its
/// standard output into `output` if given.
int runCompiler(const std::vector<std::string> &arguments, std::string *output = nullptr);

/// Whether a path means an ONNX model and not a library.
bool isModelFile(const std::string &path);

} // namespace ingot
