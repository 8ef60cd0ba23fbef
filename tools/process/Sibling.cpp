// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/process/Sibling.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ingot {

static std::string find(const std::string &program) {
  std::error_code error;
  auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  auto sibling = self.parent_path() / program;
  return !error && std::filesystem::exists(sibling) ? sibling.string() : program;
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

int runSibling(const std::string &program, const std::vector<std::string> &arguments, std::string *output) {
  std::string path = find(program);
  std::vector<char *> words = {path.data()};
  for (const std::string &argument : arguments)
    words.push_back(const_cast<char *>(argument.c_str()));
  words.push_back(nullptr);
  int ends[2] = {-1, -1};
  if (output && pipe2(ends, O_CLOEXEC) != 0)
    return -1;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (output)
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t child;
  int problem = posix_spawnp(&child, path.c_str(), &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (output) {
    close(ends[1]);
    if (problem == 0)
      *output = readAll(ends[0]);
    close(ends[0]);
  }
  if (problem != 0)
    return -1;
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

} // namespace ingot
