// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a Failure says.
#pragma once
#include "Failure.h"

namespace ingot {

template <typename Action>
std::string failing(const Action &action) {
  try {
    action();
  } catch (const Failure &failure) {
    return failure.what();
  }
  return "no failure";
}

/// Whether a text contains another; gtest's own matchers are in gmock, which is not linked.
inline bool contains(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

} // namespace ingot
