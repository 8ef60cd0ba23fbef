// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Class numbers that a loss compares with: those that do not exist are an error of the data, found before a run changes
// anything.
#pragma once
#include "ingot/program.h"

namespace ingot {

/// Looks at the inputs that the program names in class_checks. `io` are buffers as ingot_entry takes them. The error
/// names the first element that is no class.
ingot_status checkClasses(const ingot_program &program, void *const *io, const int64_t *symbols);

} // namespace ingot
