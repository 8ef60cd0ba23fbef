//===- Instruments.h - ingotc --report and --tune ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a compilation does beside compiling when it may run the library on this machine.
//
//===----------------------------------------------------------------------===//
#ifndef INGOT_TOOLS_INGOTC_INSTRUMENTS_H
#define INGOT_TOOLS_INGOTC_INSTRUMENTS_H

#include "compiler/Compiler.h"
#include <CLI/CLI.hpp>

namespace ingot {

struct InstrumentOptions {
  std::string reportFile;
  bool tunes = false;
  /// Empty: the default file.
  std::string tuningFile;
  /// --precision: inputs to measure its cost on (empty: made up), and whether to.
  std::string calibrationFile;
  bool checksPrecision = true;
};

void addInstrumentOptions(CLI::App &app, InstrumentOptions &options);

/// What is wrong with the request, as an error text; empty when nothing is.
std::string checkInstruments(const InstrumentOptions &instruments, const CompileOptions &options);

/// Tunes if asked to, compiles, and writes the report if asked to. Errors go to standard error or `events`.
CompileStatus compile(const InstrumentOptions &instruments, CompileOptions options, CompileReport &report,
                      const CompileEvents &events);

} // namespace ingot

#endif
