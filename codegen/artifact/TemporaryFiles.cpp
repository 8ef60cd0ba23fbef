// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "codegen/artifact/TemporaryFiles.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace ingot {

TemporaryFiles::~TemporaryFiles() {
  for (const std::string &file : files) {
    sys::fs::remove(file);
    sys::DontRemoveFileOnSignal(file);
  }
}

Expected<std::string> TemporaryFiles::create(StringRef suffix) {
  int descriptor;
  SmallString<128> path;
  if (std::error_code error = sys::fs::createUniqueFile(output + ".%%%%%%" + suffix, descriptor, path))
    return createStringError(error, "cannot write %s: %s", output.c_str(), error.message().c_str());
  sys::Process::SafelyCloseFileDescriptor(descriptor);
  files.push_back(path.str().str());
  sys::RemoveFileOnSignal(path);
  return files.back();
}

Expected<std::string> TemporaryFiles::write(StringRef suffix, StringRef contents) {
  Expected<std::string> path = create(suffix);
  if (!path)
    return path;
  std::error_code error;
  raw_fd_ostream stream(*path, error);
  stream << contents;
  stream.close();
  if (stream.has_error()) {
    error = stream.error();
    stream.clear_error();
  }
  if (error)
    return createStringError(error, "cannot write %s: %s", output.c_str(), error.message().c_str());
  return path;
}

Error TemporaryFiles::publish(StringRef file, StringRef finalName) {
  if (std::error_code error = sys::fs::rename(file, finalName))
    return createStringError(error, "cannot write %s: %s", finalName.str().c_str(), error.message().c_str());
  sys::DontRemoveFileOnSignal(file);
  llvm::erase(files, file.str());
  return Error::success();
}

} // namespace ingot
