// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How a subcommand ends early.
#pragma once
#include <stdexcept>
#include <string>

namespace ingot {

/// The tools' exit codes.
enum ExitCode { exitDone = 0, exitBadInput = 1, exitBadUsage = 2, exitBug = 3, exitDiffers = 4 };

/// Caught in main, which prints "subject: error: text" and exits with the code.
struct Failure : std::runtime_error {
  Failure(ExitCode code, const std::string &subject, const std::string &text)
      : Failure(code, subject + ": error: " + text) {}
  /// The same, with where it happened in front.
  Failure on(const std::string &place) const { return {code, place + ": " + what()}; }
  ExitCode code;

private:
  Failure(ExitCode code, const std::string &whole) : std::runtime_error(whole), code(code) {}
};

} // namespace ingot
