//===- main.cpp - ingotc: compiles a model --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads the command line and calls the compiler library. docs/cli.md describes the options.
//
//===----------------------------------------------------------------------===//
#include "tools/ingotc/CommandLine.h"

using namespace ingot;

static CompileStatus run(const CommandLine &line) {
  if (line.describes) {
    std::string json;
    CompileStatus status = describeModel(line.options, json, CompileEvents());
    fputs(json.c_str(), stdout);
    return status;
  }
  if (!line.exports.weights.empty())
    return exportWeights(line.options.input, line.exports, line.options.output);
  Progress progress(line.reporting);
  CompileReport report;
  CompileStatus status = compile(line.instruments, line.options, report, progress.events());
  progress.finish(status, line.options, report);
  return status;
}

int main(int argc, char **argv) {
  CommandLine line;
  if (std::optional<int> code = readCommandLine(argc, argv, line))
    return *code;
  return static_cast<int>(run(line));
}
