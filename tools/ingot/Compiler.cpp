// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls ingotc, the program beside this one.
#include "Commands.h"
#include "Failure.h"

#include <cerrno>
#include <fcntl.h>
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

static std::string readAll(int pipe) {
  std::string text;
  char part[4096];
  for (ssize_t count; (count = read(pipe, part, sizeof part)) != 0;) {
    if (count > 0)
      text.append(part, static_cast<size_t>(count));
    else if (errno != EINTR)
      break;
  }
  return text;
}

int runCompiler(const std::vector<std::string> &arguments, std::string *output) {
  std::string program = findCompiler();
  std::vector<char *> words = {program.data()};
  for (const std::string &argument : arguments)
    words.push_back(const_cast<char *>(argument.c_str()));
  words.push_back(nullptr);
  int ends[2] = {-1, -1};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (output) {
    if (pipe2(ends, O_CLOEXEC) != 0)
      throw Failure(exitBug, "ingot", "cannot make a pipe");
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  }
  pid_t child;
  int problem = posix_spawnp(&child, program.c_str(), &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (problem != 0)
    throw Failure(exitBug, "ingot", "cannot start " + program);
  if (output) {
    close(ends[1]);
    *output = readAll(ends[0]);
    close(ends[0]);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : exitBug;
}

} // namespace ingot
