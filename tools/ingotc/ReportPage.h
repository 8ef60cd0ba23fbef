//===- ReportPage.h - ingotc --report: a page about a library ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_TOOLS_INGOTC_REPORTPAGE_H
#define INGOT_TOOLS_INGOTC_REPORTPAGE_H

#include "tools/ingotc/Tuning.h"

namespace ingot {

/// The page with @TITLE@ and @DATA@ still to be filled in (page/page.html with its style and script).
extern const char *const pageTemplate;

/// Measures the library that a compilation with CompileOptions::explain wrote, and the machine, and writes one page
/// that needs nothing else to `path`, under its final name only when it is whole. `tuning` is what is known of its
/// kernels. BadInput, after an error on standard error, when the library cannot be run here or the page cannot be
/// written.
CompileStatus writeReportPage(const std::string &path, const CompileOptions &options, const CompileReport &report,
                              const TuningTable &tuning);

} // namespace ingot

#endif
