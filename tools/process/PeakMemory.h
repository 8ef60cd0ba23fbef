// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How much memory this program took.
#pragma once
#include <cstdint>

namespace ingot {

/// The most memory that this program had resident so far, in bytes; 0 where the system does not tell. getrusage would
/// count what the parent had before it started this program.
int64_t peakMemory();

} // namespace ingot
