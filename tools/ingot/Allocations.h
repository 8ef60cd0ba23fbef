// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Counts what this process allocates, by standing in for malloc and its kin.
#pragma once
#include <stdint.h>

namespace ingot {

/// Calls that allocated memory so far, by any thread or library; always 0 in a build with sanitizers.
int64_t countAllocations();

} // namespace ingot
