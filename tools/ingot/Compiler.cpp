// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls ingotc, the program beside this one.
#include "Commands.h"
#include "Failure.h"
#include "tools/process/Sibling.h"

#include <filesystem>

namespace ingot {

bool isModelFile(const std::string &path) { return std::filesystem::path(path).extension() == ".onnx"; }

int runCompiler(const std::vector<std::string> &arguments, std::string *output) {
  int code = runSibling("ingotc", arguments, output);
  if (code < 0)
    throw Failure(exitBug, "ingot", "ingotc cannot be started, or crashed");
  return code;
}

} // namespace ingot
