//===- TrialFolder.h - Where libraries are made to be measured --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#ifndef INGOT_TOOLS_INGOTC_TRIALFOLDER_H
#define INGOT_TOOLS_INGOTC_TRIALFOLDER_H

#include <filesystem>
#include <string>
#include <unistd.h>

namespace ingot {

/// A folder for trial libraries, removed at the end.
class TrialFolder {
public:
  explicit TrialFolder(const std::string &purpose)
      : path(std::filesystem::temp_directory_path() / ("ingot-" + purpose + "-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path);
  }
  ~TrialFolder() {
    std::error_code error;
    std::filesystem::remove_all(path, error);
  }
  std::filesystem::path path;
};

} // namespace ingot

#endif
