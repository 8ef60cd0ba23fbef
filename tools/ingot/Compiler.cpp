// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls ingotc, the program beside this one.
#include "Commands.h"
#include "Failure.h"

#include <filesystem>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ingot {

bool isModelFile(const std::string &path) { return std::filesystem::path(path).extension() == ".onnx"; }

static std::string findCompiler() {
  std::error_code error;
  auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  auto sibling = self.parent_path() / "ingotc";
  return !error && std::filesystem::exists(sibling) ? sibling.string() : "ingotc";
}

int runCompiler(const std::vector<std::string> &arguments) {
  std::string program = findCompiler();
  std::vector<char *> words = {program.data()};
  for (const std::string &argument : arguments)
    words.push_back(const_cast<char *>(argument.c_str()));
  words.push_back(nullptr);
  pid_t child;
  if (posix_spawnp(&child, program.c_str(), nullptr, nullptr, words.data(), environ) != 0)
    throw Failure(exitBug, "ingot", "cannot start " + program);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : exitBug;
}

} // namespace ingot
