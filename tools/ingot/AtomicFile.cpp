// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "AtomicFile.h"

#include "Failure.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace ingot {

AtomicFile::AtomicFile(const std::string &path) : path(path), temporary(path + ".partial-XXXXXX") {
  if (std::filesystem::is_directory(path))
    throw Failure(exitBadInput, path, "cannot be written: it is a folder");
  file = mkstemp(temporary.data());
  if (file < 0)
    fail("cannot be written");
  mode_t mask = umask(0);
  umask(mask);
  fchmod(file, 0666 & ~mask); // mkstemp lets nobody else read
}

AtomicFile::~AtomicFile() {
  if (file < 0)
    return;
  close(file);
  unlink(temporary.c_str());
}

void AtomicFile::fail(const char *what) {
  throw Failure(exitBadInput, path, what + (": " + std::string(strerror(errno))));
}

void AtomicFile::write(const void *data, size_t bytes) {
  for (auto *from = static_cast<const char *>(data); bytes > 0;) {
    ssize_t written = ::write(file, from, bytes);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      fail("cannot be written");
    from += written;
    bytes -= static_cast<size_t>(written);
  }
}

void AtomicFile::commit() {
  if (fsync(file) != 0 || rename(temporary.c_str(), path.c_str()) != 0)
    fail("cannot be written");
  close(file);
  file = -1;
  // The new name itself; a system that cannot do this for folders has no more to offer.
  auto folder = std::filesystem::path(path).parent_path();
  int handle = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle >= 0) {
    fsync(handle);
    close(handle);
  }
}

} // namespace ingot
