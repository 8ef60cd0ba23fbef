//===- Progress.h - What ingotc tells while and after it compiles -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_TOOLS_INGOTC_PROGRESS_H
#define INGOT_TOOLS_INGOTC_PROGRESS_H

#include "compiler/Compiler.h"

namespace ingot {

struct ReportOptions {
  bool timing = false, json = false;
};

/// A progress line on a terminal, nothing elsewhere; the summary at the end.
class Progress {
public:
  explicit Progress(const ReportOptions &options);
  CompileEvents events();
  void finish(CompileStatus status, const CompileOptions &options, const CompileReport &report);

private:
  void clearLine();
  ReportOptions options;
  bool isTerminal;
  bool hasLine = false;
  std::vector<std::string> diagnostics;
};

} // namespace ingot

#endif
