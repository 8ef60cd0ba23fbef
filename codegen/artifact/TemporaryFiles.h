// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Files that exist only while an artifact is being written.
#pragma once
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <string>
#include <vector>

namespace ingot {

/// Makes names beside the output (so that a rename stays on its file system) and removes what is left when it goes out
/// of scope, or when the process is interrupted.
class TemporaryFiles {
public:
  explicit TemporaryFiles(llvm::StringRef output) : output(output) {}
  TemporaryFiles(const TemporaryFiles &) = delete;
  ~TemporaryFiles();

  /// A fresh, empty file whose name ends in `suffix`.
  llvm::Expected<std::string> create(llvm::StringRef suffix);
  /// The same, with contents.
  llvm::Expected<std::string> write(llvm::StringRef suffix, llvm::StringRef contents);
  /// Gives a finished file its final name.
  llvm::Error publish(llvm::StringRef file, llvm::StringRef finalName);

private:
  std::string output;
  std::vector<std::string> files;
};

} // namespace ingot
