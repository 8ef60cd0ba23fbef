//===- SourceHash.h - Which file a library was compiled from ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_COMPILER_SOURCEHASH_H
#define INGOT_COMPILER_SOURCEHASH_H

#include <string>
#include <vector>

namespace ingot {

/// 16 hexadecimal digits that identify a file's contents: XXH3 over the XXH3s of its pieces of 1 MiB. Reads piece by
/// piece: a model's file may be as large as the memory. "" for a file that cannot be read.
std::string hashOfFile(const std::string &path);

/// The same for several files in order.
std::string hashOfFiles(const std::vector<std::string> &paths);

} // namespace ingot

#endif
