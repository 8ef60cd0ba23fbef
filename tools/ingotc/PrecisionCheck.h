//===- PrecisionCheck.h - What --precision costs the outputs ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_TOOLS_INGOTC_PRECISIONCHECK_H
#define INGOT_TOOLS_INGOTC_PRECISIONCHECK_H

#include "compiler/Compiler.h"

namespace ingot {

/// Compiles the program once more in float32, runs both libraries on the same inputs (those of an .npz file, or made
/// up when `calibration` is empty) and tells the distance in CompileReport::outputErrors. Where they cannot be run,
/// the list stays empty and a warning says so.
void checkPrecision(CompileOptions options, const std::string &calibration, CompileReport &report,
                    const CompileEvents &events);

} // namespace ingot

#endif
