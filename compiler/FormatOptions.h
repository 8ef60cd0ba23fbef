//===- FormatOptions.h - What a library tells of its options ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_FORMATOPTIONS_H
#define INGOT_COMPILER_FORMATOPTIONS_H

#include "compiler/Compiler.h"

namespace ingot {

/// The options that a library's users and tools want to know, as on the command line; those of reduced precision with
/// what they cost `weights`. Recipes add their own.
std::string formatOptions(const CompileOptions &options, const std::vector<CompileReport::ReducedWeight> &weights);

} // namespace ingot

#endif
