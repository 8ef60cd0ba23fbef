// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How many threads this process may use to advantage.
#pragma once
#include <stdint.h>

namespace ingot {

/// INGOT_THREADS if set; else the physical cores in the process's affinity mask, at most the cgroup's quota; at
/// least 1.
int32_t usableCores(int32_t maximum);

/// Lets the calling thread run wherever the process may: a worker must not inherit the pinning of the thread that
/// started it.
void allowAllCores();

} // namespace ingot
