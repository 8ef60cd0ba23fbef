// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the processor and the operating system can run.
#pragma once
#include <stdint.h>

namespace ingot {

/// The INGOT_CPU_* features of program.h that this machine has.
uint64_t processorFeatures();

/// Writes the names of `features` into text, separated by spaces: "AVX2+FMA AVX-512".
void nameFeatures(uint64_t features, char *text, uint64_t capacity);

} // namespace ingot
