// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The subcommands: each adds its options to the command line and its action, which throws a Failure or returns.
#pragma once
#include "Library.h"

#include <CLI/CLI.hpp>

namespace ingot {

void addAttack(CLI::App &app);
void addBench(CLI::App &app);
void addCompare(CLI::App &app);
void addExplain(CLI::App &app);
void addExport(CLI::App &app);
void addInspect(CLI::App &app);
void addMachine(CLI::App &app);
void addRun(CLI::App &app);
void addStep(CLI::App &app);
void addTrain(CLI::App &app);
void addVerify(CLI::App &app);

/// A launch's time over many runs, in microseconds. The least leaves out what other programs did on the machine.
struct LaunchTime {
  double least, median;
};

/// Runs a library for so many seconds, and at least once, and tells the time of each launch.
std::vector<LaunchTime> profile(Library &library, const std::vector<ingot_tensor> &inputs,
                                const std::vector<ingot_tensor> &outputs, double seconds);

/// Prints where the time goes, the most expensive launches first.
void printProfile(const Library &library, const std::vector<LaunchTime> &times);

/// Runs ingotc, which knows ONNX files; see runSibling. A Failure when it cannot be run.
int runCompiler(const std::vector<std::string> &arguments, std::string *output = nullptr);

/// Whether a path means an ONNX model and not a library.
bool isModelFile(const std::string &path);

} // namespace ingot
