//===- WholeFile.h - Files that are never half written ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_TOOLS_INGOTC_WHOLEFILE_H
#define INGOT_TOOLS_INGOTC_WHOLEFILE_H

#include <string>

namespace ingot {

/// Writes `text` under a temporary name and renames it to `path`; false, with nothing left behind, when that fails.
bool writeWholeFile(const std::string &path, const std::string &text);

} // namespace ingot

#endif
