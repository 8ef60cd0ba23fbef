// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A folder for one test's files.
#pragma once
#include <filesystem>
#include <fstream>
#include <stdlib.h>
#include <string>

namespace ingot {

class TemporaryFolder {
public:
  TemporaryFolder() {
    std::string name = std::filesystem::temp_directory_path() / "ingot-data-XXXXXX";
    path = mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }

  /// Writes a file, and the folders above it; its path.
  std::string write(const std::string &name, const std::string &bytes) const {
    std::filesystem::create_directories((path / name).parent_path());
    std::ofstream(path / name, std::ios::binary) << bytes;
    return path / name;
  }

  std::filesystem::path path;
};

} // namespace ingot
