//===- CommandLine.h - What ingotc is asked to do ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_TOOLS_INGOTC_COMMANDLINE_H
#define INGOT_TOOLS_INGOTC_COMMANDLINE_H

#include "compiler/Compiler.h"
#include "tools/ingotc/Export.h"
#include "tools/ingotc/Instruments.h"
#include "tools/ingotc/Progress.h"
#include <optional>

namespace ingot {

struct CommandLine {
  CompileOptions options;
  ReportOptions reporting;
  InstrumentOptions instruments;
  ExportOptions exports;
  /// Only to tell the model's inputs and outputs.
  bool describes = false;
};

/// Reads the words and checks what they say together. What is wrong, or what --help asks for, is printed: then the
/// result is the exit code.
std::optional<int> readCommandLine(int argc, char **argv, CommandLine &line);

} // namespace ingot

#endif
