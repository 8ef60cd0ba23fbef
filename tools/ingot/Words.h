// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Words of the command line that CLI11 does not read. A Failure names the option and what was expected.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ingot {

/// A number, or a fraction of two: "0.5", "8/255".
double parseFraction(const std::string &option, const std::string &text);

/// "NAME=VALUE".
std::pair<std::string, std::string> parsePair(const std::string &option, const std::string &text);

/// Numbers and ranges, in order: "0,5,8-10" is 0, 5, 8, 9, 10.
std::vector<int64_t> parseNumbers(const std::string &option, const std::string &text);

} // namespace ingot
