// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once
#include <string>

namespace ingot {

/// This machine's processor as the kernel names it; empty where it does not.
std::string processorName();

} // namespace ingot
