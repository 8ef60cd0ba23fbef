// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls a program that is installed beside this one: ingot asks ingotc about models, ingotc has ingot measure
// libraries.
#pragma once
#include <string>
#include <vector>

namespace ingot {

/// Runs `program` from this program's folder, else from PATH, and waits for it. Its errors go to standard error, its
/// standard output into `output` if given. The exit code; -1 when it cannot be started or was ended by a signal.
int runSibling(const std::string &program, const std::vector<std::string> &arguments, std::string *output = nullptr);

} // namespace ingot
