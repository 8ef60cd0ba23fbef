// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A file that takes its name only when all of it is on the disk: what was there before stays until then, and stays when
// writing fails.
#pragma once
#include <cstddef>
#include <string>

namespace ingot {

class AtomicFile {
public:
  /// Creates a file beside `path`; every function here throws a Failure that names `path`.
  explicit AtomicFile(const std::string &path);
  /// Removes it again, unless it was committed.
  ~AtomicFile();
  AtomicFile(const AtomicFile &) = delete;

  void write(const void *data, size_t bytes);
  /// Flushes to the disk and takes the name.
  void commit();

private:
  [[noreturn]] void fail(const char *what);

  std::string path, temporary;
  int file = -1;
};

} // namespace ingot
