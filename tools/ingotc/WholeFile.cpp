//===- WholeFile.cpp - Files that are never half written ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "tools/ingotc/WholeFile.h"
#include <filesystem>
#include <fmt/core.h>
#include <fstream>
#include <unistd.h>

namespace ingot {

bool writeWholeFile(const std::string &path, const std::string &text) {
  std::string temporary = fmt::format("{}.{}.tmp", path, getpid());
  std::ofstream file(temporary, std::ios::binary);
  file << text;
  file.close();
  std::error_code error;
  if (file)
    std::filesystem::rename(temporary, path, error);
  if (file && !error)
    return true;
  std::filesystem::remove(temporary, error);
  return false;
}

} // namespace ingot
